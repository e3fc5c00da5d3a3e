/** How rows of calls are stored: from one table of columns, by processes that may know fewer of them than there are. */
import { EpochMillis } from "@dueline/contracts/Ids"
import { CallQueries } from "@dueline/contracts/ports/Queries"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import * as Sample from "@dueline/port-contracts/Sample"
import { callJson, callTexts } from "@dueline/postgres/schema/callColumns"
import { Database } from "@dueline/postgres/Database"
import * as PostgresCallQueries from "@dueline/postgres/read/PostgresCallQueries"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"

const layer = Layer.merge(PostgresPersistence.layer, PostgresCallQueries.layer).pipe(
  Layer.provideMerge(TestDatabase.layer)
)

interface TableColumn {
  readonly name: string
  readonly generated: boolean
  readonly shown: boolean
}

const tableColumns = TestDatabase.session((sql) =>
  sql.unsafe<TableColumn>(`select attname::text as name, attgenerated <> '' as generated,
      has_column_privilege('dueline_edge', attrelid, attnum, 'select') as shown
    from pg_attribute where attrelid = 'dueline.service_calls'::regclass and attnum > 0 and not attisdropped`)
)

/** What a process says of a call that knows nothing of what a call waits for: it names the other columns. */
const storeByFormer = `select dueline.store_calls(r_tenant_id => array[$1::uuid], r_call_id => array[$2::uuid], r_version => array[$3::int],
  r_status => array['Running'], r_created_at => array[0], r_updated_at => array[0], r_due_at => array[0], r_wake_at => array[0], r_revision => array[1],
  r_attempt => array[1], r_epoch => array[1], r_cancel_requested => array[false], r_method => array['GET'], r_url => array['https://a.example'],
  r_headers => array['{"by":"former"}'], r_body_bytes => array[0], r_body_snippet => array[null::text], r_timeout_ms => array[1], r_retry => array['{}'],
  r_tags => array['{}'], r_last_status => array[null::int], r_failure_reason => array[null::text], r_ended_at => array[null::float8],
  r_worker => array['worker'], r_lease_until => array[1], r_correlation_id => array['0abc'], r_sealed => array[''])`

