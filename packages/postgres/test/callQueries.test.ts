/** Listing under a filter that hardly anything matches: bounded work per page, and still everything is found. */
import { EpochMillis } from "@dueline/contracts/Ids"
import { CallQueries, type PageMark } from "@dueline/contracts/ports/Queries"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import * as Sample from "@dueline/port-contracts/Sample"
import { Database } from "@dueline/postgres/Database"
import { asTenant } from "@dueline/postgres/read/PostgresOpsQueries"
import * as PostgresCallQueries from "@dueline/postgres/read/PostgresCallQueries"
import { asking, reading } from "@dueline/postgres/SqlFailure"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"

const layer = Layer.mergeAll(PostgresPersistence.layer, PostgresCallQueries.layer).pipe(
  Layer.provideMerge(TestDatabase.layer)
)

const everything = { status: null, tags: [], dueFrom: null, dueTo: null, search: null }
const { scanBudget } = PostgresCallQueries

it.layer(layer, { excludeTestServices: true, timeout: "60 seconds" })("listing calls", (it) => {
  it.effect("a call that lies beyond what one page looks at is found on a later page", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const store = yield* Persistence
      const rare = Sample.target(tenant)
      const at = (offset: number) => EpochMillis.make(Sample.now + offset)
      yield* store.commit([Sample.commit(rare, { row: { tags: ["rare"], createdAt: at(0) } })])
      const common = Array.from({ length: scanBudget + 500 }, () => Sample.target(tenant))
      yield* store.commit(common.map((call, index) => Sample.commit(call, { row: { createdAt: at(index + 1) } })))
      const queries = yield* CallQueries
      const ask = (after: PageMark | null) =>
        queries.list({ tenantId: tenant, filter: { ...everything, tags: ["rare"] }, after, limit: 10 })
      const first = yield* ask(null)
      assert.deepStrictEqual(first.rows, [])
      assert.strictEqual(first.next?.createdAt, Sample.now + 501)
      const second = yield* ask(first.next)
      assert.deepStrictEqual(
        second.rows.map(({ callId }) => callId),
        [rare.callId]
      )
      assert.isNull(second.next)
    })
  )

  it.effect("is not troubled by a server that ends its idle connections", () =>
    Effect.gen(function* () {
      const call = Sample.target()
      yield* (yield* Persistence).commit([Sample.commit(call)])
      const queries = yield* CallQueries
      const page = queries.list({ tenantId: call.tenantId, filter: everything, after: null, limit: 10 })
      const pages = Effect.all([page, page, page, page], { concurrency: "unbounded" })
      yield* TestDatabase.session((sql) =>
        Effect.gen(function* () {
          for (let round = 0; round < 20; round++) {
            const ended = sql`select pg_terminate_backend(pid) from pg_stat_activity
              where datname = current_database() and application_name = 'dueline edge'`
            const [listed] = yield* Effect.all([pages, ended], { concurrency: "unbounded" })
            assert.deepStrictEqual(
              listed.map(({ rows }) => rows.length),
              [1, 1, 1, 1]
            )
          }
        })
      )
    })
  )

  it.effect("a transaction whose connection dies was not answered, which is no mistake", () =>
    Effect.gen(function* () {
      const { edge } = yield* Database
      const dying = asTenant(edge, Sample.target().tenantId, edge`select pg_terminate_backend(pg_backend_pid())`)
      for (const asked of [dying.pipe(asking("ask")), dying.pipe(reading("read"))])
        assert.strictEqual((yield* Effect.flip(asked))._tag, "StoreUnavailable")
    })
  )

  it.effect("a question that no stored text can match finds nothing and troubles nobody", () =>
    Effect.gen(function* () {
      const call = Sample.target()
      yield* (yield* Persistence).commit([Sample.commit(call)])
      const queries = yield* CallQueries
      for (const filter of [
        { search: "\0" },
        { tags: ["\0"] },
        { search: "\ud800" },
        { search: "%" },
        { tags: ['"},{', "\\"] }
      ]) {
        const page = yield* queries.list({
          tenantId: call.tenantId,
          filter: { ...everything, ...filter },
          after: null,
          limit: 10
        })
        assert.deepStrictEqual(page, { rows: [], next: null })
      }
    })
  )
})
