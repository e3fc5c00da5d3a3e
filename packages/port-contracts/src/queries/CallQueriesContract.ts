/** What all CallQueries do. They read rows, so they want the Persistence that writes them. */
import { EpochMillis } from "@dueline/contracts/Ids"
import { type CallFilter, CallQueries, type PageMark } from "@dueline/contracts/ports/Queries"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import { assert, type Vitest } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { type Harness, judge } from "../Harness.ts"
import { propertyRunsTimes } from "../propertyRuns.ts"
import * as Sample from "../Sample.ts"

type Ports = CallQueries | Persistence
type It = Vitest.MethodsNonLive<Ports>
type Tenant = ReturnType<typeof Sample.tenantId>

const everything: CallFilter = { status: null, tags: [], dueFrom: null, dueTo: null, search: null }

const submit = Effect.fnUntraced(function* (tenant: Tenant, changes: Partial<ServiceCallRow> = {}) {
  const call = Sample.target(tenant)
  yield* (yield* Persistence).commit([Sample.commit(call, { row: changes })])
  return Sample.row(call, changes)
})

const created = (createdAt: number): Partial<ServiceCallRow> => ({ createdAt: EpochMillis.make(createdAt) })

const page = (tenantId: Tenant, filter: Partial<CallFilter>, limit: number, after: PageMark | null) =>
  Effect.flatMap(CallQueries, (queries) =>
    queries.list({ tenantId, filter: { ...everything, ...filter }, after, limit })
  )

/** All pages one after the other. A list that does not end, or a page above the limit, fails the test. */
const walk = Effect.fnUntraced(function* (tenantId: Tenant, filter: Partial<CallFilter> = {}, limit = 50) {
  const rows: Array<ServiceCallRow> = []
  let after: PageMark | null = null
  for (let pages = 0; pages < 1_000; pages += 1) {
    const { next, rows: more }: Effect.Success<ReturnType<typeof page>> = yield* page(tenantId, filter, limit, after)
    assert.isAtMost(more.length, limit)
    rows.push(...more)
    if (next === null) return rows
    after = next
  }
  return assert.fail("the list does not end")
})

const idsOf = (rows: ReadonlyArray<{ readonly callId: string }>) => rows.map(({ callId }) => callId)

