/** A tenant is deleted from a real database: nothing of it is left, everything of it was written down before, and the rest is as it was. */
import { verifierOf } from "@dueline/audit/note"
import { EpochMillis, ServiceCallId, type TenantId } from "@dueline/contracts/Ids"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { RequestVault, sealContext } from "@dueline/contracts/ports/Vaults"
import { type TenantRow, workspaceOf } from "@dueline/contracts/tenant/Tenant"
import { topics } from "@dueline/contracts/topics/topics"
import * as OpsSample from "@dueline/port-contracts/queries/OpsSample"
import { probes } from "@dueline/port-contracts/queries/OpsListProbe"
import * as Sample from "@dueline/port-contracts/Sample"
import { erasedTenants } from "@dueline/postgres/admin/erasedCustomers"
import * as SealedLog from "@dueline/postgres/admin/SealedLog"
import { verify } from "@dueline/postgres/admin/verify"
import * as PostgresEventSource from "@dueline/postgres/read/PostgresEventSource"
import * as PostgresOverviews from "@dueline/postgres/read/PostgresOverviews"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import * as PostgresErasure from "@dueline/postgres/write/PostgresErasure"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import * as PostgresRetention from "@dueline/postgres/write/PostgresRetention"
import * as SealedTree from "@dueline/postgres/write/SealedTree"
import * as PersonalDataVaultAes from "@dueline/secrets/PersonalDataVaultAes"
import * as VaultsAes from "@dueline/secrets/VaultsAes"
import { assert, it } from "@effect/vitest"
import { Clock, Effect, Exit, Layer, Redacted, References, Schema } from "effect"
import { hash } from "node:crypto"
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { zstdDecompressSync } from "node:zlib"
import { verifySealed } from "../src/cli/audit/readSealed.ts"
import { makeErasure, settleMs } from "../src/work/Erasure.ts"
import { countAll, newFolder, sealAll, signer } from "./sealAll.ts"

const key = Redacted.make(Uint8Array.from({ length: 32 }, (_, n) => n))
const keys = { sealing: { id: "k1", key } }

const layer = Layer.mergeAll(
  PostgresPersistence.layer,
  PostgresErasure.layer,
  PostgresRetention.layer,
  PostgresOverviews.layer,
  PostgresEventSource.layerEventLog,
  SealedTree.layer,
  SealedLog.layer,
  VaultsAes.layerRequestVault(keys),
  VaultsAes.layerSecretVault(keys),
  PersonalDataVaultAes.layer({ key, opening: [] }),
  Layer.succeed(References.MinimumLogLevel, "None")
).pipe(Layer.provideMerge(TestDatabase.layerAlone))

