/** Posts what a measurement needs to be there: many requests at once, each of which has to be answered well. */
import { Pool } from "undici"
import { byClients } from "./Load.ts"
import type { Subject } from "./Subject.ts"

const clients = 32
const batchSize = 100

/** `token`: another than the one that a measurement works with. */
export const posting = ({ address, token }: Pick<Subject, "address" | "token">) => {
  const pool = new Pool(address, { connections: clients, pipelining: 1 })
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" }
  const post = async (path: string, body: object): Promise<unknown> => {
    const answer = await pool.request({ path, method: "POST", headers, body: JSON.stringify(body) })
    const text = await answer.body.text()
    if (answer.statusCode >= 300) throw new Error(`${answer.statusCode}: ${text}`)
    return JSON.parse(text)
  }
  const all = (count: number, one: (i: number) => Promise<unknown>) =>
    byClients(clients, count, async (i) => void (await one(i)))
  /** Calls, a hundred in a request. */
  const submit = (count: number, item: (i: number) => object) =>
    all(Math.ceil(count / batchSize), (batch) => {
      const first = batch * batchSize
      const items = Array.from({ length: Math.min(batchSize, count - first) }, (_, n) => item(first + n))
      return post("/v1/service-calls/batch", { items })
    })
  return { all, post, submit, close: () => pool.close() }
}