const paging = (it: It) => {
  it.effect(
    "calls come newest first, whole, and of this tenant only",
    () =>
      Effect.gen(function* () {
        const tenant = Sample.tenantId()
        const old = yield* submit(tenant, created(Sample.now - 5))
        yield* submit(Sample.tenantId(), created(Sample.now - 4))
        const young = yield* submit(tenant, { ...created(Sample.now), tags: [], lastStatus: 200 })
        assert.deepStrictEqual(yield* walk(tenant), [young, old])
      }),
    { tags: ["ADR-0007.5"] }
  )

  it.effect("many are found at once, each once and as it is, of this tenant only; what is not there is left out", () =>
    Effect.gen(function* () {
      const { findMany } = yield* CallQueries
      const [tenant, other] = [Sample.tenantId(), Sample.tenantId()]
      const calls = [yield* submit(tenant), yield* submit(tenant, { lastStatus: 503 })]
      const foreign = yield* submit(other)
      const asked = [...calls, foreign, Sample.target(tenant), ...calls].map(({ callId }) => callId)
      const byId = (a: ServiceCallRow, b: ServiceCallRow) => (a.callId < b.callId ? -1 : 1)
      assert.deepStrictEqual([...(yield* findMany(tenant, asked))].sort(byId), [...calls].sort(byId))
      assert.deepStrictEqual(yield* findMany(tenant, []), [])
    })
  )

  it.effect("a tenant without calls has one empty page", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* page(Sample.tenantId(), {}, 10, null), { rows: [], next: null })
    })
  )

  it.effect("a page that ends with the last call has no next", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      for (let n = 0; n < 4; n += 1) yield* submit(tenant)
      const { next } = yield* page(tenant, {}, 2, null)
      assert.isNotNull(next)
      assert.isNull((yield* page(tenant, {}, 2, next)).next)
    })
  )

  it.effect("a call that comes between two pages shows in neither of the old ones and shifts nothing", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const calls = [
        yield* submit(tenant, created(Sample.now + 3)),
        yield* submit(tenant, created(Sample.now + 2)),
        yield* submit(tenant, created(Sample.now + 1))
      ]
      const first = yield* page(tenant, {}, 2, null)
      yield* submit(tenant, created(Sample.now + 4))
      const second = yield* page(tenant, {}, 2, first.next)
      assert.deepStrictEqual(idsOf([...first.rows, ...second.rows]), idsOf(calls))
    })
  )

  it.effect.prop(
    "pages of any size hold every call once, in order, also among calls made at the same moment",
    {
      offsets: Schema.Array(Schema.Literals([0, 1, 2])).check(Schema.isMaxLength(12)),
      limit: Schema.Literals([1, 2, 3, 5])
    },
    Effect.fnUntraced(function* ({ limit, offsets }) {
      const tenant = Sample.tenantId()
      const rows = yield* Effect.forEach(offsets, (offset) => submit(tenant, created(Sample.now + offset)))
      const expected = rows.toSorted((a, b) => b.createdAt - a.createdAt || (a.callId < b.callId ? 1 : -1))
      assert.deepStrictEqual(idsOf(yield* walk(tenant, {}, limit)), idsOf(expected))
    }),
    { arbitrary: propertyRunsTimes(0.3), timeout: 60_000 }
  )

  it.effect("one call that matches is found behind 300 that do not, in however many pages", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const rare = yield* submit(tenant, { ...created(Sample.now - 1), tags: ["rare"] })
      const calls = Array.from({ length: 300 }, () => Sample.target(tenant))
      yield* (yield* Persistence).commit(calls.map((call) => Sample.commit(call)))
      assert.deepStrictEqual(idsOf(yield* walk(tenant, { tags: ["rare"] }, 10)), [rare.callId])
      assert.lengthOf(yield* walk(tenant, { tags: ["sample"] }, 70), 300)
    })
  )
}

const filters = (it: It) => {
  it.effect("by status", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      yield* submit(tenant)
      const failed = yield* submit(tenant, { status: "Failed", wakeAt: null })
      assert.deepStrictEqual(idsOf(yield* walk(tenant, { status: "Failed" })), [failed.callId])
      assert.deepStrictEqual(yield* walk(tenant, { status: "Cancelled" }), [])
    })
  )

  it.effect("by tags, of which a call must carry all", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const one = yield* submit(tenant, { tags: ["a"] })
      const both = yield* submit(tenant, { tags: ["b", "a", "c"] })
      assert.deepStrictEqual(idsOf(yield* walk(tenant, { tags: ["a", "b"] })), [both.callId])
      assert.deepStrictEqual(idsOf(yield* walk(tenant, { tags: ["a"] })), [both.callId, one.callId])
      assert.deepStrictEqual(yield* walk(tenant, { tags: ["A"] }), [])
    })
  )

  it.effect("by due time, the start included and the end not", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const [a, b, c] = [
        yield* submit(tenant, Sample.due(Sample.now + 1)),
        yield* submit(tenant, Sample.due(Sample.now + 2)),
        yield* submit(tenant, Sample.due(Sample.now + 3))
      ]
      assert.deepStrictEqual(idsOf(yield* walk(tenant, { dueFrom: Sample.now + 2 })), [c.callId, b.callId])
      assert.deepStrictEqual(idsOf(yield* walk(tenant, { dueTo: Sample.now + 2 })), [a.callId])
      assert.deepStrictEqual(idsOf(yield* walk(tenant, { dueFrom: Sample.now + 2, dueTo: Sample.now + 3 })), [b.callId])
    })
  )

  it.effect("by a part of the URL, whatever its case, and every character for itself", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const withUrl = (url: string) => {
        const { request } = Sample.row(Sample.target(tenant))
        return submit(tenant, { request: { ...request, url } })
      }
      const percent = yield* withUrl("https://Api.example.com/100%25/a_b")
      const plain = yield* withUrl("https://other.example.com/100/aXb\\")
      assert.deepStrictEqual(idsOf(yield* walk(tenant, { search: "API.EXAMPLE" })), [percent.callId])
      assert.deepStrictEqual(idsOf(yield* walk(tenant, { search: "0%2" })), [percent.callId])
      assert.deepStrictEqual(idsOf(yield* walk(tenant, { search: "a_b" })), [percent.callId])
      assert.deepStrictEqual(idsOf(yield* walk(tenant, { search: "xB\\" })), [plain.callId])
      assert.deepStrictEqual(yield* walk(tenant, { search: "absent" }), [])
    })
  )

  it.effect("by all of them together", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const wanted = yield* submit(tenant, { tags: ["a"], ...Sample.due(Sample.now + 5) })
      yield* submit(tenant, { tags: ["a"], ...Sample.due(Sample.now + 9) })
      yield* submit(tenant, { tags: ["b"], ...Sample.due(Sample.now + 5) })
      const filter = {
        status: "Scheduled",
        tags: ["a"],
        dueFrom: Sample.now,
        dueTo: Sample.now + 6,
        search: "hooks"
      } as const
      assert.deepStrictEqual(idsOf(yield* walk(tenant, filter)), [wanted.callId])
    })
  )
}