/** Leaves `canary` wherever something of a tenant can lie, in a tenant that is being deleted since `begunAt`. */
const plant = Effect.fnUntraced(function* (
  canary: string,
  { begunAt, deleting }: { readonly begunAt: number; readonly deleting: boolean },
  exported = true
) {
  const of = Sample.target()
  const { callId, tenantId } = of
  const { commit } = yield* Persistence
  const request = { url: `https://${canary}.example.com`, headers: {}, body: canary }
  const sealed = (yield* RequestVault).seal(request, sealContext(tenantId, callId))
  const row: TenantRow = {
    _tag: "TenantRow",
    tenantId,
    workspaceId: workspaceOf(tenantId),
    version: 1,
    workspace: canary,
    name: canary,
    status: deleting ? "Deleting" : "Active",
    suspendedReason: null,
    createdAt: EpochMillis.make(Sample.now),
    updatedAt: EpochMillis.make(Sample.now),
    correlationId: "0",
    ...(deleting ? { deletion: { begunAt: EpochMillis.make(begunAt), exported } } : {})
  }
  const told = [Sample.event({ _tag: "Told", canary })]
  yield* commit([
    Sample.commit(of, {
      events: [{ ...Sample.event({ _tag: "ServiceCallSubmitted", canary }), type: "ServiceCallSubmitted" }],
      sealed: { _tag: "set", value: sealed },
      outbox: [Sample.message()],
      receipts: [{ ...Sample.receipt(of), key: canary }],
      snapshot: { version: 1, form: 1, state: { canary } },
      row: { correlationId: canary, tags: [canary] }
    }),
    OpsSample.commit(OpsSample.customer(tenantId), {
      events: told,
      sealed: { _tag: "set", value: `${canary}.profile` }
    }),
    ...Object.values(probes).flatMap(({ kind, row: rowOf }) =>
      kind === "tenant" ? [] : [OpsSample.commit(rowOf(tenantId, {}), { events: told })]
    ),
    OpsSample.commit(row, { events: told })
  ])
  const id = tenantId as string
  yield* TestDatabase.session((sql) =>
    Effect.gen(function* () {
      yield* sql`select dueline.keep_product_event_days(1, 30)`
      for (const statement of [
        sql`insert into dueline.dead_letters select tenant_id, event_id, stream_id, topic, payload, 10, ${canary}, '[]', 0
          from dueline.outbox where tenant_id = ${id}::uuid`,
        sql`insert into dueline.product_events (tenant_id, day, received_at, id, event_id, type, occurred_at, schema_version, workspace, correlation_id, document)
          values (${id}::uuid, (now() at time zone 'UTC')::date, 0, ${id}::uuid, ${canary}, 'track', 0, '1', 'default', '0', '{}')`,
        sql`insert into dueline.call_circuits values (${id}::uuid, ${canary}, 99999999999999)`,
        sql`insert into dueline.call_minutes values (${id}::uuid, 99999999, 1, 0, 0, 0, 0),
            ('00000000-0000-0000-0000-000000000000', 99999999, 1, 0, 0, 0, 0)
          on conflict (tenant_id, minute) do update set submitted = call_minutes.submitted + 1`,
        sql`insert into dueline.call_failures values (${id}::uuid, 99999999, ${canary}, 'timeout', 1),
          ('00000000-0000-0000-0000-000000000000', 99999999, ${canary}, 'timeout', 1)`,
        sql`insert into dueline.api_key_uses values (${id}::uuid, ${id}::uuid, 0)`,
        sql`insert into dueline.audit_entries (tenant_id, recorded_at, actor_kind, actor_id, action, outcome, correlation_id, count)
          select ${id}::uuid, n, 'user', ${canary}, 'b', 'refused', '0', 1 from generate_series(1, 3) n`,
        sql`insert into dueline.bulk_job_items values (${id}::uuid, gen_random_uuid(), gen_random_uuid(), 1, 0, null, null, ${canary})`,
        sql`insert into dueline.sessions (tenant_id, session_id, subject, facts, created_at, expires_at, idle_ms, used_at)
          values (${id}::uuid, ${id}::uuid, ${canary}, '{}', 0, 1, 1, 0)`,
        sql`insert into dueline.session_secrets (tenant_id, session_id, digest, kind, made_at)
          values (${id}::uuid, ${id}::uuid, ${"d".repeat(43)}, 'browser', 0)`,
        sql`insert into dueline.subscription_messages (tenant_id, event_id, stream_id, topic, payload, kept_at)
          values (${id}::uuid, ${id}::uuid, ${id}::uuid, ${canary}, '{}', 0)`,
        sql`insert into dueline.deliveries (tenant_id, subscription_id, seq, stream_id)
          select tenant_id, tenant_id, seq, tenant_id from dueline.subscription_messages where tenant_id = ${id}::uuid`,
        sql`insert into dueline.flow_meters values (${id}::uuid, ${canary}, 0)`,
        sql`insert into dueline.flow_places values (${id}::uuid, ${canary}, ${id}::uuid, now())`,
        sql`insert into dueline.redaction_rules (tenant_id, patterns, keep_failed, said, set_at, set_by)
          values (${id}::uuid, array[${canary}], true, true, 0, 'somebody')`,
        sql`insert into dueline.retention_rules values (${id}::uuid, 30, 0, 'somebody')`,
        sql`insert into dueline.retention_progress values (${id}::uuid, 'ingestion', 0, ${id}::uuid)`
      ])
        yield* statement
    })
  )
  return tenantId
})

const tables = TestDatabase.session((sql) =>
  sql.unsafe<{
    readonly name: string
    readonly tenant: boolean
  }>(`select c.relname as name, a.attname is not null as tenant
    from pg_class c left join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
    where c.relnamespace = 'dueline'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition order by 1`)
)

/** Of none of them a tenant has rows: progress over all tenants, and of the erasure itself. */
const without = ["overview_progress", "tenant_erasures"]

