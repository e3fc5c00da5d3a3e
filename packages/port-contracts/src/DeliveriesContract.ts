/** What all Deliveries do. They stand on what is committed, so they want the Persistence that writes it. */
import { ServiceCallId, type TenantId } from "@dueline/contracts/Ids"
import { Deliveries, DeliveryQueries } from "@dueline/contracts/ports/Deliveries"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import type { SubscriptionRow } from "@dueline/contracts/subscription/Subscription"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { type Harness, judge } from "./Harness.ts"
import { subscriptionRow } from "./queries/OpsListProbe.ts"
import * as OpsSample from "./queries/OpsSample.ts"
import * as Sample from "./Sample.ts"

/** A subscription, and calls of its tenant that end: each a message. */
const world = Effect.fnUntraced(function* (changes: Partial<SubscriptionRow> = {}) {
  const deliveries = yield* Deliveries
  const { commit } = yield* Persistence
  const tenantId = Sample.tenantId()
  const row = subscriptionRow(tenantId, changes)
  yield* commit([OpsSample.commit(row)])
  const of = { tenantId, subscriptionId: row.subscriptionId }
  const end = Effect.fnUntraced(function* (callId = ServiceCallId.make(Sample.uuid()), version = 0) {
    const message = Sample.message({ schemaVersion: 1, callId })
    yield* commit([Sample.commit({ tenantId, callId }, { expectedVersion: version, outbox: [message] })])
    return { callId, eventId: message.eventId }
  })
  const unsorted = Effect.map(deliveries.unsorted(10_000), (messages) =>
    messages.filter((message) => message.tenantId === tenantId)
  )
  /** All that came is for the subscription. */
  const sortAll = Effect.flatMap(unsorted, (messages) =>
    deliveries.sort(messages.map(({ seq }) => ({ tenantId, seq, to: [row.subscriptionId] })))
  )
  const look = deliveries.look({ ...of, limit: 100 })
  const ready = Effect.map(look, ({ ready }) => ready.map(({ eventId }) => eventId))
  const places = Effect.map(look, ({ ready }) => ready.map(({ place }) => place))
  const isOpen = Effect.map(deliveries.open({ after: null, limit: 10_000 }), (rows) =>
    rows.some((each) => each.subscriptionId === row.subscriptionId)
  )
  return { deliveries, commit, of, tenantId, row, end, unsorted, sortAll, look, ready, places, isOpen }
})

const first = <A>(found: ReadonlyArray<A>): A => found[0] ?? assert.fail("nothing was found")