const single = (it: It) => {
  it.effect(
    "a call is found by its tenant and by no other",
    () =>
      Effect.gen(function* () {
        const row = yield* submit(Sample.tenantId())
        const queries = yield* CallQueries
        assert.deepStrictEqual(yield* queries.find(row.tenantId, row.callId), row)
        assert.isNull(yield* queries.find(Sample.tenantId(), row.callId))
        assert.isNull(yield* queries.find(row.tenantId, Sample.callId()))
      }),
    { tags: ["ADR-0007.5"] }
  )

  it.effect("what is under way of a flow, and what waits, is counted in its tenant alone", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const flow = { key: "stripe", concurrency: 1 }
      const kept = (changes: Partial<ServiceCallRow>, of = tenant) =>
        submit(of, { flow, ...Sample.due(Sample.now), ...changes })
      yield* kept(Sample.running(Sample.workerId(), 1, Sample.now))
      yield* kept({})
      yield* kept({})
      yield* kept(Sample.due(Sample.now + 1))
      yield* kept({ status: "Succeeded", wakeAt: null })
      yield* kept({ flow: { key: "other" } })
      yield* kept({ flow: null })
      yield* kept({}, Sample.tenantId())
      const queries = yield* CallQueries
      assert.deepStrictEqual(yield* queries.flow(tenant, "stripe", Sample.now), { running: 1, waiting: 2 })
      assert.deepStrictEqual(yield* queries.flow(tenant, "nobody", Sample.now), { running: 0, waiting: 0 })
    })
  )

  it.effect("history comes oldest first, from behind the given version, no longer than the limit", () =>
    Effect.gen(function* () {
      const call = Sample.target()
      const events = [1, 2, 3, 4, 5].map((n) => Sample.event({ n }))
      yield* (yield* Persistence).commit([Sample.commit(call, { events })])
      const history = (after: number, limit: number) =>
        Effect.flatMap(CallQueries, (queries) => queries.history({ ...call, after, limit }))
      const all = events.map((event, index) => ({ ...event, version: index + 1 }))
      assert.deepStrictEqual(yield* history(0, 10), all)
      assert.deepStrictEqual(yield* history(2, 2), all.slice(2, 4))
      assert.deepStrictEqual(yield* history(5, 10), [])
    })
  )

  it.effect(
    "history of another tenant's call is as empty as of one that does not exist",
    () =>
      Effect.gen(function* () {
        const row = yield* submit(Sample.tenantId())
        const queries = yield* CallQueries
        const history = (of: Sample.Target) =>
          queries.history({ tenantId: of.tenantId, callId: of.callId, after: 0, limit: 10 })
        assert.lengthOf(yield* history(row), 1)
        assert.deepStrictEqual(yield* history({ ...row, tenantId: Sample.tenantId() }), [])
        assert.deepStrictEqual(yield* history(Sample.target()), [])
      }),
    { tags: ["ADR-0007.5"] }
  )
}

export const suite = (name: string, harness: Harness<Ports>): void =>
  judge("CallQueries", name, harness, (it) => {
    paging(it)
    filters(it)
    single(it)
  })
