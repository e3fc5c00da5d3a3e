/** What the database itself forbids, asked straight through SQL as each role, for every table there is. */
import type { TenantId } from "@dueline/contracts/Ids"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import * as OpsSample from "@dueline/port-contracts/queries/OpsSample"
import { probes } from "@dueline/port-contracts/queries/OpsListProbe"
import * as Sample from "@dueline/port-contracts/Sample"
import { Database, poolNames } from "@dueline/postgres/Database"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import { databaseRoles } from "@dueline/postgres/schema/Roles"
import { serverWords } from "@dueline/postgres/SqlFailure"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"
import type { SqlError } from "effect/sql/SqlError"

const layer = PostgresPersistence.layer.pipe(Layer.provideMerge(TestDatabase.layer))

const insufficientPrivilege = "42501"

const codeOf = <A>(effect: Effect.Effect<A, SqlError>) =>
  Effect.map(Effect.result(effect), (result) => (Result.isFailure(result) ? serverWords(result.failure).code : "done"))

interface Table {
  readonly name: string
  readonly forced: boolean
  readonly readable: boolean
  readonly column: string
  readonly tenant: boolean
}

/** Every table but those of the migrations themselves: a column of it that can be written, whether it has a tenant, and whether the edge may read any of it. */
const tables = TestDatabase.session((sql) =>
  sql.unsafe<Table>(`select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as forced,
      has_any_column_privilege('dueline_edge', c.oid, 'select') as readable,
      (select a.attname from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and a.attgenerated = '' and a.attidentity = ''
        order by a.attnum limit 1)::text as column, t.attname is not null as tenant
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
      left join pg_attribute t on t.attrelid = c.oid and t.attname = 'tenant_id'
    where n.nspname = 'dueline' and c.relkind in ('r', 'p') and c.relname not in ('migrations', 'repeatables')`)
)

/** Without a tenant there is only what processes keep for themselves, which is no tenant's business. */
const tenantTables = Effect.map(tables, (all) => all.filter(({ tenant }) => tenant))

/** A row of each kind that there is, and what a customer has beside it. */
const opsCommits = (tenantId: TenantId) => [
  OpsSample.commit(OpsSample.customer(tenantId), { sealed: { _tag: "set", value: "key.profile" } }),
  ...Object.values(probes).map(({ row }) => OpsSample.commit(row(tenantId, {})))
]

/** A call and a row of each other kind, with a trace in every table. */
const leaveTraces = Effect.fnUntraced(function* (of: Sample.Target) {
  yield* (yield* Persistence).commit([
    Sample.commit(of, {
      sealed: { _tag: "set", value: "sealed" },
      outbox: [Sample.message()],
      receipts: [Sample.receipt(of)],
      snapshot: { version: 1, form: 1, state: {} }
    }),
    ...opsCommits(of.tenantId)
  ])
  yield* TestDatabase.session((sql) =>
    Effect.all([
      sql`insert into dueline.tenants values (${of.tenantId}::uuid, ${of.tenantId}, 0)`,
      sql`insert into dueline.dead_letters
        select tenant_id, event_id, stream_id, topic, payload, 10, 'gave up', '[]', 0 from dueline.outbox
        where tenant_id = ${of.tenantId}::uuid`,
      sql`with kept as (
          insert into dueline.subscription_messages (tenant_id, event_id, stream_id, topic, payload, kept_at)
            select tenant_id, event_id, stream_id, topic, payload, 0 from dueline.outbox where tenant_id = ${of.tenantId}::uuid
            returning tenant_id, seq, stream_id
        )
        insert into dueline.deliveries (tenant_id, subscription_id, seq, stream_id) select tenant_id, stream_id, seq, stream_id from kept`,
      sql`select dueline.keep_product_event_days(1, 30)`,
      sql`insert into dueline.product_events (tenant_id, day, received_at, id, event_id, type, occurred_at, schema_version, workspace,
          correlation_id, document)
        values (${of.tenantId}::uuid, (now() at time zone 'UTC')::date, 0, ${of.tenantId}::uuid, 'e', 'track', 0, '1', 'default', '0', '{}')`,
      sql`insert into dueline.call_counts values (${of.tenantId}::uuid, 'Scheduled', 1)`,
      sql`insert into dueline.call_minutes values (${of.tenantId}::uuid, 1, 1, 0, 0, 0, 0)`,
      sql`insert into dueline.call_failures values (${of.tenantId}::uuid, 1, 'example.com', 'timeout', 1)`,
      sql`insert into dueline.call_circuits values (${of.tenantId}::uuid, 'example.com', 1)`,
      sql`insert into dueline.api_key_uses values (${of.tenantId}::uuid, ${of.tenantId}::uuid, 0)`,
      sql`insert into dueline.audit_entries (tenant_id, recorded_at, actor_kind, actor_id, action, outcome, correlation_id, count)
        values (${of.tenantId}::uuid, 0, 'user', 'a', 'b', 'refused', '0', 1)`,
      sql`insert into dueline.bulk_job_items values (${of.tenantId}::uuid, gen_random_uuid(), gen_random_uuid(), 1, 0)`
    ])
  )
})