export const suite = (name: string, harness: Harness<Deliveries | DeliveryQueries | Persistence>): void =>
  judge("Deliveries", name, harness, (it) => {
    it.effect("what is published is kept with its commit, for tenants that have a subscription and for no others", () =>
      Effect.gen(function* () {
        const { commit, deliveries, end, tenantId, unsorted } = yield* world()
        const { callId, eventId } = yield* end()
        const [kept, ...more] = yield* unsorted
        assert.deepStrictEqual(more, [])
        assert.deepInclude(kept, {
          eventId,
          tenantId,
          streamId: Sample.streamOf(callId),
          topic: "ops.service-call.succeeded"
        })
        assert.deepStrictEqual(kept?.payload, { schemaVersion: 1, callId })
        const nobody: TenantId = Sample.tenantId()
        const call = { tenantId: nobody, callId: ServiceCallId.make(Sample.uuid()) }
        yield* commit([Sample.commit(call, { outbox: [Sample.message()] })])
        const gone = subscriptionRow(Sample.tenantId(), { status: "Deleted" })
        yield* commit([OpsSample.commit(gone, { outbox: [Sample.message()] })])
        const tenants = (yield* deliveries.unsorted(10_000)).map((message) => message.tenantId)
        assert.notInclude(tenants, nobody)
        assert.notInclude(tenants, gone.tenantId)
      })
    )

    it.effect("what waits is counted until it has ended, with the time of the first, for its own tenant alone", () =>
      Effect.gen(function* () {
        const { deliveries, end, of, places, sortAll, unsorted } = yield* world()
        const { waiting } = yield* DeliveryQueries
        assert.deepStrictEqual(yield* waiting(of), { count: 0, oldestAt: null })
        const { callId } = yield* end()
        yield* end(callId, 1)
        const times = (yield* unsorted).map(({ keptAt }) => keptAt)
        yield* sortAll
        assert.deepStrictEqual(yield* waiting(of), { count: 2, oldestAt: times[0] ?? null })
        const place = first(yield* places)
        yield* deliveries.call({ ...of, place, callId: ServiceCallId.make(Sample.uuid()), at: Sample.now })
        assert.deepStrictEqual(yield* waiting(of), { count: 2, oldestAt: times[0] ?? null })
        assert.deepStrictEqual(yield* waiting({ ...of, tenantId: Sample.tenantId() }), { count: 0, oldestAt: null })
        yield* deliveries.settle({ ...of, ended: [{ place, outcome: "delivered" }] })
        assert.deepStrictEqual(yield* waiting(of), { count: 1, oldestAt: times[1] ?? null })
      })
    )

    it.effect("what nobody takes from the bus is kept all the same", () =>
      Effect.gen(function* () {
        const { commit, tenantId, unsorted } = yield* world()
        const message = { ...Sample.message(), unheard: true as const }
        yield* commit([Sample.commit({ tenantId, callId: ServiceCallId.make(Sample.uuid()) }, { outbox: [message] })])
        assert.deepStrictEqual(
          (yield* unsorted).map(({ eventId, topic }) => [eventId, topic]),
          [[message.eventId, message.topic]]
        )
      })
    )

    it.effect("a message is sorted once, whatever is said of it later", () =>
      Effect.gen(function* () {
        const { deliveries, end, ready, row, tenantId, unsorted } = yield* world()
        const { eventId } = yield* end()
        const { seq } = first(yield* unsorted)
        yield* deliveries.sort([{ tenantId, seq, to: [row.subscriptionId] }])
        yield* deliveries.sort([{ tenantId, seq, to: [] }])
        yield* deliveries.sort([{ tenantId, seq, to: [row.subscriptionId] }])
        assert.deepStrictEqual(yield* unsorted, [])
        assert.deepStrictEqual(yield* ready, [eventId])
      })
    )

    it.effect("of one aggregate one message is delivered after the other, and others go on", () =>
      Effect.gen(function* () {
        const { deliveries, end, look, of, places, ready, sortAll } = yield* world()
        const one = yield* end()
        const second = yield* end(one.callId, 1)
        const other = yield* end()
        yield* sortAll
        assert.deepStrictEqual(yield* ready, [one.eventId, other.eventId])
        const place = first(yield* places)
        const callId = ServiceCallId.make(Sample.uuid())
        yield* deliveries.call({ ...of, place, callId, at: Sample.now })
        assert.deepStrictEqual(yield* ready, [other.eventId])
        const { called } = yield* look
        assert.deepStrictEqual(called, [
          { place, eventId: one.eventId, callId, calledAt: Sample.now, call: null }
        ] as never)
        yield* deliveries.settle({ ...of, ended: [{ place, outcome: "again" }] })
        assert.deepStrictEqual(yield* ready, [one.eventId, other.eventId])
        for (const _twice of [1, 2]) yield* deliveries.settle({ ...of, ended: [{ place, outcome: "failed" }] })
        assert.deepStrictEqual(yield* ready, [second.eventId, other.eventId])
      })
    )

    it.effect("how a delivery's call is can be seen, and its end is no message", () =>
      Effect.gen(function* () {
        const { commit, deliveries, end, look, of, places, sortAll, tenantId, unsorted } = yield* world()
        yield* end()
        yield* sortAll
        const callId = ServiceCallId.make(Sample.uuid())
        yield* deliveries.call({ ...of, place: first(yield* places), callId, at: Sample.now })
        const failed = { status: "Failed", attempt: 3, lastStatus: 503, failureReason: "http_status" } as const
        yield* commit([Sample.commit({ tenantId, callId }, { row: failed, outbox: [Sample.message()] })])
        assert.deepStrictEqual((yield* look).called[0]?.call, failed)
        assert.deepStrictEqual(yield* unsorted, [])
      })
    )

    it.effect("a subscription is open while something can go on: paused, only what is under way", () =>
      Effect.gen(function* () {
        const { commit, deliveries, end, isOpen, of, places, row, sortAll } = yield* world()
        assert.isFalse(yield* isOpen)
        yield* end()
        yield* end()
        yield* sortAll
        assert.isTrue(yield* isOpen)
        const place = first(yield* places)
        yield* deliveries.call({ ...of, place, callId: ServiceCallId.make(Sample.uuid()), at: Sample.now })
        yield* commit([OpsSample.commit({ ...row, version: 2, status: "Paused" })])
        assert.isTrue(yield* isOpen)
        yield* deliveries.settle({ ...of, ended: [{ place, outcome: "delivered" }] })
        assert.isFalse(yield* isOpen)
      })
    )

    it.effect("messages of a time are read page by page and put in line once more, once for each redelivery", () =>
      Effect.gen(function* () {
        const { deliveries, end, of, ready, tenantId } = yield* world({
          redelivery: { number: 1, from: 0 as never, to: 1 as never, after: null, count: 0, done: false }
        })
        const ends = [yield* end(), yield* end(), yield* end()]
        const from = { tenantId, from: 0, to: Number.MAX_SAFE_INTEGER }
        const page = yield* deliveries.kept({ ...from, after: null, limit: 2 })
        const rest = yield* deliveries.kept({ ...from, after: page.at(-1)?.seq ?? null, limit: 2 })
        const seqs = [...page, ...rest].map(({ seq }) => seq)
        assert.deepStrictEqual(
          [...page, ...rest].map(({ eventId }) => eventId),
          ends.map(({ eventId }) => eventId)
        )
        assert.deepStrictEqual(yield* deliveries.kept({ ...from, to: 1, after: null, limit: 2 }), [])
        for (const _twice of [1, 2]) yield* deliveries.repeat({ ...of, redelivery: 1, seqs })
        assert.lengthOf(yield* ready, 3)
        yield* deliveries.repeat({ ...of, redelivery: 2, seqs: seqs.slice(0, 1) })
        const found = yield* deliveries.redelivering(10_000)
        assert.isTrue(found.some(({ subscriptionId }) => subscriptionId === of.subscriptionId))
      })
    )

    it.effect(
      "what is dropped leaves the line, and what is forgotten goes with its deliveries, but not under its call",
      () =>
        Effect.gen(function* () {
          const { deliveries, end, look, of, places, ready, sortAll } = yield* world()
          const one = yield* end()
          yield* end(one.callId, 1)
          yield* end()
          yield* sortAll
          yield* deliveries.call({
            ...of,
            place: first(yield* places),
            callId: ServiceCallId.make(Sample.uuid()),
            at: 1
          })
          assert.strictEqual(yield* deliveries.drop({ ...of, limit: 1 }), 1)
          assert.strictEqual(yield* deliveries.drop({ ...of, limit: 10 }), 1)
          assert.deepStrictEqual(yield* ready, [])
          const [called] = (yield* look).called
          const place = called?.place ?? 0
          yield* deliveries.settle({ ...of, ended: [{ place, outcome: "again" }] })
          assert.deepStrictEqual((yield* look).called, [])
          assert.strictEqual(yield* deliveries.drop({ ...of, limit: 10 }), 1)
          assert.deepStrictEqual((yield* look).called, called === undefined ? [] : [called])
          const later = yield* end()
          yield* sortAll
          assert.deepStrictEqual(yield* ready, [later.eventId])
          while ((yield* deliveries.forget({ before: Number.MAX_SAFE_INTEGER, limit: 2 })) > 0) yield* Effect.yieldNow
          assert.deepStrictEqual(yield* ready, [])
          assert.deepStrictEqual(
            (yield* look).called.map(({ eventId }) => eventId),
            [one.eventId]
          )
        })
    )
  })
