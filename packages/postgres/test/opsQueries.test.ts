/** Reading customers, bins and orders costs what a page costs, whatever the tables hold. Counted by the server, not by the clock. */
import { BinId, CustomerId, EpochMillis, OrderId, TenantId } from "@dueline/contracts/Ids"
import { kinds, type OpsCategory, opsCategories } from "@dueline/contracts/kinds"
import { type ListOptions, OpsQueries } from "@dueline/contracts/ports/Queries"
import { everything, type Specification } from "@dueline/contracts/specification/Specification"
import { Database } from "@dueline/postgres/Database"
import * as PostgresOpsQueries from "@dueline/postgres/read/PostgresOpsQueries"
import { scanBudget } from "@dueline/postgres/read/PostgresOpsQueries"
import { rowsTable } from "@dueline/postgres/schema/rowTables"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"

const layer = PostgresOpsQueries.layer.pipe(Layer.provideMerge(TestDatabase.layer))

const tenants = 4
const each = 3_000
const id = (n: number) => `00000000-0000-7000-8000-${n.toString().padStart(12, "0")}`
const sqlId = (n: string) => `('00000000-0000-7000-8000-' || lpad((${n})::text, 12, '0'))::uuid`

/** Rows of four tenants in turn, each created a second after the one before. `own` is what other tables do not have. */
const fill = (what: OpsCategory, own: Readonly<Record<string, string>>): string => {
  const fields = {
    _tag: `'${kinds[what].rowTag}'`,
    tenantId: sqlId(`n % ${tenants}`),
    [kinds[what].id]: sqlId("n"),
    version: "1",
    status: "'Active'",
    createdAt: "n * 1000",
    updatedAt: "0",
    correlationId: "'0abc'",
    ...own
  }
  const members = Object.entries(fields).flatMap(([name, value]) => [`'${name}'`, value])
  return `insert into dueline.${rowsTable(what)} (row)
    select json_build_object(${members.join(", ")}) from generate_series(1, ${tenants * each}) n`
}

/** All orders of a tenant hold one bin, one after the other. */
const filled = TestDatabase.session((sql) =>
  Effect.forEach(
    [
      fill("customer", { erasedAt: "null" }),
      fill("bin", { serialNumber: "'SN-' || n", category: "'skip'", sizeLitres: "n", capacityLitres: "0" }),
      fill("order", {
        status: "'Scheduled'",
        customerId: sqlId("0"),
        binId: sqlId("0"),
        kind: "'swap'",
        window: "json_build_object('from', n * 1000, 'to', n * 1000 + 4000)"
      }),
      fill("courier-source", { name: "'source-' || n" }),
      fill("bulk-job", { status: "'Completed'", startedBy: "'a'", work: "json_build_object('_tag', 'RunCalls')" }),
      fill("shipment", { courierSourceId: sqlId("0"), trackingReference: "'T' || n", statusAt: "0" }),
      fill("api-key", { name: "'web-shop'", workspace: "'default'" }),
      fill("tenant", { workspace: "'w-' || n", name: "'A tenant'" }),
      fill("subscription", { status: "'Active'" }),
      fill("schedule", { zoneData: "'2026c'", timing: "json_build_object('zone', 'UTC')" }),
      fill("flow", { key: "'k-' || n", status: "'Active'" }),
      fill("pause", { of: "'tag'", key: "'k-' || n", status: "'Active'" }),
      fill("ingestion", { status: "'Received'", courierSourceId: sqlId("0") })
    ],
    (statement) => sql.unsafe(statement),
    { discard: true }
  )
)

/** Of the edge's pool. */
const sessions = 4

/**
 * A session hands in its statistics when it has been quiet for a while; asked for, it does so at once. Every pooled session is asked: none
 * is done before all are.
 */
const flush = Effect.flatMap(Database, ({ edge }) =>
  Effect.all(
    Array.from({ length: sessions }, () => edge.unsafe("select pg_stat_force_next_flush(), pg_sleep(0.01)")),
    { concurrency: "unbounded" }
  )
)

interface Work {
  readonly walked: number
  readonly fetched: number
  /** Index entries gone past, by the index's name. */
  readonly entries: Readonly<Record<string, number>>
}

const work = (table: string) =>
  Effect.andThen(
    flush,
    TestDatabase.session((sql) =>
      Effect.flatMap(
        sql.unsafe<Work>(
          `select seq_tup_read::int as walked, idx_tup_fetch::int as fetched,
            (select json_object_agg(indexrelname, idx_tup_read) from pg_stat_user_indexes i where i.relid = t.relid) as entries
            from pg_stat_user_tables t where schemaname = 'dueline' and relname = $1`,
          [table]
        ),
        ([found]) => (found === undefined ? Effect.die(new Error(`no table ${table}`)) : Effect.succeed(found))
      )
    )
  )