const rowsOf = (tenantId: TenantId) =>
  Effect.gen(function* () {
    const counts: Record<string, number> = {}
    for (const { name, tenant } of yield* tables) {
      if (!tenant || without.includes(name)) continue
      const [found] = yield* TestDatabase.session((sql) =>
        sql.unsafe<{ readonly n: number }>(
          `select count(*)::int as n from dueline.${name} where tenant_id = '${tenantId}'`
        )
      )
      counts[name] = found?.n ?? 0
    }
    return counts
  })

/** All that a dump has of every table. */
const dump = Effect.gen(function* () {
  let text = ""
  for (const { name } of yield* tables) {
    const rows = yield* TestDatabase.session((sql) =>
      sql.unsafe<{ readonly line: string }>(`select t::text as line from dueline.${name} t`)
    )
    text += rows.map(({ line }) => `${name} ${line}\n`).join("")
  }
  return text
})

const copiesIn = (text: string, canary: string) => text.split("\n").filter((line) => line.includes(canary))

const exportedIn = (folder: string) =>
  Effect.promise(async () => {
    const names = await readdir(folder)
    let text = ""
    for (const name of names.filter((one) => one.endsWith(".zst"))) {
      const packed = await readFile(join(folder, name))
      assert.strictEqual(
        (await readFile(join(folder, `${name}.sha256`), "utf8")).split("  ")[0],
        hash("sha256", packed, "hex")
      )
      text += zstdDecompressSync(packed).toString()
    }
    return { names, text }
  })

const contentIsRight = Effect.gen(function* () {
  const checkpoints = yield* sealAll
  assert.deepStrictEqual((yield* verify).findings, [])
  const verdict = yield* verifySealed(checkpoints, verifierOf(signer), () => Effect.void)
  assert.deepStrictEqual(verdict.findings, [])
  return verdict
})

