/** What all TenantDirectories do. They read what is committed, so they want the Persistence that writes it. */
import type { EpochMillis, TenantId } from "@dueline/contracts/Ids"
import type { RowMark } from "@dueline/contracts/ports/OpsQueries"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { TenantDirectory } from "@dueline/contracts/ports/TenantDirectory"
import { type TenantRow, workspaceOf } from "@dueline/contracts/tenant/Tenant"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { type Harness, judge } from "../Harness.ts"
import { probes } from "./OpsListProbe.ts"
import * as OpsSample from "./OpsSample.ts"
import * as Sample from "../Sample.ts"

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

export const suite = (name: string, harness: Harness<TenantDirectory | Persistence>): void =>
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
