/** What is committed to a real database, sealed, signed, verified and exported, and what is found when somebody changes it by SQL. */
import { makeSealer, PublishFailed, publishTo } from "@dueline/audit/Sealer"
import { signerOf, verifierOf } from "@dueline/audit/note"
import type { EpochMillis } from "@dueline/contracts/Ids"
import { AuditTrail, type AuditEntry } from "@dueline/contracts/ports/AuditTrail"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import * as Sample from "@dueline/port-contracts/Sample"
import * as SealedLog from "@dueline/postgres/admin/SealedLog"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import * as PostgresAuditTrail from "@dueline/postgres/write/PostgresAuditTrail"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import * as SealedTree from "@dueline/postgres/write/SealedTree"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, References } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { exportLeaves, verifySealed } from "../src/cli/audit/readSealed.ts"

const layer = Layer.mergeAll(
  PostgresPersistence.layer,
  PostgresAuditTrail.layer,
  SealedTree.layer,
  SealedLog.layer,
  Layer.succeed(References.MinimumLogLevel, "None")
).pipe(Layer.provideMerge(TestDatabase.layerAlone))

const signer = signerOf("dueline-audit-test", Buffer.alloc(32, 7))

const sealerTo = (folder: string, every = 1_000_000) =>
  Effect.flatMap(SealedTree.SealedTree, (store) =>
    makeSealer({ store, signer: Effect.succeed(signer), every, publish: publishTo(folder) })
  )

const newFolder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "checkpoints-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
)

const commit = Effect.fnUntraced(function* (times: number) {
  const persistence = yield* Persistence
  for (let n = 0; n < times; n++) {
    yield* persistence.commit([Sample.commit(Sample.target(), { events: [Sample.event(), Sample.event()] })])
  }
})

const entry = (tenantId = Sample.tenantId()): AuditEntry => ({
  tenantId,
  at: Sample.now as EpochMillis,
  actor: { kind: "user", id: "alice" },
  action: "orders.create",
  resource: null,
  outcome: "refused",
  code: "insufficient_scope",
  correlationId: "c0",
  count: 1
})

const verdict = (folder: string) => verifySealed(folder, verifierOf(signer), () => Effect.void)

/** As the database's owner would, whom the trigger does not stop. */
const asOwner = (change: (sql: SqlClient) => Effect.Effect<unknown, SqlError>) =>
  TestDatabase.session((sql) =>
    Effect.gen(function* () {
      yield* sql`set session_replication_role = replica`
      yield* change(sql)
    })
  )

