/** The call itself, the same for every library: undici, up to 64 connections to the target, as many as Dueline has by default. */
import { Agent, request } from "undici"
import { body } from "../System.ts"

const dispatcher = new Agent({ connections: 64, pipelining: 1, headersTimeout: 60_000, bodyTimeout: 60_000 })
const headers = { "content-type": "application/json" }

/** Throws on any answer but a 2xx. */
export const post = async (url: string, content: unknown = body): Promise<number> => {
  const answer = await request(url, { dispatcher, method: "POST", headers, body: JSON.stringify(content) })
  await answer.body.dump()
  if (answer.statusCode >= 300) throw new Error(`${url} answered ${answer.statusCode}`)
  return answer.statusCode
}
