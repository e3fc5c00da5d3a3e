/** What all Overviews do. They count what is committed, so they want the Persistence that writes it. */
import type { NewEvent } from "@dueline/contracts/Envelope"
import { EpochMillis, type TenantId } from "@dueline/contracts/Ids"
import { Overviews } from "@dueline/contracts/ports/Overviews"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { type Flow, FlowKey } from "@dueline/contracts/serviceCall/Spec"
import type { ServiceCallStatus } from "@dueline/contracts/serviceCall/Command"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import { assert } from "@effect/vitest"
import { Clock, Effect, Schema } from "effect"
import { type Harness, judge } from "../Harness.ts"
import { propertyRunsTimes } from "../propertyRuns.ts"
import * as Sample from "../Sample.ts"

interface Step {
  readonly events: ReadonlyArray<readonly [type: string, payload?: object]>
  readonly status: ServiceCallStatus
}

const failure = ["ExecutionFailed", { reason: "timeout" }] as const
const afterLoss = ["ExecutionHandedBack", { reason: "draining", afterLoss: true }] as const

/** Every step that a call can take, by the state it is in; some come in one commit. */
const steps: Readonly<Record<ServiceCallStatus, ReadonlyArray<Step>>> = {
  Scheduled: [
    { events: [["ExecutionStarted"]], status: "Running" },
    { events: [["ServiceCallRescheduled"]], status: "Scheduled" },
    { events: [["ServiceCallCancelled"]], status: "Cancelled" },
    { events: [afterLoss], status: "Scheduled" }
  ],
  Running: [
    { events: [["ExecutionSucceeded"]], status: "Succeeded" },
    { events: [failure, ["RetryScheduled"]], status: "Scheduled" },
    { events: [failure, ["ServiceCallFailed"]], status: "Failed" },
    { events: [["CancellationRequested"]], status: "Running" },
    { events: [failure, ["ServiceCallCancelled"]], status: "Cancelled" },
    { events: [["ExecutionHandedBack", { reason: "draining" }]], status: "Scheduled" },
    { events: [["ExecutionHandedBack", { reason: "draining" }], ["ServiceCallFailed"]], status: "Failed" },
    { events: [["ExecutionHandedBack", { reason: "draining" }], ["ServiceCallCancelled"]], status: "Cancelled" },
    { events: [["ExecutionHandedBack", { reason: "draining" }], ["ServiceCallRescheduled"]], status: "Scheduled" },
    { events: [afterLoss], status: "Running" },
    { events: [["ExecutionSuperseded"]], status: "Running" }
  ],
  Succeeded: [{ events: [["ExecutionSuperseded"]], status: "Succeeded" }],
  Failed: [
    { events: [["ServiceCallRerun"]], status: "Scheduled" },
    { events: [afterLoss], status: "Scheduled" },
    { events: [["ExecutionSuperseded"]], status: "Failed" }
  ],
  Cancelled: []
}

const eventOf = (type: string, payload: object, at: number): NewEvent => ({
  ...Sample.event({ _tag: type, ...payload }),
  type,
  recordedAt: at
})

interface Call {
  readonly of: Sample.Target
  readonly status: ServiceCallStatus
  readonly version: number
}

/** A call in its first state, and each further state by the steps' numbers. */
const live = Effect.fnUntraced(function* (
  tenantId: TenantId,
  choices: ReadonlyArray<number>,
  at: number,
  changes: Partial<ServiceCallRow> = {}
) {
  const { commit } = yield* Persistence
  const of = Sample.target(tenantId)
  let call: Call = { of, status: "Scheduled", version: 1 }
  yield* commit([Sample.commit(of, { events: [eventOf("ServiceCallSubmitted", {}, at)], row: changes })])
  for (const choice of choices) {
    const possible = steps[call.status]
    const step = possible[choice % Math.max(1, possible.length)]
    if (step === undefined) break
    const version = call.version + step.events.length
    yield* commit([
      Sample.commit(of, {
        expectedVersion: call.version,
        events: step.events.map(([type, payload = {}]) => eventOf(type, payload, at)),
        row: { ...changes, status: step.status, version }
      })
    ])
    call = { of, status: step.status, version }
  }
  return call
})

