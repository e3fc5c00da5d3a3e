/** What all ApiKeys, CourierSources, TenantDirectories and Pauses do. They read what is committed, so they want the Persistence that writes it. */
import type { EpochMillis, TenantId } from "@dueline/contracts/Ids"
import { ApiKeyId } from "@dueline/contracts/apiKey/ApiKey"
import { CourierSourceId } from "@dueline/contracts/courierSource/CourierSource"
import type { PauseRow } from "@dueline/contracts/pause/Pause"
import { ApiKeys, CourierSources, Pauses, TenantDirectory } from "@dueline/contracts/ports/Directories"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import type { RowMark } from "@dueline/contracts/ports/Queries"
import { type TenantRow, workspaceOf } from "@dueline/contracts/tenant/Tenant"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { type Harness, judge } from "../Harness.ts"
import * as Sample from "../Sample.ts"
import { pauseRow, probes } from "./OpsListProbe.ts"
import * as OpsSample from "./OpsSample.ts"

const keyOf = (tenantId = Sample.tenantId()) => probes["api-key"].row(tenantId, {})
const at = (millis: number) => (Sample.now + millis) as EpochMillis

export const apiKeys = (name: string, harness: Harness<ApiKeys | Persistence>): void =>
  judge("ApiKeys", name, harness, (it) => {
    it.effect("a key is found by its id alone, with its tenant; an id that no key has is answered with null", () =>
      Effect.gen(function* () {
        const [one, other] = [keyOf(), keyOf()]
        const customer = OpsSample.customer(Sample.tenantId())
        yield* (yield* Persistence).commit([one, other, customer].map((row) => OpsSample.commit(row)))
        const keys = yield* ApiKeys
        assert.deepStrictEqual(yield* keys.find(one.apiKeyId), one)
        assert.deepStrictEqual(yield* keys.find(other.apiKeyId), other)
        assert.isNull(yield* keys.find(ApiKeyId.make(Sample.uuid())))
        assert.isNull(yield* keys.find(ApiKeyId.make(customer.customerId)))
      })
    )

    it.effect("the latest use of a key is kept, whatever order uses are told in, and shown to its tenant alone", () =>
      Effect.gen(function* () {
        const [one, other] = [keyOf(), keyOf()]
        const unused = keyOf(one.tenantId)
        yield* (yield* Persistence).commit([one, other, unused].map((row) => OpsSample.commit(row)))
        const keys = yield* ApiKeys
        const use = ({ apiKeyId, tenantId }: typeof one, millis: number) => ({ apiKeyId, tenantId, at: at(millis) })
        yield* keys.used([use(one, 5), use(other, 1), use(one, 9), use(one, 7)])
        yield* keys.used([use(one, 8), use(other, 3)])
        const ids = [one, other, unused].map(({ apiKeyId }) => apiKeyId)
        assert.deepStrictEqual(yield* keys.lastUses(one.tenantId, ids), new Map([[one.apiKeyId, at(9)]]))
        assert.deepStrictEqual(yield* keys.lastUses(other.tenantId, ids), new Map([[other.apiKeyId, at(3)]]))
      })
    )

    it.effect("a use of a key that its tenant does not have is dropped", () =>
      Effect.gen(function* () {
        const one = keyOf()
        const stranger = Sample.tenantId()
        yield* (yield* Persistence).commit([OpsSample.commit(one)])
        const keys = yield* ApiKeys
        yield* keys.used([{ tenantId: stranger, apiKeyId: one.apiKeyId, at: at(1) }])
        assert.deepStrictEqual(yield* keys.lastUses(stranger, [one.apiKeyId]), new Map())
      })
    )
  })

/** What all CourierSources do. They read what is committed, so they want the Persistence that writes it. */
const source = () => probes["courier-source"].row(Sample.tenantId(), {})

export const courierSources = (name: string, harness: Harness<CourierSources | Persistence>): void =>
  judge("CourierSources", name, harness, (it) => {
    it.effect("a source is found by its id alone, with its tenant and what is sealed of it", () =>
      Effect.gen(function* () {
        const [one, other] = [source(), source()]
        yield* (yield* Persistence).commit([
          OpsSample.commit(one, { sealed: { _tag: "set", value: "a:v1.key.text,b:v1.key.other" } }),
          OpsSample.commit(other)
        ])
        const sources = yield* CourierSources
        const found = yield* sources.find(one.courierSourceId)
        assert.deepStrictEqual(found, { row: one, sealed: "a:v1.key.text,b:v1.key.other" })
        assert.deepStrictEqual(yield* sources.find(other.courierSourceId), { row: other, sealed: null })
      })
    )

    it.effect("an id that no source has is answered with null, be it one of another kind", () =>
      Effect.gen(function* () {
        const customer = OpsSample.customer(Sample.tenantId())
        yield* (yield* Persistence).commit([OpsSample.commit(customer)])
        const sources = yield* CourierSources
        assert.isNull(yield* sources.find(CourierSourceId.make(Sample.uuid())))
        assert.isNull(yield* sources.find(CourierSourceId.make(customer.customerId)))
      })
    )
  })

/** What all TenantDirectories do. They read what is committed, so they want the Persistence that writes it. */
const tenant = (changes: Partial<TenantRow> = {}): TenantRow => {
  const tenantId = Sample.tenantId()
  return { ...probes.tenant.row(tenantId, {}), workspaceId: workspaceOf(tenantId), ...changes }
}

