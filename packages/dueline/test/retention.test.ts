/** What is removed on a real database, held against a plain model of what should be left, and what verification says afterwards. */
import { verifierOf } from "@dueline/audit/note"
import { EpochMillis, type TenantId } from "@dueline/contracts/Ids"
import { Overviews } from "@dueline/contracts/ports/Overviews"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { RetentionRules } from "@dueline/contracts/ports/TenantRules"
import { TenantDirectory } from "@dueline/contracts/ports/Directories"
import type { TenantRow } from "@dueline/contracts/tenant/Tenant"
import type { ServiceCallStatus } from "@dueline/contracts/serviceCall/Command"
import * as Sample from "@dueline/port-contracts/Sample"
import * as SealedLog from "@dueline/postgres/admin/SealedLog"
import { verify } from "@dueline/postgres/admin/verify"
import * as PostgresEventSource from "@dueline/postgres/read/PostgresEventSource"
import * as PostgresOverviews from "@dueline/postgres/read/PostgresOverviews"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import * as PostgresRetentionRules from "@dueline/postgres/write/PostgresRetentionRules"
import * as PostgresRetention from "@dueline/postgres/write/PostgresRetention"
import * as SealedTree from "@dueline/postgres/write/SealedTree"
import { assert, it } from "@effect/vitest"
import { Clock, Effect, Exit, Layer, References } from "effect"
import { hash } from "node:crypto"
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { zstdDecompressSync } from "node:zlib"
import { verifySealed } from "../src/cli/audit/readSealed.ts"
import { exportTo, makeRetention } from "../src/work/Retention.ts"
import { countAll, newFolder, sealAll, signer } from "./sealAll.ts"

const layer = Layer.mergeAll(
  PostgresPersistence.layer,
  PostgresOverviews.layer,
  PostgresRetention.layer,
  PostgresRetentionRules.layer,
  PostgresEventSource.layerEventLog,
  SealedTree.layer,
  SealedLog.layer,
  Layer.succeed(References.MinimumLogLevel, "None")
).pipe(Layer.provideMerge(TestDatabase.layerAlone))

const types: Readonly<Record<"Scheduled" | "Succeeded" | "Failed", ReadonlyArray<string>>> = {
  Scheduled: ["ServiceCallSubmitted"],
  Succeeded: ["ServiceCallSubmitted", "ExecutionStarted", "ExecutionSucceeded"],
  Failed: ["ServiceCallSubmitted", "ExecutionStarted", "ExecutionFailed", "ServiceCallFailed"]
}

/** One that was made at the one time and ended, if it has, at the other, each event in a commit of its own. */
const live = Effect.fnUntraced(function* (
  tenantId: TenantId,
  status: keyof typeof types,
  createdAt: number,
  endedAt: number,
  submitted: object = {}
) {
  const { commit } = yield* Persistence
  const of = Sample.target(tenantId)
  const all = types[status]
  for (const [n, type] of all.entries()) {
    const isLast = n === all.length - 1
    const states: ReadonlyArray<ServiceCallStatus> = ["Scheduled", "Running", "Running"]
    yield* commit([
      Sample.commit(of, {
        expectedVersion: n,
        events: [{ ...Sample.event({ _tag: type, ...(n === 0 ? submitted : {}) }), type }],
        row: {
          version: n + 1,
          createdAt: EpochMillis.make(createdAt),
          status: isLast ? status : (states[n] ?? "Running"),
          endedAt: isLast && status !== "Scheduled" ? EpochMillis.make(endedAt) : null,
          ...(status === "Scheduled" ? {} : { wakeAt: null })
        }
      })
    ])
  }
  return { id: of.callId as string, status, createdAt, endedAt: status === "Scheduled" ? null : endedAt }
})

const now = Sample.now

/** Tenants that there are, and nothing known of them. */
const directoryOf = (ids: ReadonlyArray<TenantId>) =>
  Layer.succeed(TenantDirectory, {
    exists: () => Effect.succeed(true),
    find: () => Effect.succeed(null),
    suspended: Effect.succeed([]),
    list: () => Effect.succeed({ rows: ids.map((tenantId) => ({ tenantId }) as TenantRow), next: null })
  })