/** Until nothing is left to count: another reader of the same database may be at it. */
const counted = Effect.gen(function* () {
  const { count } = yield* Overviews
  while ((yield* count(50)) !== 0) yield* Effect.yieldNow
})

const flowOf = (key: string, concurrency: number | null): Flow => ({
  key: Schema.decodeSync(FlowKey)(key),
  ...(concurrency === null ? { ratePerSecond: 1 } : { concurrency })
})

const tally = (calls: ReadonlyArray<Call>): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const { status } of calls) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

const withoutZeros = (counts: object) => Object.fromEntries(Object.entries(counts).filter(([, n]) => n !== 0))

/** Which of the steps that are possible then. */
const choice = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 10 }))

const numbers = { submitted: 0, succeeded: 0, failed: 0, cancelled: 0, attemptsFailed: 0 }

export const suite = (name: string, harness: Harness<Overviews | Persistence>): void =>
  judge("Overviews", name, harness, (it) => {
    it.effect.prop(
      "whatever calls go through, there are as many in each state as are counted, for each tenant its own",
      { lives: Schema.Array(Schema.Array(choice).check(Schema.isMaxLength(8))).check(Schema.isMaxLength(8)) },
      Effect.fnUntraced(function* ({ lives }) {
        const { of } = yield* Overviews
        const now = yield* Clock.currentTimeMillis
        for (const tenantId of [Sample.tenantId(), Sample.tenantId()]) {
          const calls = yield* Effect.forEach([[0], ...lives], (choices) => live(tenantId, choices, now))
          yield* counted
          assert.deepStrictEqual(withoutZeros((yield* of(tenantId, now)).calls), tally(calls))
        }
      }),
      { arbitrary: propertyRunsTimes(0.3), timeout: 60_000, tags: ["ADR-0044.4"] }
    )

    it.effect(
      "flows whose calls wait are told with how many, of how many, the longest first, and of each tenant its own",
      () =>
        Effect.gen(function* () {
          const { of } = yield* Overviews
          const [tenantId, other] = [Sample.tenantId(), Sample.tenantId()]
          const now = yield* Clock.currentTimeMillis
          const due = { wakeAt: EpochMillis.make(now - 60_000) }
          const [long, short] = [`long:${tenantId}`, `short:${tenantId}`]
          for (const concurrency of [5, 3, 4])
            yield* live(tenantId, [], now, { ...due, flow: flowOf(long, concurrency) })
          yield* live(tenantId, [], now, { ...due, flow: flowOf(short, null) })
          yield* live(tenantId, [], now, { wakeAt: EpochMillis.make(now + 60_000), flow: flowOf(short, null) })
          yield* live(tenantId, [], now, due)
          assert.deepStrictEqual((yield* of(tenantId, now)).flows, [
            { tenantId, key: long, waiting: 3, running: 0, limit: 3 },
            { tenantId, key: short, waiting: 1, running: 0, limit: null }
          ])
          assert.deepStrictEqual((yield* of(other, now)).flows, [])
          assert.deepStrictEqual((yield* of(other, now)).pauses, { count: 0, more: false, oldestAt: null })
          assert.deepInclude((yield* of(null, now)).flows, {
            tenantId,
            key: short,
            waiting: 1,
            running: 0,
            limit: null
          })
        })
    )

    it.effect("what happened in the last sixty minutes is told by minute, and what failed by target and reason", () =>
      Effect.gen(function* () {
        const { of } = yield* Overviews
        const tenantId = Sample.tenantId()
        const now = yield* Clock.currentTimeMillis
        const minute = (ago: number) => Math.floor(now / 60_000) * 60_000 - ago * 60_000
        const slow = { failureReason: "timeout" }
        yield* live(tenantId, [0, 2], minute(2), slow)
        yield* live(tenantId, [0, 2], minute(2), slow)
        yield* live(tenantId, [0, 2], minute(1), { failureReason: "dns" })
        yield* live(tenantId, [0, 0], minute(1) + 45_000)
        yield* live(tenantId, [2], minute(61))
        yield* counted
        const facts = yield* of(tenantId, now)
        assert.deepStrictEqual(facts.minutes, [
          { at: minute(2), ...numbers, submitted: 2, failed: 2, attemptsFailed: 2 },
          { at: minute(1), ...numbers, submitted: 2, succeeded: 1, failed: 1, attemptsFailed: 1 }
        ])
        assert.deepStrictEqual(facts.failures, [
          { target: Sample.host, reason: "timeout", count: 2 },
          { target: Sample.host, reason: "dns", count: 1 }
        ])
        assert.isAtLeast(facts.countedAt, now)
        assert.deepStrictEqual((yield* of(Sample.tenantId(), now)).minutes, [])
      })
    )

    it.effect("a target whose circuit holds calls back is told until it closes", () =>
      Effect.gen(function* () {
        const { of } = yield* Overviews
        const { commit } = yield* Persistence
        const now = yield* Clock.currentTimeMillis
        const call = yield* live(Sample.tenantId(), [0], now)
        const { tenantId } = call.of
        const back = { reason: "circuit_open", retryAt: now + 30_000 }
        const other = { reason: "circuit_open", cause: "no_capacity", retryAt: now + 90_000 }
        yield* commit([
          Sample.commit(call.of, {
            expectedVersion: call.version,
            events: [eventOf("ExecutionHandedBack", back, now), eventOf("ExecutionHandedBack", other, now)],
            row: { status: "Scheduled", version: call.version + 2 }
          })
        ])
        yield* counted
        assert.deepStrictEqual((yield* of(tenantId, now)).circuits, [
          { tenantId, target: Sample.host, openUntil: now + 30_000 }
        ])
        assert.deepStrictEqual((yield* of(tenantId, now + 30_000)).circuits, [])
      })
    )

    it.effect(
      "the oldest of the calls whose time has come and that have not begun is told, with how many there are",
      () =>
        Effect.gen(function* () {
          const { of } = yield* Overviews
          const tenantId = Sample.tenantId()
          // Long ago, so that nothing else in a shared database is due before.
          const due = (dueAt: number) => Sample.due(dueAt)
          const late = yield* live(tenantId, [], 0, due(20))
          yield* live(tenantId, [], 0, due(30))
          yield* live(tenantId, [0], 0, due(10))
          yield* live(tenantId, [], 0, due(1_000))
          const { overdue } = yield* of(tenantId, 100)
          assert.deepStrictEqual(overdue, {
            count: 2,
            more: false,
            oldest: { tenantId, id: late.of.callId, dueAt: EpochMillis.make(20) }
          })
        })
    )

    it.effect("all tenants together are told too, and a tenant nothing is known of has nothing", () =>
      Effect.gen(function* () {
        const { of } = yield* Overviews
        const now = yield* Clock.currentTimeMillis
        yield* counted
        const before = (yield* of(null, now)).calls.Succeeded ?? 0
        yield* live(Sample.tenantId(), [0, 0], now)
        yield* live(Sample.tenantId(), [0, 0], now)
        yield* counted
        assert.strictEqual((yield* of(null, now)).calls.Succeeded, before + 2)
        const none = yield* of(Sample.tenantId(), now)
        assert.deepStrictEqual(none.calls, {})
        assert.deepStrictEqual(none.deadLetters, { count: 0, more: false, oldestAt: null })
        assert.deepStrictEqual(none.ingestion, { count: 0, more: false, oldestAt: null })
      })
    )
  })
