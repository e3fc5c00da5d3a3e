/** Orders drive calls, from the outside, with the program killed in between. */
import { assert, it } from "@effect/vitest"
import * as DuelineClient from "@dueline/client/DuelineClient"
import { Effect, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { afterAll, beforeAll, describe } from "vitest"
import { homeWithDatabase, printed, removeHome, type RunningProgram, startProgram } from "./RunningProgram.ts"
import { startTarget, type Target } from "./Target.ts"

let home: string
let program: RunningProgram
let target: Target
let token: string

beforeAll(async () => {
  home = await homeWithDatabase()
  target = await startTarget()
  program = await startProgram(home)
  token = await printed(home, ["token"])
})

afterAll(async () => {
  await program.stop("SIGTERM")
  await target.close()
  await removeHome(home)
})

const withClient = <A, E>(use: (api: DuelineClient.DuelineClient) => Effect.Effect<A, E>) =>
  Effect.suspend(() => DuelineClient.make({ baseUrl: program.address, token: Redacted.make(token) })).pipe(
    Effect.flatMap(use),
    Effect.provide(FetchHttpClient.layer)
  )

const later = (ms: number): string => new Date(Date.now() + ms).toISOString()

/** A pickup in `ms` milliseconds, with a call a second before. */
const order = Effect.fnUntraced(function* (serialNumber: string, ms: number) {
  const profile = { name: "Jo Doe" }
  const customer = yield* withClient((api) => api.customers.register({ headers: {}, payload: { profile } }))
  const customerId = customer.body.id
  const bin = { serialNumber, category: "skip", sizeLitres: 1_000 } as const
  const made = yield* withClient((api) => api.bins.create({ headers: {}, payload: bin }))
  const { body } = yield* withClient((api) =>
    api.orders.create({
      headers: {},
      payload: {
        customerId,
        binId: made.body.id,
        kind: "pickup",
        window: { from: later(ms), to: later(ms + 3_600_000) },
        notifications: [{ url: `${target.url}/${serialNumber}`, lead: "1s" }],
        schedule: true
      }
    })
  )
  return body
})

const callOf = (of: Effect.Success<ReturnType<typeof order>>) =>
  withClient((api) =>
    api.serviceCalls.get({ params: { id: of.notifications[0]?.callId ?? assert.fail() }, query: {}, headers: {} })
  )

/** The call of the order's notification once it is in this state. */
const callIn = (of: Effect.Success<ReturnType<typeof order>>, status: string) =>
  callOf(of).pipe(
    Effect.catchTag("NotFound", () => Effect.succeed({ body: undefined })),
    Effect.delay("50 millis"),
    Effect.repeat({ until: ({ body }) => body?.status === status, times: 400 }),
    Effect.map(({ body }) => body ?? assert.fail(`no call is ${status}`))
  )

const killAndStart = Effect.promise(async () => {
  await program.stop("SIGKILL")
  program = await startProgram(home)
})

describe("an order's notification", () => {
  it.live(
    "is called when it is due, moves with the order, and is not called after a cancel, also if the program was killed each time",
    () =>
      Effect.gen(function* () {
        const kept = yield* order("KEPT", 6_000)
        const cancelled = yield* order("CANCELLED", 60_000)
        yield* killAndStart
        yield* callIn(cancelled, "Scheduled")
        const from = later(90_000)
        const window = { from, to: later(100_000) }
        yield* withClient((api) =>
          api.orders.move({ params: { id: cancelled.id }, headers: { "if-match": "*" }, payload: { window } })
        )
        yield* killAndStart
        const moved = yield* callIn(cancelled, "Scheduled").pipe(
          Effect.repeat({ until: ({ dueAt }) => Date.parse(dueAt) === Date.parse(from) - 1_000, times: 400 })
        )
        assert.strictEqual(Date.parse(moved.dueAt), Date.parse(from) - 1_000)
        yield* withClient((api) => api.orders.cancel({ params: { id: cancelled.id }, headers: {} }))
        yield* killAndStart
        yield* callIn(cancelled, "Cancelled")
        const called = yield* callIn(kept, "Succeeded")
        const seen = target.seen.filter(({ path }) => path === "/KEPT")
        assert.lengthOf(seen, 1)
        assert.isAtLeast(seen[0]?.at ?? 0, Date.parse(called.dueAt))
        assert.deepStrictEqual(JSON.parse(seen[0]?.body ?? ""), {
          type: "service-order.notification",
          orderId: kept.id,
          binId: kept.binId,
          kind: "pickup",
          notification: 0
        })
        assert.isFalse(target.seen.some(({ path }) => path === "/CANCELLED"))
      }),
    { tags: ["ADR-0019.5"] }
  )
})
