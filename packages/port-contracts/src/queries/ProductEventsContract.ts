/** What all ProductEvents do. */
import type { CorrelationId } from "@dueline/contracts/Ids"
import { ProductEvents, type ToldProductEvent } from "@dueline/contracts/ports/ProductEvents"
import {
  ProductEventId,
  type ReportedBy,
  type ReportedEvent,
  type StoredProductEvent
} from "@dueline/contracts/productEvent/ProductEvent"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { type Harness, judge } from "../Harness.ts"
import * as Sample from "../Sample.ts"

const by = (changes: Partial<ReportedBy> = {}): ReportedBy => ({
  tenantId: Sample.tenantId(),
  workspace: "shop",
  apiKeyId: null,
  correlationId: "0abc" as CorrelationId,
  schemaVersion: "1.2",
  ...changes
})

const event = (changes: Partial<ReportedEvent> = {}): ReportedEvent => {
  const id = ProductEventId.make(Sample.uuid())
  return {
    id,
    eventId: id,
    given: changes.eventId !== undefined,
    type: "track",
    name: "Order Shipped",
    userId: "user-7",
    anonymousId: null,
    occurredAt: Sample.now as never,
    document: '{"properties":{"total":19.9,"names":["a","ž","\\u2028"]}}',
    ...changes
  }
}

const ids = (events: ReadonlyArray<{ readonly id: string }>) => events.map(({ id }) => id)

const all = Effect.fnUntraced(function* (query: { readonly tenantId: ReportedBy["tenantId"]; readonly limit: number }) {
  const { list } = yield* ProductEvents
  const found: Array<StoredProductEvent> = []
  for (let after = null as { readonly createdAt: number; readonly id: string } | null; ; ) {
    const page = yield* list({ ...query, after })
    assert.isAtMost(page.events.length, query.limit)
    found.push(...page.events)
    if (page.next === null) return found
    after = page.next
  }
})

export const suite = (name: string, harness: Harness<ProductEvents>): void =>
  judge("ProductEvents", name, harness, (it) => {
    it.effect("what was appended is read as it was, by its tenant alone", () =>
      Effect.gen(function* () {
        const { append, list } = yield* ProductEvents
        const from = by()
        const one = event({ eventId: "e-1", userId: null, anonymousId: "visitor ž" })
        assert.deepStrictEqual(yield* append(from, [one]), new Set([one.id]))
        const { events, next } = yield* list({ tenantId: from.tenantId, after: null, limit: 10 })
        assert.isNull(next)
        const { document, given: _, ...facts } = one
        const { tenantId, ...origin } = from
        assert.lengthOf(events, 1)
        const { receivedAt, ...read } = events[0] ?? assert.fail("nothing was read")
        assert.isNumber(receivedAt)
        assert.deepStrictEqual(read, { ...facts, ...origin, document: JSON.parse(document) })
        assert.deepStrictEqual((yield* list({ tenantId: Sample.tenantId(), after: null, limit: 10 })).events, [])
        assert.lengthOf((yield* list({ tenantId, eventId: "e-1", after: null, limit: 10 })).events, 1)
      })
    )

    it.effect(
      "of several with one event id one is stored, in one request, in many at once, and later; of other tenants each",
      () =>
        Effect.gen(function* () {
          const { append, list } = yield* ProductEvents
          const from = by()
          const shared = () => [event({ eventId: "a" }), event({ eventId: "b" }), event({ eventId: "a" }), event()]
          const requests = Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? shared() : shared().reverse()))
          const stored = yield* Effect.forEach(requests, (events) => append(from, events), { concurrency: "unbounded" })
          const told = requests.flatMap((events, n) => events.filter(({ id }) => stored[n]?.has(id)))
          assert.strictEqual(told.length, 2 + requests.length)
          const again = event({ eventId: "b" })
          assert.isFalse((yield* append(from, [again])).has(again.id))
          const elsewhere = event({ eventId: "b" })
          assert.isTrue((yield* append(by(), [elsewhere])).has(elsewhere.id))
          const kept = yield* list({ tenantId: from.tenantId, after: null, limit: 200 })
          assert.sameMembers(ids(kept.events), ids(told))
        }),
      { tags: ["ADR-0032.5"] }
    )

    it.effect("pages hold each event once, newest first, and a filter what fits it", () =>
      Effect.gen(function* () {
        const { append, list } = yield* ProductEvents
        const from = by()
        const { tenantId } = from
        const events = Array.from({ length: 25 }, (_, n) => event({ userId: `user-${n % 3}`, name: `Step ${n % 2}` }))
        for (let n = 0; n < 25; n += 10) yield* append(from, events.slice(n, n + 10))
        yield* append(by({ tenantId, workspace: "app" }), [event({ type: "identify", name: null })])
        const found = yield* all({ tenantId, limit: 7 })
        assert.lengthOf(new Set(ids(found)), 26)
        const times = found.map(({ receivedAt }) => receivedAt)
        assert.deepStrictEqual(
          times,
          [...times].sort((a, b) => b - a)
        )
        const filtered = (query: object) =>
          Effect.map(list({ tenantId, after: null, limit: 100, ...query }), (page) => page.events.length)
        assert.strictEqual(yield* filtered({ workspace: "app" }), 1)
        assert.strictEqual(yield* filtered({ type: "identify" }), 1)
        assert.strictEqual(yield* filtered({ userId: "user-1" }), 8)
        assert.strictEqual(yield* filtered({ userId: "user-1", name: "Step 1" }), 4)
        assert.strictEqual(yield* filtered({ from: (times[0] ?? 0) + 1 }), 0)
        assert.strictEqual(yield* filtered({ to: (times.at(-1) ?? 0) - 1 }), 0)
        assert.strictEqual(yield* filtered({ from: times.at(-1), to: times[0] }), 26)
      })
    )

    it.effect("those of one cause are read oldest first, page after page, with a repeat among them too", () =>
      Effect.gen(function* () {
        const { append, correlated } = yield* ProductEvents
        const from = by({ correlationId: "0cause" as CorrelationId })
        const { correlationId, tenantId } = from
        const events = Array.from({ length: 7 }, () => event())
        const repeated = event({ eventId: "r" })
        yield* append(by({ tenantId }), [repeated])
        yield* append(from, events.slice(0, 3))
        yield* append(from, events.slice(3, 5))
        yield* append(from, [event({ eventId: "r" }), ...events.slice(5)])
        for (const limit of [1, 2, 3, 10]) {
          const read: Array<ToldProductEvent> = []
          for (let after: ToldProductEvent | null = null; ; ) {
            const page: ReadonlyArray<ToldProductEvent> = yield* correlated({ tenantId, correlationId, after, limit })
            assert.isAtMost(page.length, limit)
            read.push(...page)
            after = page.at(-1) ?? null
            if (after === null) break
          }
          assert.lengthOf(read, events.length)
          assert.sameMembers(ids(read), ids(events))
          const times = read.map(({ receivedAt }) => receivedAt)
          assert.deepStrictEqual(
            times,
            [...times].sort((a, b) => a - b)
          )
        }
        assert.deepStrictEqual(
          yield* correlated({ tenantId: Sample.tenantId(), correlationId, after: null, limit: 3 }),
          []
        )
      })
    )
  })
