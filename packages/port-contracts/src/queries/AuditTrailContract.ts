/** What every AuditTrail does. It lists events beside entries, so it wants the Persistence that writes them. */
import type { EpochMillis } from "@dueline/contracts/Ids"
import {
  type AuditEntry,
  auditLengths,
  type AuditMark,
  type AuditQuery,
  AuditTrail,
  type ListedEntry
} from "@dueline/contracts/ports/AuditTrail"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { type Harness, judge } from "../Harness.ts"
import * as Sample from "../Sample.ts"

const entryOf = (tenantId: AuditEntry["tenantId"], about: Partial<AuditEntry> = {}): AuditEntry => ({
  tenantId,
  at: Sample.now as EpochMillis,
  actor: { kind: "user", id: "alice" },
  action: "orders.create",
  resource: null,
  outcome: "refused",
  code: "insufficient_scope",
  correlationId: "c0",
  count: 1,
  ...about
})

/** All pages, `limit` at a time. */
const everything = Effect.fnUntraced(function* (query: Omit<AuditQuery, "after">, from: AuditMark | null = null) {
  const { list } = yield* AuditTrail
  const items: Array<ListedEntry> = []
  let after = from
  do {
    const page: Effect.Success<ReturnType<typeof list>> = yield* list({ ...query, after })
    assert.isAtMost(page.items.length, query.limit)
    items.push(...page.items)
    after = page.next
  } while (after !== null)
  return items
})

/** Oldest first shows what lies below every open transaction: of tests beside this one there may be some. */
const until = (asked: ReturnType<typeof everything>, expected: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    let found = yield* asked
    while (found.length < expected.length) {
      yield* Effect.yieldNow
      found = yield* asked
    }
    assert.deepStrictEqual(actions(found), expected)
  })

const actions = (items: ReadonlyArray<ListedEntry>) => items.map(({ action }) => action)

export const suite = (name: string, harness: Harness<AuditTrail | Persistence>): void =>
  judge("AuditTrail", name, harness, (it) => {
    it.effect(
      "what was refused and what was done is listed together, newest first, each once, however it is paged",
      () =>
        Effect.gen(function* () {
          const trail = yield* AuditTrail
          const persistence = yield* Persistence
          const call = Sample.target()
          const other = Sample.target()
          yield* trail.append([
            entryOf(call.tenantId, { action: "one" }),
            entryOf(other.tenantId, { action: "theirs" })
          ])
          yield* persistence.commit([
            Sample.commit(call, { events: [Sample.event(), Sample.event()] }),
            Sample.commit(other)
          ])
          yield* trail.append([entryOf(call.tenantId, { action: "two" }), entryOf(call.tenantId, { action: "three" })])
          const { type } = Sample.event()
          const expected = ["three", "two", type, type, "one"]
          for (const limit of [1, 2, 3, 50]) {
            const items = yield* everything({ tenantId: call.tenantId, limit })
            assert.deepStrictEqual(actions(items), expected)
            assert.deepStrictEqual(
              items.map(({ outcome }) => outcome),
              ["refused", "refused", "done", "done", "refused"]
            )
            assert.strictEqual(items[2]?.resource, call.callId)
            assert.strictEqual(items[2]?.kind, "service-call")
          }
        })
    )

    it.effect("oldest first each is there once, however it is paged, also what is committed while it is read", () =>
      Effect.gen(function* () {
        const trail = yield* AuditTrail
        const persistence = yield* Persistence
        const call = Sample.target()
        const { tenantId } = call
        const { type } = Sample.event()
        yield* trail.append([entryOf(tenantId, { action: "one" })])
        yield* persistence.commit([Sample.commit(call, { events: [Sample.event(), Sample.event()] })])
        yield* trail.append([entryOf(tenantId, { action: "two" }), entryOf(tenantId, { action: "three" })])
        const oldestFirst = { tenantId, order: "asc" } as const
        const expected = ["one", type, type, "two", "three"]
        for (const limit of [1, 2, 3, 50]) yield* until(everything({ ...oldestFirst, limit }), expected)
        assert.deepStrictEqual(yield* Effect.map(everything({ ...oldestFirst, limit: 2, outcome: "done" }), actions), [
          type,
          type
        ])
        for (const filter of [{ resource: call.callId }, { correlationId: Sample.event().metadata.correlationId }])
          assert.deepStrictEqual(
            (yield* Effect.map(everything({ ...oldestFirst, limit: 1, ...filter }), actions)).slice(0, 2),
            [type, type]
          )
        const first = yield* trail.list({ ...oldestFirst, after: null, limit: 3 })
        yield* trail.append([entryOf(tenantId, { action: "four" })])
        yield* until(everything({ ...oldestFirst, limit: 2 }, first.next), ["two", "three", "four"])
      })
    )

    it.effect("an entry comes back as it was written, and what is too long is cut", () =>
      Effect.gen(function* () {
        const trail = yield* AuditTrail
        const tenantId = Sample.tenantId()
        const entry = entryOf(tenantId, { resource: "r", correlationId: "c1", count: 7, outcome: "left_out" })
        const long = entryOf(tenantId, { action: "a".repeat(500), resource: "\0".repeat(500) })
        yield* trail.append([entry])
        yield* trail.append([long])
        const [second, first] = yield* everything({ tenantId, limit: 10 })
        const { tenantId: _, ...written } = entry
        assert.deepStrictEqual(first, { ...written, kind: null })
        assert.strictEqual(second?.action, "a".repeat(auditLengths.action))
        assert.strictEqual(second?.resource?.length, auditLengths.resource)
      })
    )

    it.effect("filters are joined by and, and what they leave is all there is", () =>
      Effect.gen(function* () {
        const trail = yield* AuditTrail
        const call = Sample.target()
        const { tenantId } = call
        yield* (yield* Persistence).commit([Sample.commit(call)])
        const at = (millis: number) => (Sample.now + millis) as EpochMillis
        yield* trail.append([
          entryOf(tenantId, { action: "one", actor: { kind: "user", id: "bob" }, at: at(10) }),
          entryOf(tenantId, { action: "two", resource: "r2", correlationId: "c2", at: at(20) }),
          entryOf(tenantId, { action: "three", outcome: "done", at: at(30) })
        ])
        const of = (filter: Partial<AuditQuery>) => Effect.map(everything({ tenantId, limit: 2, ...filter }), actions)
        const { metadata, type } = Sample.event()
        assert.deepStrictEqual(yield* of({ actor: "bob" }), ["one"])
        assert.deepStrictEqual(yield* of({ outcome: "refused" }), ["two", "one"])
        assert.deepStrictEqual(yield* of({ outcome: "done" }), ["three", type])
        assert.deepStrictEqual(yield* of({ outcome: "left_out" }), [])
        assert.deepStrictEqual(yield* of({ resource: "r2" }), ["two"])
        assert.deepStrictEqual(yield* of({ resource: call.callId }), [type])
        assert.deepStrictEqual(yield* of({ correlationId: "c2" }), ["two"])
        assert.include(yield* of({ correlationId: metadata.correlationId }), type)
        assert.deepStrictEqual(yield* of({ from: at(20), to: at(30) }), ["two"])
        assert.deepStrictEqual(yield* of({ correlationId: "c2", outcome: "done" }), [])
      })
    )
  })