/** What one question costs the table. */
const cost = Effect.fnUntraced(function* <A, E, R>(table: string, question: Effect.Effect<A, E, R>) {
  const before = yield* work(table)
  const answer = yield* question
  const after = yield* work(table)
  const gone = (index: string) => (after.entries[index] ?? 0) - (before.entries[index] ?? 0)
  return { answer, walked: after.walked - before.walked, fetched: after.fetched - before.fetched, gone }
})

const tenantId = TenantId.make(id(1))
const rare: Specification = { _tag: "Below", field: "createdAt", value: 2_000 }

it.layer(layer, { excludeTestServices: true, timeout: "60 seconds" })("reading field operations", (it) => {
  it.effect(
    "a page goes past its own rows in the list's index and past no others, under a rare filter twice past those it may look at",
    () =>
      Effect.gen(function* () {
        yield* filled
        const queries = yield* OpsQueries
        for (const stage of ["never analysed", "analysed"]) {
          // Often enough for every pooled session to make one plan for all marks and limits.
          const asked = stage === "analysed" ? 30 : 1
          if (stage === "analysed") yield* TestDatabase.session((sql) => sql.unsafe("analyze"))
          for (const kind of opsCategories) {
            const table = rowsTable(kind)
            const page = (options: Pick<ListOptions, "filter" | "after">) =>
              queries.list(kind, { tenantId, limit: 10, ...options })
            const after = { createdAt: 6_000_000, id: id(6_000) }
            for (const [options, bound] of [
              [{ filter: everything, after: null }, 11],
              [{ filter: everything, after }, 11],
              [{ filter: rare, after: null }, scanBudget * 2],
              [{ filter: { _tag: "Not", not: rare }, after }, 11]
            ] as const) {
              if (options.filter === everything)
                yield* Effect.replicateEffect(page(options), asked - 1, { concurrency: sessions, discard: true })
              const { fetched, gone, walked } = yield* cost(table, page(options))
              const about = `${table}, ${stage}, ${JSON.stringify(options)}`
              assert.strictEqual(walked, 0, about)
              assert.isAtMost(fetched, bound, about)
              assert.isAtLeast(gone(`${table}_list`), 10, about)
              assert.isAtMost(gone(`${table}_list`), bound, about)
            }
          }
        }
      }),
    { tags: ["ADR-0016.6"] }
  )

  it.effect("one row is found at the cost of one row, and the orders that hold a bin at the cost of those", () =>
    Effect.gen(function* () {
      const queries = yield* OpsQueries
      const found = yield* Effect.all([
        cost("customer_rows", queries.find("customer", tenantId, CustomerId.make(id(5)))),
        cost("bin_rows", queries.find("bin", tenantId, BinId.make(id(5)))),
        cost("order_rows", queries.find("order", tenantId, OrderId.make(id(5))))
      ])
      for (const { answer, fetched, walked } of found) {
        assert.isNotNull(answer)
        assert.strictEqual(walked, 0)
        assert.isAtMost(fetched, 1)
      }
      const window = { from: EpochMillis.make(6_002_000), to: EpochMillis.make(6_010_000) }
      const held = yield* cost("order_rows", queries.holding({ tenantId, binId: BinId.make(id(0)), window, limit: 10 }))
      assert.deepStrictEqual(
        held.answer.map(({ orderId }) => orderId),
        [id(6_001), id(6_005), id(6_009)].map((id) => OrderId.make(id))
      )
      assert.strictEqual(held.walked, 0)
      assert.isAtMost(held.fetched, 4)
    })
  )

  it.effect(
    "a row that lies beyond what one page looks at is found on a later page",
    () =>
      Effect.gen(function* () {
        const queries = yield* OpsQueries
        const first = yield* queries.list("bin", { tenantId, filter: rare, after: null, limit: 10 })
        assert.deepStrictEqual(first.rows, [])
        const last = tenants * (each - scanBudget) + 1
        assert.deepStrictEqual(first.next, { createdAt: last * 1000, id: id(last) })
        const second = yield* queries.list("bin", { tenantId, filter: rare, after: first.next, limit: 10 })
        assert.deepStrictEqual(
          second.rows.map(({ binId }) => binId),
          [BinId.make(id(1))]
        )
        assert.isNull(second.next)
      }),
    { tags: ["ADR-0016.6"] }
  )

  it.effect("a question that no stored text can match finds nothing and troubles nobody", () =>
    Effect.gen(function* () {
      const queries = yield* OpsQueries
      for (const part of ["\0", "\ud800", "%", "\\", "' or true --"]) {
        const filter: Specification = { _tag: "Contains", field: "serialNumber", part }
        const page = yield* queries.list("bin", { tenantId, filter, after: { createdAt: 9_000, id: id(9) }, limit: 10 })
        assert.deepStrictEqual(page, { rows: [], next: null })
      }
    })
  )
})