it.layer(layer, { excludeTestServices: true, timeout: "60 seconds" })("sealing", (it) => {
  it.effect(
    "every event and entry is one leaf, in the order of its log, and all of it is signed",
    () =>
      Effect.gen(function* () {
        const folder = yield* newFolder
        const sealer = yield* sealerTo(folder)
        yield* commit(10)
        yield* (yield* AuditTrail).append([entry(), entry()])
        yield* sealer.finish
        const first = yield* verdict(folder)
        assert.deepStrictEqual(
          { leaves: first.leaves, size: first.signed?.size, findings: first.findings },
          { leaves: 22, size: 22, findings: [] }
        )
        yield* commit(300)
        yield* sealer.finish
        const second = yield* verdict(folder)
        assert.deepStrictEqual([second.leaves, second.signed?.size, second.findings], [622, 622, []])
        assert.lengthOf(yield* Effect.promise(() => readdir(folder)), 2)
        let lines = ""
        yield* exportLeaves(second.leaves, (some) => Effect.sync(() => void (lines += some)))
        assert.lengthOf(lines.trimEnd().split("\n"), 622)
      }),
    { tags: ["ADR-0040.5"] }
  )

  it.effect(
    "of two who seal at once one is heard, and nothing is sealed twice",
    () =>
      Effect.gen(function* () {
        const folder = yield* newFolder
        const sealers = [yield* sealerTo(folder), yield* sealerTo(folder), yield* sealerTo(folder)]
        for (let n = 0; n < 5; n++) {
          yield* commit(5)
          yield* Effect.forEach(sealers, ({ round }) => round(false), { concurrency: "unbounded" })
        }
        yield* Effect.forEach(sealers, ({ finish }) => finish)
        const { findings } = yield* verdict(folder)
        assert.deepStrictEqual(findings, [])
        const counts = yield* TestDatabase.session(
          (sql) => sql<{ readonly same: boolean }>`select (select size from dueline.audit_tree) =
            (select count(*) from dueline.events) + (select count(*) from dueline.audit_entries) as same`
        )
        assert.isTrue(counts[0]?.same)
      }),
    { tags: ["ADR-0040.5"] }
  )

  it.effect("what is younger than an open transaction waits for it, and comes behind it", () =>
    Effect.gen(function* () {
      const folder = yield* newFolder
      const sealer = yield* sealerTo(folder)
      yield* sealer.finish
      const before = (yield* verdict(folder)).leaves
      const context = yield* Effect.context<Persistence | SealedLog.SealedLog>()
      yield* TestDatabase.session((sql) =>
        Effect.gen(function* () {
          yield* sql`begin`
          yield* sql`select pg_current_xact_id()::text`
          yield* commit(3)
          yield* sealer.finish
          assert.strictEqual((yield* verdict(folder)).leaves, before)
          yield* sql`rollback`
        }).pipe(Effect.provide(context))
      )
      yield* sealer.finish
      const { findings, leaves } = yield* verdict(folder)
      assert.deepStrictEqual([leaves, findings], [before + 6, []])
    })
  )

  it.effect("a checkpoint is signed once there are enough leaves, and not for nothing", () =>
    Effect.gen(function* () {
      const folder = yield* newFolder
      const sealer = yield* sealerTo(folder, 10)
      yield* sealer.finish
      const signed = yield* Effect.promise(() => readdir(folder))
      yield* commit(4)
      yield* sealer.round(false)
      assert.deepStrictEqual(yield* Effect.promise(() => readdir(folder)), signed)
      yield* commit(1)
      yield* sealer.round(false)
      assert.lengthOf(yield* Effect.promise(() => readdir(folder)), signed.length + 1)
      yield* sealer.finish
      assert.lengthOf(yield* Effect.promise(() => readdir(folder)), signed.length + 1)
    })
  )

  it.effect(
    "leaves that are noted as removed are told as removed, and a row that is gone without a note is missing",
    () =>
      Effect.gen(function* () {
        const folder = yield* newFolder
        const sealer = yield* sealerTo(folder)
        yield* (yield* AuditTrail).append([entry()])
        yield* commit(2)
        yield* sealer.finish
        const { leaves } = yield* verdict(folder)
        const [first, last] = [leaves - 3, leaves - 2]
        yield* asOwner((sql) =>
          Effect.andThen(
            sql`delete from dueline.events where (xact, position) in
              (select xact, position from dueline.events order by xact desc, position desc limit 2 offset 1)`,
            sql`select dueline.note_removal(${first}::float8, ${last}::float8, 'after 400 days', 0)`
          )
        )
        yield* sealer.finish
        const { findings, removed } = yield* verdict(folder)
        assert.deepStrictEqual([findings, removed], [[], [{ from: first, to: last + 1 }]])
        let lines: ReadonlyArray<string> = []
        yield* exportLeaves(leaves, (some) => Effect.sync(() => (lines = [...lines, ...some.trimEnd().split("\n")])))
        assert.lengthOf(
          lines.filter((line) => line.startsWith('{"removed":')),
          2
        )
        yield* asOwner(
          (sql) => sql`update dueline.audit_tiles set kinds = regexp_replace(kinds, 'e', 'E') where tile = 0`
        )
        assert.isNotEmpty((yield* verdict(folder)).findings)
        yield* asOwner(
          (sql) => sql`update dueline.audit_tiles set kinds = regexp_replace(kinds, 'E', 'e') where tile = 0`
        )
      }),
    { tags: ["ADR-0040.4"] }
  )

  it.effect("a tree that was changed under the sealer is not signed", () =>
    Effect.gen(function* () {
      const folder = yield* newFolder
      const sealer = yield* sealerTo(folder)
      yield* commit(1)
      yield* sealer.finish
      const signed = yield* Effect.promise(() => readdir(folder))
      const kept = yield* TestDatabase.session(
        (sql) => sql<{ readonly peaks: string }>`select encode(peaks, 'hex') as peaks from dueline.audit_tree`
      )
      yield* asOwner((sql) => sql`update dueline.audit_tree set peaks = overlay(peaks placing '\\x0000'::bytea from 1)`)
      yield* commit(1)
      const refused = yield* Effect.flip(sealer.finish)
      assert.strictEqual(refused._tag, "PublishFailed")
      assert.deepStrictEqual(yield* Effect.promise(() => readdir(folder)), signed)
      assert.isTrue((yield* verdict(folder)).findings.some(({ where }) => where === "audit_tree"))
      yield* asOwner((sql) => sql`update dueline.audit_tree set peaks = decode(${kept[0]?.peaks ?? ""}, 'hex')`)
      yield* (yield* sealerTo(folder)).finish
      assert.deepStrictEqual((yield* verdict(folder)).findings, [])
    })
  )

  it.effect("a checkpoint that cannot be written is not kept, and is signed with the next round that can", () =>
    Effect.gen(function* () {
      const store = yield* SealedTree.SealedTree
      const signs: Array<number> = []
      let full = true
      const sealer = yield* makeSealer({
        store,
        signer: Effect.succeed(signer),
        every: 1,
        publish: (size) => (full ? new PublishFailed({ detail: "full" }) : Effect.sync(() => void signs.push(size)))
      })
      yield* commit(1)
      assert.strictEqual((yield* Effect.flip(sealer.round(false)))._tag, "PublishFailed")
      full = false
      yield* sealer.round(false)
      assert.lengthOf(signs, 1)
    })
  )

  it.effect(
    "an event or entry that was changed, deleted, or added by SQL is named, and it is said how",
    () =>
      Effect.gen(function* () {
        const folder = yield* newFolder
        const sealer = yield* sealerTo(folder)
        yield* commit(200)
        yield* (yield* AuditTrail).append([entry(), entry(), entry()])
        yield* sealer.finish
        assert.deepStrictEqual((yield* verdict(folder)).findings, [])
        const rows = yield* TestDatabase.session(
          (sql) => sql<{ readonly id: string }>`select event_id::text as id from dueline.events order by xact, position`
        )
        const victim = rows[Math.floor(rows.length / 2)]?.id ?? ""
        const kept = yield* TestDatabase.session(
          (sql) =>
            sql<{
              readonly row: string
            }>`select to_json(e)::text as row from dueline.events e where event_id = ${victim}::uuid`
        )
        const restore = asOwner((sql) =>
          Effect.andThen(
            sql`delete from dueline.events where event_id = ${victim}::uuid`,
            sql`insert into dueline.events overriding system value
              select (json_populate_record(null::dueline.events, ${kept[0]?.row ?? "{}"}::text::json)).*`
          )
        )
        const found = Effect.fnUntraced(function* (change: (sql: SqlClient) => Effect.Effect<unknown, SqlError>) {
          yield* asOwner(change)
          return (yield* verdict(folder)).findings
        })

        const changed = yield* found(
          (sql) => sql`update dueline.events set payload = '{"forged":1}' where event_id = ${victim}::uuid`
        )
        assert.strictEqual(changed.length, 1)
        assert.include(changed[0]?.what, "it was changed")
        yield* restore
        assert.deepStrictEqual((yield* verdict(folder)).findings, [])

        const gone = yield* found((sql) => sql`delete from dueline.events where event_id = ${victim}::uuid`)
        assert.include(gone[0]?.what, "is missing")
        assert.strictEqual(gone[0]?.leaf, changed[0]?.leaf)
        yield* restore

        const added = yield* found(
          (
            sql
          ) => sql`insert into dueline.events (tenant_id, stream_id, version, category, event_id, type, event_version, payload, metadata, recorded_at, position, xact)
          overriding system value select gen_random_uuid(), gen_random_uuid(), 1, category, gen_random_uuid(), type, event_version, payload, metadata, recorded_at, position, xact
          from dueline.events where event_id = ${victim}::uuid`
        )
        assert.isNotEmpty(added)
        yield* asOwner((sql) => sql`delete from dueline.events where ctid = (select max(ctid) from dueline.events)`)
        assert.deepStrictEqual((yield* verdict(folder)).findings, [])

        const hidden = yield* found(
          (sql) =>
            sql`delete from dueline.audit_entries where position = (select max(position) from dueline.audit_entries)`
        )
        assert.include(hidden[0]?.where, "audit_entries")

        const tree = yield* found(
          (sql) =>
            sql`update dueline.audit_tiles set hashes = overlay(hashes placing '\\x00'::bytea from 40 for 1) where tile = 0`
        )
        assert.isTrue(tree.some(({ where }) => where === "audit_tiles"))
      }),
    { tags: ["ADR-0040.5"] }
  )
})