const suspended = (reason: string) => tenant({ status: "Suspended", suspendedReason: reason })

const kept = Effect.fnUntraced(function* (rows: ReadonlyArray<TenantRow>) {
  yield* (yield* Persistence).commit(rows.map((row) => OpsSample.commit(row)))
})

/** Page by page, those of the ids that are asked for. */
const listed = Effect.fnUntraced(function* (limit: number, among: ReadonlySet<TenantId>) {
  const tenants = yield* TenantDirectory
  const found: Array<TenantId> = []
  let after: RowMark | null = null
  do {
    const page: Effect.Success<ReturnType<typeof tenants.list>> = yield* tenants.list({ status: null, after, limit })
    assert.isAtMost(page.rows.length, limit)
    found.push(...page.rows.map(({ tenantId }) => tenantId).filter((id) => among.has(id)))
    after = page.next
  } while (after !== null)
  return found
})

export const tenantDirectory = (name: string, harness: Harness<TenantDirectory | Persistence>): void =>
  judge("TenantDirectory", name, harness, (it) => {
    it.effect("a tenant is found as it stands, and one that was never made is not", () =>
      Effect.gen(function* () {
        const [one, other] = [tenant(), suspended("unpaid")]
        yield* kept([one, other])
        const tenants = yield* TenantDirectory
        assert.deepStrictEqual(yield* tenants.find(one.tenantId), one)
        assert.deepStrictEqual(yield* tenants.find(other.tenantId), other)
        assert.isNull(yield* tenants.find(Sample.tenantId()))
        assert.deepStrictEqual(
          [yield* tenants.exists(one.tenantId), yield* tenants.exists(Sample.tenantId())],
          [true, false]
        )
      })
    )

    it.effect(
      "those that are suspended are told with their reasons, those that are deleted without, and no others",
      () =>
        Effect.gen(function* () {
          const [one, other, going] = [tenant(), suspended("unpaid"), tenant({ status: "Deleting" })]
          yield* kept([one, other, going])
          const told = (yield* (yield* TenantDirectory).suspended).filter(({ tenantId }) =>
            [one.tenantId, other.tenantId, going.tenantId].includes(tenantId)
          )
          assert.sameDeepMembers(
            [...told],
            [
              { tenantId: other.tenantId, reason: "unpaid" },
              { tenantId: going.tenantId, reason: null }
            ]
          )
        })
    )

    it.effect("lists go newest first, page by page, each tenant once", () =>
      Effect.gen(function* () {
        const rows = [1, 1, 2, 3].map((createdAt) => tenant({ createdAt: createdAt as EpochMillis }))
        yield* kept(rows)
        const order = rows
          .toSorted((a, b) => b.createdAt - a.createdAt || (a.tenantId < b.tenantId ? 1 : -1))
          .map(({ tenantId }) => tenantId)
        assert.deepStrictEqual(yield* listed(2, new Set(order)), order)
        const { rows: active } = yield* (yield* TenantDirectory).list({ status: "Suspended", after: null, limit: 200 })
        for (const { status } of active) assert.strictEqual(status, "Suspended")
      })
    )
  })

/** Long ago, so that they stand before all others of a shared database. */
const pausedAt = (n: number) => (1_000 + n) as EpochMillis

const resumed = (n: number, releasePerSecond: number | null, createdAt: number): PauseRow =>
  pauseRow(Sample.tenantId(), {
    status: "Resumed",
    resumedAt: pausedAt(n),
    resumedBy: "operator",
    releasePerSecond,
    createdAt: pausedAt(createdAt)
  })

export const pauses = (name: string, harness: Harness<Pauses | Persistence>): void =>
  judge("Pauses", name, harness, (it) => {
    it.effect("those that hold are told of all tenants, oldest first, and no more than are asked for", () =>
      Effect.gen(function* () {
        const rows = [3, 1, 2].map((n) =>
          pauseRow(Sample.tenantId(), { createdAt: pausedAt(n), of: "tag", key: `k-${n}` })
        )
        yield* (yield* Persistence).commit(rows.map((row) => OpsSample.commit(row)))
        const { inForce } = yield* Pauses
        const told = yield* inForce({ resumedAfter: pausedAt(0), limit: 2 })
        assert.deepStrictEqual(
          told,
          rows
            .toSorted((a, b) => a.createdAt - b.createdAt)
            .slice(0, 2)
            .map(({ key, of, pauseId, tenantId }) => ({ tenantId, pauseId, of, key, release: null }))
        )
      })
    )

    it.effect("of those that were resumed only the ones that release at a rate are told, and not for ever", () =>
      Effect.gen(function* () {
        const [slow, atOnce, old] = [resumed(60, 5, -20), resumed(60, null, -19), resumed(50, 5, -18)]
        yield* (yield* Persistence).commit([slow, atOnce, old].map((row) => OpsSample.commit(row)))
        const own = new Set([slow, atOnce, old].map(({ pauseId }) => pauseId))
        const told = yield* (yield* Pauses).inForce({ resumedAfter: pausedAt(50), limit: 10_000 })
        assert.deepStrictEqual(
          told.filter(({ pauseId }) => own.has(pauseId)),
          [
            {
              tenantId: slow.tenantId,
              pauseId: slow.pauseId,
              of: "target",
              key: "example.com",
              release: { at: pausedAt(60), perSecond: 5 }
            }
          ]
        )
      })
    )
  })