it.layer(layer, { excludeTestServices: true, timeout: "60 seconds" })("database rights", (it) => {
  it.effect(
    "row-level security is on and forced for every table but the migrations' own",
    () =>
      Effect.gen(function* () {
        const all = yield* tables
        assert.isAtLeast(all.length, 12)
        assert.deepStrictEqual(
          all.filter(({ forced }) => !forced),
          []
        )
        assert.deepStrictEqual(all.flatMap(({ name, tenant }) => (tenant ? [] : [name])).sort(), [
          "audit_checkpoints",
          "audit_successions",
          "audit_tiles",
          "audit_tree",
          "installation",
          "installation_keys",
          "leases",
          "probes"
        ])
      }),
    { tags: ["ADR-0005.4"] }
  )

  it.effect(
    "the edge without a tenant sees no row of any table",
    () =>
      Effect.gen(function* () {
        yield* leaveTraces(Sample.target())
        const { edge } = yield* Database
        for (const { name, readable } of yield* tenantTables) {
          const seen = edge.unsafe<{ readonly n: number }>(`select count(tenant_id)::int as n from dueline.${name}`)
          if (readable) assert.deepStrictEqual(yield* seen, [{ n: 0 }], name)
          else assert.strictEqual(yield* codeOf(seen), insufficientPrivilege, name)
        }
      }),
    { tags: ["ADR-0005.4"] }
  )

  it.effect(
    "the edge with a tenant sees that tenant's rows of every readable table and no others",
    () =>
      Effect.gen(function* () {
        const [mine, theirs] = [Sample.target(), Sample.target()]
        yield* leaveTraces(mine)
        yield* leaveTraces(theirs)
        const { edge } = yield* Database
        for (const { name } of (yield* tenantTables).filter(({ readable }) => readable)) {
          const seen = yield* edge.withTransaction(
            Effect.andThen(
              edge`select set_config('app.current_tenant', ${mine.tenantId}, true)`,
              edge.unsafe<{ readonly tenant: string }>(`select distinct tenant_id::text as tenant from dueline.${name}`)
            )
          )
          assert.deepStrictEqual(seen, [{ tenant: mine.tenantId }], name)
        }
      }),
    { tags: ["ADR-0005.4"] }
  )

  it.effect(
    "the tenant ends with its transaction, also on the same connection",
    () =>
      Effect.gen(function* () {
        const mine = Sample.target()
        yield* leaveTraces(mine)
        const { edge } = yield* Database
        yield* edge.withTransaction(edge`select set_config('app.current_tenant', ${mine.tenantId}, true)`)
        const seen = yield* Effect.all(
          Array.from({ length: 8 }, () =>
            edge.unsafe<{ readonly n: number }>("select count(*)::int as n from dueline.events")
          ),
          { concurrency: "unbounded" }
        )
        assert.isTrue(seen.every(([row]) => row?.n === 0))
      }),
    { tags: ["ADR-0005.4"] }
  )

  it.effect(
    "no role that the program works as can insert, update or delete in any table",
    () =>
      Effect.gen(function* () {
        const database = yield* Database
        for (const role of poolNames) {
          for (const { column, name } of yield* tables) {
            for (const attempt of [`insert into dueline.${name} default values`, `delete from dueline.${name}`]) {
              assert.strictEqual(
                yield* codeOf(database[role].unsafe(attempt)),
                insufficientPrivilege,
                `${role}: ${attempt}`
              )
            }
            const update = `update dueline.${name} set ${column} = null`
            assert.strictEqual(
              yield* codeOf(database[role].unsafe(update)),
              insufficientPrivilege,
              `${role}: ${update}`
            )
          }
        }
      }),
    { tags: ["ADR-0004.2"] }
  )

  it.effect(
    "no such right is granted either, which row-level security would only hide",
    () =>
      Effect.gen(function* () {
        const granted = yield* TestDatabase.session((sql) =>
          sql.unsafe<{ readonly found: string }>(`select r.rolname || ' ' || p.privilege || ' ' || c.relname as found
          from pg_class c, pg_roles r, (values ('insert'), ('update'), ('delete'), ('truncate'), ('references'), ('trigger')) p(privilege)
          where c.relnamespace = 'dueline'::regnamespace and c.relkind in ('r', 'p')
            and r.rolname in (${databaseRoles.map((role) => `'dueline_${role}'`).join(", ")})
            and (has_table_privilege(r.rolname, c.oid, p.privilege)
              or (p.privilege in ('insert', 'update') and has_any_column_privilege(r.rolname, c.oid, p.privilege)))`)
        )
        assert.deepStrictEqual(granted, [])
      }),
    { tags: ["ADR-0004.2"] }
  )

  it.effect(
    "edge and workers can call no function that writes domain state",
    () =>
      Effect.gen(function* () {
        // The server lets no function write that is not volatile.
        const callable = yield* TestDatabase.session((sql) =>
          sql.unsafe<{ readonly role: string; readonly name: string }>(`select r.role, p.proname as name
          from (values ('dueline_edge'), ('dueline_worker')) r(role), pg_proc p join pg_namespace n on n.oid = p.pronamespace
          where n.nspname = 'dueline' and p.prosecdef and p.provolatile = 'v' and has_function_privilege(r.role, p.oid, 'execute')
          order by 1, 2`)
        )
        assert.deepStrictEqual(
          callable.map(({ name, role }) => `${role} ${name}`),
          [
            "call_delivery",
            "claim_job_items",
            "count_calls",
            "drop_deliveries",
            "extend_leases",
            "forget_messages",
            "forget_receipts",
            "keep_checkpoint",
            "keep_dead_letter",
            "keep_dead_letter",
            "keep_flow_places",
            "keep_product_event_days",
            "probe",
            "release_flow_places",
            "release_lease",
            "renew_leases",
            "repeat_deliveries",
            "retry_outbox",
            "seal",
            "settle_dead_letter",
            "settle_deliveries",
            "settle_job_items",
            "settle_outbox",
            "sort_messages",
            "take_dead_letter",
            "take_flow_places",
            "take_lease"
          ].map((name) => `dueline_worker ${name}`)
        )
      }),
    { tags: ["ADR-0004.2"] }
  )

  it.effect(
    "the role that takes in events may find one source or API key by its id and see which tenants and which installation there are, and what is struck out, store product events and audit entries, and nothing else",
    () =>
      Effect.gen(function* () {
        const may = yield* TestDatabase.session((sql) =>
          sql.unsafe<{ readonly found: string }>(`select found from (
            select p.proname::text as found from pg_proc p
              where p.pronamespace = 'dueline'::regnamespace and has_function_privilege('dueline_ingest', p.oid, 'execute')
                and not has_function_privilege('public', p.oid, 'execute')
            union all select p.privilege || ' ' || c.relname from pg_class c, (values ('select'), ('insert'), ('update')) p(privilege)
              where c.relnamespace = 'dueline'::regnamespace and c.relkind in ('r', 'p', 'v')
                and has_any_column_privilege('dueline_ingest', c.oid, p.privilege)) f order by 1`)
        )
        assert.deepStrictEqual(
          may.map(({ found }) => found),
          [
            "append_audit",
            "append_product_events",
            "find_api_key",
            "find_courier_source",
            "find_session",
            "installation_facts",
            "note_key_uses",
            "note_session_uses",
            "redaction_rules_since",
            "select migrations",
            "select repeatables",
            "suspended_tenants",
            "tenant_exists"
          ]
        )
      }),
    { tags: ["ADR-0004.2"] }
  )

  it.effect(
    "no role that the program works as owns anything, passes row-level security, or can become another",
    () =>
      Effect.gen(function* () {
        const names = databaseRoles.map((role) => `'dueline_${role}'`).join(", ")
        const [found] = yield* TestDatabase.session((sql) =>
          sql.unsafe<{ readonly owned: number; readonly mighty: number; readonly members: number }>(`select
          (select count(*)::int from pg_class where relowner::regrole::text in (${names}))
            + (select count(*)::int from pg_proc where proowner::regrole::text in (${names})) as owned,
          (select count(*)::int from pg_roles where (rolbypassrls or rolsuper or rolcreaterole or rolcreatedb)
            and rolname in (${names}, 'dueline_append', 'dueline_owner')) as mighty,
          (select count(*)::int from pg_auth_members where member::regrole::text in (${names})) as members`)
        )
        assert.deepStrictEqual(found, { owned: 0, mighty: 0, members: 0 })
      }),
    { tags: ["ADR-0004.2"] }
  )

  it.effect("nobody but the writer reads sealed requests, and workers read no contents", () =>
    Effect.gen(function* () {
      const { edge, worker } = yield* Database
      assert.strictEqual(yield* codeOf(edge.unsafe("select sealed from dueline.service_calls")), insufficientPrivilege)
      for (const column of ["sealed", "url", "headers", "body_snippet", "tags"]) {
        assert.strictEqual(
          yield* codeOf(worker.unsafe(`select ${column} from dueline.service_calls`)),
          insufficientPrivilege,
          column
        )
      }
      assert.strictEqual(yield* codeOf(worker.unsafe("select payload from dueline.events")), insufficientPrivilege)
    })
  )

  it.effect(
    "a committed event can be changed by nobody, not even by who owns the table",
    () =>
      Effect.gen(function* () {
        yield* leaveTraces(Sample.target())
        for (const role of ["dueline_append", "dueline_owner", "dueline_admin"]) {
          for (const attempt of [
            "update dueline.events set version = version",
            "delete from dueline.events",
            "truncate dueline.events"
          ]) {
            const refused = yield* TestDatabase.session((sql) =>
              codeOf(Effect.andThen(sql.unsafe(`set role ${role}`), sql.unsafe(attempt)))
            )
            assert.include([insufficientPrivilege, "DL003"], refused, `${role}: ${attempt}`)
          }
        }
      }),
    { tags: ["ADR-0005.5"] }
  )

  it.effect("a temporary table of the same name does not come between the function and its table", () =>
    Effect.gen(function* () {
      const of = Sample.target()
      const { writer } = yield* Database
      yield* writer.withTransaction(
        Effect.gen(function* () {
          yield* writer.unsafe("create temporary table events (like dueline.events) on commit drop")
          yield* writer.unsafe("select dueline.create_tenant($1::uuid, $2::text, 0)", [of.tenantId, of.tenantId])
        })
      )
      yield* leaveTraces(Sample.target())
      const found = yield* writer`select 1 from dueline.tenants where tenant_id = ${of.tenantId}::uuid`
      assert.lengthOf(found, 1)
    })
  )
})