it.layer(layer, { excludeTestServices: true, timeout: "120 seconds" })("the erasure of a tenant", (it) => {
  it.effect(
    "leaves nothing of it in any table, wherever it is cut short, exports everything in clear before, and touches no other tenant",
    () =>
      Effect.gen(function* () {
        const begunAt = (yield* Clock.currentTimeMillis) - settleMs - 1_000
        const [canary, other] = ["canary-7f3a", "neighbour-51c0"]
        const tenantId = yield* plant(canary, { begunAt, deleting: true })
        const otherId = yield* plant(other, { begunAt, deleting: false })
        yield* countAll
        const [planted, theirs] = [yield* rowsOf(tenantId), yield* rowsOf(otherId)]
        for (const [name, n] of Object.entries(planted))
          assert.isAbove(n, 0, `plant a row in ${name}, so that it is known to be erased`)
        const theirCopies = copiesIn(yield* dump, other)
        const folder = yield* newFolder("exports")
        const gone: Array<TenantId> = []
        const broken = yield* makeErasure({ folder: "/dev/null/nowhere", elsewhere: () => Effect.void })
        yield* sealAll
        assert.isTrue(Exit.isFailure(yield* Effect.exit(broken.round(() => true))), "what cannot be exported")
        assert.deepStrictEqual(yield* rowsOf(tenantId), planted, "stays")
        // Each time by another process, which may take one step.
        let rounds = 0
        for (let more = true; more; rounds++) {
          assert.isBelow(rounds, 100)
          let steps = 0
          const { round } = yield* makeErasure({
            folder,
            elsewhere: (id) => Effect.sync(() => void gone.push(id))
          })
          yield* round(() => steps++ === 0)
          yield* sealAll
          const [still] = yield* (yield* PostgresErasure.Erasure).tenants(begunAt + 1_000_000_000)
          more = still !== undefined
        }
        assert.isAbove(rounds, 5)
        assert.deepStrictEqual(gone, [tenantId])
        const left = Object.entries(yield* rowsOf(tenantId)).filter(([, n]) => n > 0)
        assert.deepStrictEqual(left, [
          ["events", 1],
          ["outbox", 1],
          ["tenant_rows", 1],
          ["tenants", 1]
        ])
        const [said] = yield* TestDatabase.session((sql) =>
          sql.unsafe<{ readonly topic: "ops.tenant.deleted"; readonly payload: object }>(
            `select topic, payload from dueline.outbox where tenant_id = '${tenantId}'`
          )
        )
        assert.deepStrictEqual<unknown>(
          Schema.decodeUnknownSync(topics["ops.tenant.deleted"].schema, { onExcessProperty: "error" })(said?.payload),
          said?.payload
        )
        const after = yield* dump
        assert.deepStrictEqual(copiesIn(after, canary), [])
        assert.deepStrictEqual(copiesIn(after, other), theirCopies)
        assert.deepStrictEqual(yield* rowsOf(otherId), theirs)
        const { text } = yield* exportedIn(join(folder, tenantId))
        for (const part of [
          `"body":"${canary}"`,
          `"_tag":"Told"`,
          `"table" : "product_events"`,
          `"table" : "audit_entries"`
        ])
          assert.include(text, part)
        const verdict = yield* contentIsRight
        assert.isNotEmpty(verdict.removed)
        yield* countAll
        const counted = yield* TestDatabase.session((sql) =>
          sql.unsafe(`select s.status from (select status, sum(case when tenant_id = '00000000-0000-0000-0000-000000000000' then -n else n end) as n
            from dueline.call_counts group by status) s where s.n <> 0`)
        )
        assert.deepStrictEqual(counted, [])
        assert.deepInclude(
          (yield* erasedTenants).map(({ tenantId: id }) => id),
          tenantId
        )
      }),
    { tags: ["ADR-0049.1", "ADR-0049.2", "ADR-0049.3"] }
  )

  it.effect(
    "waits for what could still be written, declined it exports nothing, and what comes late goes too",
    () =>
      Effect.gen(function* () {
        const at = yield* Clock.currentTimeMillis
        const canary = "late-canary-99"
        const tenantId = yield* plant(canary, { begunAt: at, deleting: true }, false)
        const folder = yield* newFolder("exports")
        const store = yield* PostgresErasure.Erasure
        const pass = Effect.gen(function* () {
          yield* sealAll
          const { round } = yield* makeErasure({ folder, elsewhere: () => Effect.void })
          return yield* round(() => true)
        })
        assert.isTrue(yield* pass, "it has begun just now")
        assert.deepStrictEqual(copiesIn(yield* dump, canary).length, 3, "its own row, in both forms, and its own event")
        assert.strictEqual(yield* store.finish(tenantId, at, at), "done")
        assert.deepStrictEqual(yield* Effect.promise(() => readdir(folder)), [])
        const { commit } = yield* Persistence
        const late = { tenantId, callId: ServiceCallId.make(Sample.uuid()) }
        yield* commit([Sample.commit(late, { events: [Sample.event({ _tag: "Told", canary })] })])
        assert.isNotEmpty(copiesIn(yield* dump, canary))
        yield* pass
        assert.deepStrictEqual(copiesIn(yield* dump, canary), [])
        yield* contentIsRight
      }),
    { tags: ["ADR-0049.1", "ADR-0049.3"] }
  )

  it.effect(
    "keeps what somebody has changed since it was sealed, and says so",
    () =>
      Effect.gen(function* () {
        const begunAt = (yield* Clock.currentTimeMillis) - settleMs - 1_000
        const tenantId = yield* plant("changed-canary", { begunAt, deleting: true }, false)
        yield* sealAll
        const changed = (to: string) =>
          TestDatabase.session((sql) =>
            Effect.gen(function* () {
              yield* sql`set session_replication_role = replica`
              yield* sql`update dueline.audit_entries set action = ${to} where tenant_id = ${tenantId}::uuid and recorded_at = 2`
            })
          )
        yield* changed("x")
        const { run } = yield* makeErasure({
          folder: "/dev/null",
          elsewhere: () => Effect.void,
          betweenPasses: Effect.asVoid(
            Effect.provideService(sealAll, SealedTree.SealedTree, yield* SealedTree.SealedTree)
          )
        })
        const told = yield* Effect.flip(
          run(tenantId, (_, altered) => (altered > 0 ? Effect.fail(altered) : Effect.void))
        )
        assert.strictEqual(told, 2, "the one that was changed, and the one behind it")
        yield* changed("b")
        yield* run(tenantId, () => Effect.void)
        yield* contentIsRight
      }),
    { tags: ["ADR-0049.2"] }
  )
})
