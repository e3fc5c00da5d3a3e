/** Customers, bins and orders over the edge, as the tests make them. */
import { Effect } from "effect"
import { Edge } from "./Edge.ts"
import type { Reply } from "./send.ts"

export const call = (
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {}
): Effect.Effect<Reply, never, Edge> =>
  Effect.flatMap(Edge, ({ send }) =>
    send({
      method,
      path,
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
    })
  )

let serial = 0
export const bin = (more: object = {}) => ({
  serialNumber: `T-${(serial += 1)}`,
  category: "skip",
  sizeLitres: 7_000,
  ...more
})

export const profile = { name: "Ada Byron", email: "ada@example.com", phone: "+44 20 7946 0000" }

/** The whole body of what was made. */
export const made = <A extends object>(reply: Reply): A & { readonly id: string; readonly version: number } => {
  if (reply.status !== 201) throw new Error(`${reply.status} ${reply.body}`)
  return JSON.parse(reply.body) as A & { readonly id: string; readonly version: number }
}

export const newCustomer = Effect.map(call("POST", "/ops/customers", { profile }), (reply) => made(reply).id)
export const newBin = (more: object = {}) => Effect.map(call("POST", "/ops/bins", bin(more)), (reply) => made(reply).id)

const nextMonth = new Date(Date.now() + 31 * 86_400_000).setUTCHours(0, 0, 0, 0)
const day = (n: number, hour: number) => new Date(nextMonth + n * 86_400_000 + hour * 3_600_000).toISOString()
/** On the n-th day a month from now. */
export const hours = (n: number, from: number, to: number) => ({ from: day(n, from), to: day(n, to) })

/** A customer, a bin, and what it takes to order it. */
export const wanted = Effect.gen(function* () {
  const customerId = yield* newCustomer
  const binId = yield* newBin()
  const order = { customerId, binId, kind: "delivery" as const }
  return { customerId, binId, order, scheduled: { ...order, window: hours(4, 8, 10), schedule: true } }
})

export const codeOf = ({ json, status }: Reply) => [status, json["code"]] as const
