/**
 * Sends bytes over a real socket and takes the whole answer, without a client that would correct either. Every answer is held against
 * the API's document, whatever the test is about.
 */
import { Effect } from "effect"
import { request as httpRequest } from "node:http"
import { connect } from "node:net"
import { breaches } from "./conformance.ts"

export interface Sent {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Sends the body without saying how long it is. */
  readonly chunked?: boolean
}

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly json: Readonly<Record<string, unknown>>
}

export const send = (port: number, { body, chunked = false, headers = {}, method, path }: Sent): Effect.Effect<Reply> =>
  Effect.callback<Reply>((resume) => {
    const length = body === undefined || chunked ? {} : { "content-length": String(Buffer.byteLength(body)) }
    const sent = httpRequest(
      { host: "127.0.0.1", port, method, path, headers: { ...length, ...headers }, agent: false },
      (answer) => {
        const chunks: Array<Buffer> = []
        answer.on("data", (chunk: Buffer) => chunks.push(chunk))
        answer.on("end", () => {
          const reply = replyOf(answer.statusCode ?? 0, answer.headers, Buffer.concat(chunks).toString())
          const broken = breaches({ method, path }, reply)
          resume(
            broken.length === 0
              ? Effect.succeed(reply)
              : Effect.die(new Error(`${method} ${path} answered ${reply.status}: ${broken.join("; ")}`))
          )
        })
      }
    )
    sent.on("error", (error) => resume(Effect.die(error)))
    if (body !== undefined && chunked) sent.write(body)
    sent.end(chunked ? undefined : body)
  })

/** Raw bytes in, raw text out: for requests that no client would send. */
export const sendRaw = (port: number, bytes: string | Uint8Array): Effect.Effect<string> =>
  Effect.callback<string>((resume) => {
    const socket = connect(port, "127.0.0.1", () => socket.end(bytes))
    const chunks: Array<Buffer> = []
    socket.on("data", (chunk) => chunks.push(chunk))
    socket.on("error", () => resume(Effect.succeed(Buffer.concat(chunks).toString("latin1"))))
    socket.on("close", () => resume(Effect.succeed(Buffer.concat(chunks).toString("latin1"))))
  })

const replyOf = (status: number, headers: Readonly<Record<string, unknown>>, body: string): Reply => ({
  status,
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
  body,
  json: parse(body)
})

const parse = (body: string): Readonly<Record<string, unknown>> => {
  try {
    return JSON.parse(body) as Readonly<Record<string, unknown>>
  } catch {
    return {}
  }
}
