/** Whatever fails between any two steps: each item of a job is dealt with once, and the counts say what became of all of them. */
import { assert, describe, it } from "@effect/vitest"
import type { BulkWork } from "@dueline/contracts/bulkJob/BulkJob"
import { propertyRunsTimes } from "@dueline/port-contracts/propertyRuns"
import { Effect, Fiber, Schema } from "effect"
import { TestClock } from "effect/testing"
import { allMessages, bulkJobId, failedCalls, lastMinutes, lettersOfMails, makeWorld } from "./BulkJobsWorld.ts"
import type { Fate } from "./fated.ts"
import * as Call from "./ServiceCallSample.ts"
import * as Steps from "./ScheduleSteps.ts"
import { create, subscriptionId } from "./SubscriptionSteps.ts"

const runs = { arbitrary: { ...propertyRunsTimes(0.4), size: 60 } }
const Fates = Schema.Array(Schema.Literals(["happens", "happens", "happens", "fails", "is not heard of"]))
const count = 8

type World = Effect.Success<ReturnType<typeof makeWorld>>

/** Runs the job as one process after the other would, until it is over. */
const finish = Effect.fnUntraced(function* ({ job, jobs }: World) {
  for (let life = 0; life < 200; life += 1) {
    const working = yield* Effect.forkChild(Effect.exit(jobs.run(Call.tenantId, bulkJobId, () => true)), {
      startImmediately: true
    })
    for (let turn = 0; working.pollUnsafe() === undefined && turn < 10_000; turn += 1)
      yield* TestClock.adjust("1 second")
    yield* Fiber.join(working)
    const row = yield* job
    if (row.endedAt !== null || row.status === "Paused") return row
  }
  return assert.fail("the job does not end")
})

/** It comes to its end, and so many of its items were done and passed over, and none failed. */
const completes = Effect.fnUntraced(function* (
  world: World,
  counts: { readonly done: number; readonly skipped: number }
) {
  const { done, failed, skipped, status } = yield* finish(world)
  assert.deepStrictEqual({ done, failed, skipped, status }, { ...counts, failed: 0, status: "Completed" })
})

const inWorld = Effect.fnUntraced(function* (fates: ReadonlyArray<Fate>, work: BulkWork) {
  const world = yield* makeWorld(3)
  for (let n = 1; n <= count; n += 1) {
    yield* world.fail(n, Call.ms(Call.t0 + (n % 3)))
    yield* world.bury(n)
  }
  yield* world.start(work)
  world.fates.push(...fates)
  return world
})

describe("a bulk job, whatever fails", () => {
  it.effect.prop(
    "runs each call again once, and counts it once",
    { fates: Fates },
    ({ fates }) =>
      Effect.gen(function* () {
        const world = yield* inWorld(fates, failedCalls)
        yield* completes(world, { done: count, skipped: 0 })
        for (let n = 1; n <= count; n += 1) assert.strictEqual(world.eventsOf(n, "ServiceCallRerun"), 1, `call ${n}`)
      }),
    { ...runs, tags: ["ADR-0033.2"] }
  )

  it.effect.prop(
    "makes each time of a schedule that passed one call, the oldest first, but for those that are calls already or come by themselves",
    { fates: Fates },
    ({ fates }) =>
      Effect.gen(function* () {
        const world = yield* makeWorld(3)
        yield* world.tell(Steps.create())
        yield* world.called(Call.t0 - 3 * 60_000)
        yield* world.start(lastMinutes)
        world.fates.push(...fates)
        yield* completes(world, { done: 7, skipped: 2 })
        const { events, rows } = world.store.dump()
        const fired = events.flatMap(({ event }) => (event.type === "ScheduleFired" ? [event.payload] : []))
        assert.lengthOf(new Set(fired.map((one) => JSON.stringify(one))), 7)
        assert.lengthOf(fired, 7)
        const calls = rows.flatMap((row) => (row._tag === "ServiceCallRow" ? [row] : []))
        assert.lengthOf(calls, 8)
        assert.lengthOf(
          calls.filter(({ correlationId }) => correlationId === Call.origin.correlationId),
          7
        )
        const about = { tenantId: Call.tenantId, bulkJobId, outcome: null, after: null, limit: 100 }
        const { items } = yield* world.store.jobItemQueries.list(about)
        const steps = items.toSorted((a, b) => a.at - b.at).map(({ step }) => step)
        assert.deepStrictEqual(
          steps,
          steps.toSorted((a, b) => a - b)
        )
      }),
    { ...runs, tags: ["ADR-0033.2", "ADR-0036.5"] }
  )

  it.effect.prop(
    "puts each message that a subscription asks for in its line once more",
    { fates: Fates },
    ({ fates }) =>
      Effect.gen(function* () {
        const world = yield* makeWorld(3)
        const made = create()
        yield* world.tell({ ...made, terms: { ...made.terms, topics: ["ops.service-call.failed"], filter: null } })
        for (let n = 1; n <= count; n += 1) yield* world.fail(n)
        yield* world.start(allMessages)
        world.fates.push(...fates)
        yield* completes(world, { done: count, skipped: 0 })
        const line = yield* world.store.deliveryQueries.waiting({ tenantId: Call.tenantId, subscriptionId })
        assert.strictEqual(line.count, count)
      }),
    { ...runs, tags: ["ADR-0033.2", "ADR-0043.3"] }
  )

  it.effect.prop(
    "brings each dead letter to its group as one replay, and counts it once",
    { fates: Fates },
    ({ fates }) =>
      Effect.gen(function* () {
        const world = yield* inWorld(fates, lettersOfMails)
        yield* completes(world, { done: count, skipped: 0 })
        const replays = new Set(
          world.published.map(({ eventId, redelivery }) => `${eventId} ${redelivery?.group} ${redelivery?.replay}`)
        )
        assert.deepStrictEqual(
          [...replays].sort(),
          Array.from({ length: count }, (_, n) => `${Call.call(n + 1)} mails 1`).sort()
        )
      }),
    { ...runs, tags: ["ADR-0033.2"] }
  )
})