/** All of a tenant's steps, in steps of `limit`. */
const removeAll = Effect.fnUntraced(function* (tenantId: TenantId, before: number, limit: number) {
  const store = yield* PostgresRetention.Retention
  const question = { tenantId, kind: "service-call" as const, before, after: null, limit }
  let streams = 0
  for (;;) {
    const found = yield* store.outlived(question)
    assert.isAtMost(found.ids.length, limit)
    streams += (yield* store.remove(question, found, now)).streams
    if (found.next === null) return streams
  }
})

const leftOf = (tenantId: TenantId) =>
  TestDatabase.session((sql) =>
    Effect.map(
      sql<{
        readonly id: string
      }>`select call_id::text as id from dueline.service_calls where tenant_id = ${tenantId}::uuid order by 1`,
      (rows) => rows.map(({ id }) => id)
    )
  )

const eventsOf = (tenantId: TenantId) =>
  TestDatabase.session((sql) =>
    Effect.map(
      sql<{ readonly n: number }>`select count(*)::int as n from dueline.events where tenant_id = ${tenantId}::uuid`,
      ([row]) => row?.n ?? 0
    )
  )

/** A sequence that looks like chance and is the same each time. */
const dice = (seed: number) => {
  let state = seed
  return (sides: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state % sides
  }
}

