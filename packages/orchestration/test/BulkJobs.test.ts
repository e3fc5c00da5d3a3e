/** How a bulk job goes on: what it leaves alone, at which pace, and how it pauses and is aborted. */
import { assert, describe, it } from "@effect/vitest"
import type { BulkJobCommand } from "@dueline/contracts/bulkJob/BulkJob"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { makePace, slowMs } from "../src/bulkJobs/BulkJobs.ts"
import { bulkJobId, failedCalls, lettersOfMails, makeWorld } from "./BulkJobsWorld.ts"
import * as Call from "./ServiceCallSample.ts"

type World = Effect.Success<ReturnType<typeof makeWorld>>

const begin = ({ jobs }: World) =>
  Effect.forkChild(Effect.scoped(jobs.loop({}, () => true)), { startImmediately: true })

const command = (_tag: "PauseBulkJob" | "ResumeBulkJob" | "AbortBulkJob"): BulkJobCommand => ({
  _tag,
  bulkJobId,
  at: Call.t0
})

const itemsOf = ({ store }: World) =>
  store.jobItemQueries.list({ tenantId: Call.tenantId, bulkJobId, outcome: null, after: null, limit: 100 })

describe("a bulk job", () => {
  it.effect(
    "deals with so many items a second, and leaves alone what was made after the plan",
    () =>
      Effect.gen(function* () {
        const world = yield* makeWorld()
        for (let n = 1; n <= 7; n += 1) yield* world.fail(n)
        yield* world.fail(8, Call.ms(Call.t0 + 1_001))
        yield* world.start(failedCalls, 3)
        const working = yield* begin(world)
        yield* TestClock.adjust(500)
        assert.strictEqual((yield* world.job).done, 3)
        yield* TestClock.adjust(1_000)
        assert.strictEqual((yield* world.job).done, 6)
        yield* TestClock.adjust(2_000)
        const row = yield* world.job
        assert.deepInclude(row, { status: "Completed", done: 7, failed: 0, skipped: 0 })
        assert.strictEqual(world.eventsOf(8, "ServiceCallRerun"), 0)
        assert.lengthOf((yield* itemsOf(world)).items, 7)
        yield* Fiber.interrupt(working)
      }),
    { tags: ["ADR-0033.1"] }
  )

  it.effect("an item that has moved on since it was chosen is skipped, with why", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      yield* world.fail(1)
      yield* world.fail(2)
      yield* world.start(failedCalls)
      const chosen = yield* world.store.callQueries.find(Call.tenantId, Call.call(2))
      const item = { id: Call.call(2), at: Call.t0, version: chosen?.version ?? 0 }
      yield* world.store.jobItems.claim({ tenantId: Call.tenantId, bulkJobId, step: 1, items: [item] })
      yield* world.tell(Call.rerun({ callId: Call.call(2) }))
      const working = yield* begin(world)
      yield* TestClock.adjust(5_000)
      assert.deepInclude(yield* world.job, { status: "Completed", done: 1, skipped: 1 })
      const [first] = (yield* itemsOf(world)).items
      assert.deepInclude(first, { id: Call.call(2), outcome: "skipped", detail: "VersionMismatch" })
      assert.strictEqual(world.eventsOf(2, "ServiceCallRerun"), 1)
      yield* Fiber.interrupt(working)
    })
  )

  it.effect(
    "pauses, goes on where it was, and touches nothing once it is aborted",
    () =>
      Effect.gen(function* () {
        const world = yield* makeWorld()
        for (let n = 1; n <= 9; n += 1) yield* world.fail(n)
        yield* world.start(failedCalls, 2)
        const working = yield* begin(world)
        yield* TestClock.adjust(500)
        yield* world.tell(command("PauseBulkJob"))
        yield* TestClock.adjust(10_000)
        assert.deepInclude(yield* world.job, { status: "Paused", done: 2 })
        yield* world.tell(command("ResumeBulkJob"))
        yield* TestClock.adjust(1_500)
        const { done } = yield* world.job
        assert.isAbove(done, 2)
        yield* world.tell(command("AbortBulkJob"))
        yield* TestClock.adjust(2_000)
        const ended = yield* world.job
        assert.strictEqual(ended.status, "Aborted")
        yield* TestClock.adjust(20_000)
        assert.deepStrictEqual(yield* world.job, ended)
        assert.isBelow(ended.done, 9)
        assert.lengthOf((yield* itemsOf(world)).items, ended.done)
        yield* Fiber.interrupt(working)
      }),
    { tags: ["ADR-0033.3"] }
  )

  it.effect(
    "a step that was begun when its process died is brought to its end by an abort, and nothing else",
    () =>
      Effect.gen(function* () {
        const world = yield* makeWorld()
        for (let n = 1; n <= 9; n += 1) yield* world.fail(n)
        yield* world.start(failedCalls)
        const items = [{ id: Call.call(4), at: Call.t0, version: null }]
        yield* world.store.jobItems.claim({ tenantId: Call.tenantId, bulkJobId, step: 1, items })
        yield* world.tell(command("AbortBulkJob"))
        const working = yield* begin(world)
        yield* TestClock.adjust(5_000)
        assert.deepInclude(yield* world.job, { status: "Aborted", done: 1 })
        assert.strictEqual(world.eventsOf(4, "ServiceCallRerun"), 1)
        yield* Fiber.interrupt(working)
      }),
    { tags: ["ADR-0033.3"] }
  )

  it.effect("jobs of a tenant run one after the other", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld()
      yield* world.bury(1)
      yield* world.start(lettersOfMails)
      const active = yield* world.store.jobItems.active(10)
      assert.deepStrictEqual(active, [{ tenantId: Call.tenantId, bulkJobId }])
      const working = yield* begin(world)
      yield* TestClock.adjust(3_000)
      assert.lengthOf(world.published, 1)
      assert.deepStrictEqual(yield* world.store.jobItems.active(10), [])
      yield* Fiber.interrupt(working)
    })
  )
})

it("the pace halves while answers take long, to one item a second at the least, and comes back", {
  tags: ["ADR-0033.4"]
}, () => {
  const pace = makePace()
  assert.strictEqual(pace.rate(40), 40)
  const slowed = Array.from({ length: 8 }, () => {
    pace.spent(slowMs + 1)
    return pace.rate(40)
  })
  assert.deepStrictEqual(slowed, [20, 10, 5, 2, 1, 1, 1, 1])
  const back = Array.from({ length: 20 }, () => pace.rate(40))
  assert.deepStrictEqual(
    back,
    [...back].sort((a, b) => a - b)
  )
  assert.strictEqual(back.at(-1), 40)
  pace.hindered()
  assert.strictEqual(pace.rate(40), 20)
})