it.layer(layer, { excludeTestServices: true, timeout: "60 seconds" })("the columns of calls", (it) => {
  it.effect(
    "are those of the table, apart from what the database makes itself, and the edge may read what lists show",
    () =>
      Effect.gen(function* () {
        const inTable = yield* tableColumns
        const written = callTexts.parameters.split(", ").map((text) => /^r_(\w+) /.exec(text)?.[1] ?? text)
        assert.sameMembers(
          inTable.filter(({ generated }) => !generated).map(({ name }) => name),
          [...written, "mishap"]
        )
        const shown = callTexts.shown.split(", ")
        assert.sameMembers(
          inTable.flatMap(({ name, shown }) => (shown && written.includes(name) ? [name] : [])),
          shown
        )
        for (const name of shown) assert.include(callJson("c"), `c.${name}`)
      })
  )

  it.effect(
    "that a process does not know stay as they are in the rows it writes, and are null in new ones",
    () =>
      Effect.gen(function* () {
        const { writer } = yield* Database
        const [store, calls] = [yield* Persistence, yield* CallQueries]
        const [known, unknown] = [Sample.target(), Sample.target()]
        const row = { notBefore: EpochMillis.make(Sample.now), waitReason: "retry" } as const
        yield* store.commit([Sample.commit(known, { row, sealed: { _tag: "set", value: "sealed" } })])
        yield* writer.unsafe(storeByFormer, [known.tenantId, known.callId, 2])
        yield* writer.unsafe(storeByFormer, [unknown.tenantId, unknown.callId, 1])
        const { request } = Sample.row(known)
        const expected = {
          ...row,
          version: 2,
          status: "Running" as const,
          request: { ...request, method: "GET" as const, url: "https://a.example", bodyBytes: 0 }
        }
        assert.deepInclude(yield* calls.find(known.tenantId, known.callId), expected)
        assert.strictEqual((yield* store.load([Sample.loadRequest(known)]))[0]?.sealed, "sealed")
        const fresh = yield* calls.find(unknown.tenantId, unknown.callId)
        assert.deepInclude(fresh, { version: 1, notBefore: null, waitReason: null })
        assert.deepInclude(fresh?.request, { headers: { by: "former" }, bodySnippet: null })
      }),
    { tags: ["ADR-0025.3", "ADR-0029.2"] }
  )

  it.effect("are put right by a commit without events, also where the first event said them", () =>
    Effect.gen(function* () {
      const [store, calls] = [yield* Persistence, yield* CallQueries]
      const call = Sample.target()
      yield* store.commit([Sample.commit(call, { sealed: { _tag: "set", value: "sealed" } })])
      const request = {
        method: "PUT",
        url: "https://right.example",
        headers: {},
        bodyBytes: 0,
        bodySnippet: null
      } as const
      const row = { request, timeoutMs: 7, tags: ["right"], createdAt: EpochMillis.make(7), status: "Running" } as const
      const right = Sample.commit(call, { expectedVersion: 1, events: [], row })
      yield* store.commit([right])
      assert.deepStrictEqual(yield* calls.find(call.tenantId, call.callId), right.row)
      assert.strictEqual((yield* store.load([Sample.loadRequest(call)]))[0]?.sealed, "sealed")
    })
  )

  it.effect(
    "come back whole with the next step when a row is gone, and a row that nothing speaks of gives way",
    () =>
      Effect.gen(function* () {
        const [store, calls] = [yield* Persistence, yield* CallQueries]
        const [gone, stray, sound] = [Sample.target(), Sample.target(), Sample.target()]
        const row = { tags: ["said", "first"] }
        yield* store.commit([gone, sound].map((call) => Sample.commit(call, { row })))
        yield* store.commit([Sample.commit(stray, { row })])
        yield* TestDatabase.session((sql) =>
          Effect.gen(function* () {
            yield* sql`delete from dueline.service_calls where call_id = ${gone.callId}::uuid`
            yield* sql.unsafe("set session_replication_role = replica")
            yield* sql`delete from dueline.events where stream_id = ${Sample.streamOf(stray.callId)}::uuid`
          })
        )
        const running = { ...row, ...Sample.running(Sample.workerId(), 1, Sample.now) }
        const batch = [
          Sample.commit(sound, { expectedVersion: 1, row: running }),
          Sample.commit(gone, { expectedVersion: 1, row: running }),
          Sample.commit(stray, { row: { tags: ["anew"] } })
        ]
        yield* store.commit(batch)
        for (const { row } of batch)
          if (row?._tag === "ServiceCallRow") assert.deepStrictEqual(yield* calls.find(row.tenantId, row.callId), row)
      }),
    { tags: ["ADR-0029.1"] }
  )

  it.effect(
    "are no part of what commits a batch: its arguments are those that released programs call",
    () =>
      Effect.gen(function* () {
        const found = yield* TestDatabase.session((sql) =>
          sql.unsafe<{ readonly signature: string }>(
            "select oid::regprocedure::text as signature from pg_proc where proname = 'commit_batch' order by pronargs limit 1"
          )
        )
        const [check, event] = [
          "uuid[],uuid[],integer[]",
          "text[],uuid[],text[],integer[],text[],text[],double precision[]"
        ]
        const message = "uuid[],uuid[],uuid[],text[],text[]"
        const receipt = "uuid[],text[],text[],text[],uuid[],integer[],text[],double precision[]"
        const signature = [check, check, event, message, receipt, "uuid[],uuid[]"].join(",")
        assert.deepStrictEqual(found, [{ signature: `dueline.commit_batch(${signature})` }])
      }),
    { tags: ["ADR-0025.3"] }
  )
})