it.layer(layer, { excludeTestServices: true, timeout: "120 seconds" })("retention", (it) => {
  it.effect(
    "whatever calls there are, those that ended before are gone with their events, all others are as they were, and both verifications are content",
    () =>
      Effect.gen(function* () {
        for (const seed of [1, 2, 3]) {
          const draw = dice(seed)
          const [tenantId, other] = [Sample.tenantId(), Sample.tenantId()]
          const before = now - 1_000
          const calls = yield* Effect.forEach(Array.from({ length: 40 }), () => {
            const createdAt = now - 5_000 + draw(4_500)
            return live(
              tenantId,
              (["Scheduled", "Succeeded", "Failed"] as const)[draw(3)] ?? "Failed",
              createdAt,
              createdAt + draw(4_000)
            )
          })
          const theirs = yield* live(other, "Succeeded", now - 9_000, now - 8_000)
          yield* sealAll
          yield* countAll
          const model = calls.filter(({ endedAt }) => endedAt === null || endedAt >= before)
          const removed = yield* removeAll(tenantId, before, 1 + draw(9))
          assert.strictEqual(removed, calls.length - model.length, `seed ${seed}`)
          assert.deepStrictEqual(yield* leftOf(tenantId), model.map(({ id }) => id).sort(), `seed ${seed}`)
          assert.deepStrictEqual(yield* leftOf(other), [theirs.id])
          assert.strictEqual(
            yield* eventsOf(tenantId),
            model.reduce((sum, { status }) => sum + types[status].length, 0)
          )
          const counted = (yield* (yield* Overviews).of(tenantId, now)).calls
          for (const status of ["Scheduled", "Succeeded", "Failed"] as const)
            assert.strictEqual(counted[status] ?? 0, model.filter((call) => call.status === status).length, status)
          assert.deepStrictEqual((yield* verify).findings, [])
          const folder = yield* sealAll
          const verdict = yield* verifySealed(folder, verifierOf(signer), () => Effect.void)
          assert.deepStrictEqual(verdict.findings, [])
          assert.isNotEmpty(verdict.removed)
        }
      }),
    { tags: ["ADR-0046.1", "ADR-0046.2"] }
  )

  it.effect(
    "what is not sealed as it is, or not counted, stays; it is removed once it is",
    () =>
      Effect.gen(function* () {
        const tenantId = Sample.tenantId()
        const call = yield* live(tenantId, "Succeeded", now - 5_000, now - 4_000)
        assert.strictEqual(yield* removeAll(tenantId, now, 10), 0)
        yield* sealAll
        assert.strictEqual(yield* removeAll(tenantId, now, 10), 0)
        yield* countAll
        yield* TestDatabase.session((sql) =>
          Effect.gen(function* () {
            yield* sql`set session_replication_role = replica`
            yield* sql`update dueline.events set payload = '{"_tag":"changed"}' where stream_id = ${call.id}::uuid and version = 2`
          })
        )
        assert.strictEqual(yield* removeAll(tenantId, now, 10), 0, "somebody has changed it")
        assert.deepStrictEqual(yield* leftOf(tenantId), [call.id])
        yield* TestDatabase.session((sql) =>
          Effect.gen(function* () {
            yield* sql`set session_replication_role = replica`
            yield* sql`update dueline.events set payload = '{"_tag":"ExecutionStarted"}' where stream_id = ${call.id}::uuid and version = 2`
          })
        )
        assert.strictEqual(yield* removeAll(tenantId, now, 10), 1)
        assert.deepStrictEqual(yield* leftOf(tenantId), [])
      }),
    { tags: ["ADR-0046.2"] }
  )

  it.effect(
    "each tenant's are kept as long as its setting says, exported before they go, and a folder that takes nothing keeps everything",
    () =>
      Effect.gen(function* () {
        const [usual, dear, brief] = [Sample.tenantId(), Sample.tenantId(), Sample.tenantId()]
        const at = yield* Clock.currentTimeMillis
        const ago = (days: number) => at - days * 86_400_000
        for (const tenantId of [usual, dear, brief])
          for (const days of [20, 50, 100, 101]) yield* live(tenantId, "Succeeded", ago(days) - 1_000, ago(days))
        yield* sealAll
        yield* countAll
        const folder = yield* newFolder("export")
        const settings = {
          DUELINE_RETENTION: `90, ${dear}=forever, ${brief}=30`,
          DUELINE_RETENTION_LEAST: 1,
          DUELINE_RECEIPT_HOURS: 168,
          DUELINE_RETENTION_EXPORT: "/dev/null/nowhere"
        }
        const among = directoryOf([usual, dear, brief])
        const counts = { streams: 0, events: 0, letters: 0 }
        const stuck = yield* Effect.provide(makeRetention(settings), among)
        assert.isTrue(Exit.isFailure(yield* Effect.exit(stuck.round(counts, () => true))))
        assert.lengthOf(yield* leftOf(usual), 4)
        const { look, round } = yield* Effect.provide(
          makeRetention({ ...settings, DUELINE_RETENTION_EXPORT: folder }),
          among
        )
        assert.strictEqual(yield* look(usual, ago(90)), 2)
        assert.isFalse(yield* round(counts, () => true))
        assert.deepStrictEqual(counts, { streams: 5, events: 15, letters: 0 })
        assert.deepStrictEqual(
          yield* Effect.forEach([usual, dear, brief], (id) => Effect.map(leftOf(id), (left) => left.length)),
          [2, 4, 1]
        )
        assert.sameMembers(yield* Effect.promise(() => readdir(folder)), [usual, brief])
      }),
    { tags: ["ADR-0046.1", "ADR-0046.3"] }
  )

  it.effect(
    "a tenant that wants things kept shorter has them kept shorter, and longer than the installation allows nobody",
    () =>
      Effect.gen(function* () {
        const [silent, brief, greedy] = [Sample.tenantId(), Sample.tenantId(), Sample.tenantId()]
        const rules = yield* RetentionRules
        const at = yield* Clock.currentTimeMillis
        const ago = (days: number) => at - days * 86_400_000
        for (const tenantId of [silent, brief, greedy])
          for (const days of [5, 20, 50, 100]) yield* live(tenantId, "Succeeded", ago(days) - 1_000, ago(days))
        yield* sealAll
        yield* countAll
        const say = (tenantId: TenantId, days: number | null) =>
          rules.set({
            tenantId,
            rule: { days },
            at: EpochMillis.make(at),
            actor: { kind: "user", id: "somebody" },
            correlationId: "c"
          })
        yield* say(brief, 10)
        // As it was allowed before the installation's own setting was lowered.
        yield* say(greedy, null)
        assert.deepStrictEqual(yield* rules.outlived(brief, ago(10)), { calls: 3, ingestions: 0, more: false })
        const settings = {
          DUELINE_RETENTION: "90",
          DUELINE_RETENTION_LEAST: 30,
          DUELINE_RECEIPT_HOURS: 168,
          DUELINE_RETENTION_EXPORT: ""
        }
        const removedWith = Effect.fnUntraced(function* (changed: Partial<typeof settings>) {
          const retention = makeRetention({ ...settings, ...changed })
          const { round } = yield* Effect.provide(retention, directoryOf([silent, brief, greedy]))
          yield* round({ streams: 0, events: 0, letters: 0 }, () => true)
          return yield* Effect.forEach([silent, brief, greedy], (id) => Effect.map(leftOf(id), (left) => left.length))
        })
        assert.deepStrictEqual(yield* removedWith({}), [3, 2, 3])
        assert.deepStrictEqual(yield* removedWith({ DUELINE_RETENTION_LEAST: 1 }), [3, 1, 3])
      }),
    { tags: ["ADR-0046.5"] }
  )

  it.effect("a look goes on where the last one ended, past calls that have not ended, and begins anew at the end", () =>
    Effect.gen(function* () {
      const tenantId = Sample.tenantId()
      const store = yield* PostgresRetention.Retention
      for (let n = 0; n < 3; n++) yield* live(tenantId, "Scheduled", now - 9_000 + n, 0)
      yield* live(tenantId, "Succeeded", now - 8_000, now - 7_000)
      yield* live(tenantId, "Succeeded", now - 7_000, now - 6_000)
      yield* sealAll
      yield* countAll
      const question = { tenantId, kind: "service-call" as const, before: now, after: null, limit: 1 }
      const first = yield* store.outlived(question)
      assert.lengthOf(first.ids, 1)
      yield* store.remove(question, first, now)
      const second = yield* store.outlived(question)
      assert.lengthOf(second.ids, 1)
      assert.notDeepEqual(second.ids, first.ids)
      yield* store.remove(question, second, now)
      const end = yield* store.outlived(question)
      assert.deepStrictEqual(end, { ids: [], next: null })
      yield* store.remove(question, end, now)
      assert.lengthOf(yield* leftOf(tenantId), 3)
    })
  )

  it.effect("a call with a pending key stays: the current one of its key is found by it", () =>
    Effect.gen(function* () {
      const tenantId = Sample.tenantId()
      const submitted = { spec: { pending: { key: "report" } } }
      const kept = yield* live(tenantId, "Succeeded", now - 5_000, now - 4_000, submitted)
      yield* live(tenantId, "Succeeded", now - 5_000, now - 4_000, { spec: {} })
      yield* sealAll
      yield* countAll
      assert.strictEqual(yield* removeAll(tenantId, now, 10), 1)
      assert.deepStrictEqual(yield* leftOf(tenantId), [kept.id])
    })
  )

  it.effect("a call that somebody is changing at this moment stays", () =>
    Effect.gen(function* () {
      const tenantId = Sample.tenantId()
      const call = yield* live(tenantId, "Failed", now - 5_000, now - 4_000)
      yield* sealAll
      yield* countAll
      const context = yield* Effect.context<PostgresRetention.Retention>()
      const removed = yield* TestDatabase.session((sql) =>
        Effect.gen(function* () {
          yield* sql`begin`
          yield* sql`update dueline.service_calls set attempt = attempt where call_id = ${call.id}::uuid`
          const none = yield* Effect.provide(removeAll(tenantId, now, 10), context)
          yield* sql`rollback`
          return none
        })
      )
      assert.strictEqual(removed, 0)
      assert.deepStrictEqual(yield* leftOf(tenantId), [call.id])
    })
  )

  it.effect(
    "what is exported before is every event, in files whose sums are right",
    () =>
      Effect.gen(function* () {
        const tenantId = Sample.tenantId()
        const call = yield* live(tenantId, "Failed", now - 5_000, now - 4_000)
        const store = yield* PostgresRetention.Retention
        const lines = yield* store.events(tenantId, [call.id])
        const folder = yield* newFolder("export")
        const path = yield* exportTo(folder)({ tenantId, kind: "service-call", at: now, lines })
        const packed = yield* Effect.promise(() => readFile(path))
        const told = zstdDecompressSync(packed)
          .toString()
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line) as { readonly type: string; readonly streamId: string })
        assert.deepStrictEqual(
          told.map(({ type }) => type),
          [...types.Failed]
        )
        const sum = yield* Effect.promise(() => readFile(`${path}.sha256`, "utf8"))
        assert.strictEqual(sum.split("  ")[0], hash("sha256", packed, "hex"))
        assert.lengthOf(yield* Effect.promise(() => readdir(join(folder, tenantId))), 2)
        const refused = yield* Effect.flip(
          exportTo("/dev/null/nowhere")({ tenantId, kind: "service-call", at: now, lines })
        )
        assert.include(refused.message, "cannot write to /dev/null/nowhere")
      }),
    { tags: ["ADR-0046.3"] }
  )
})
