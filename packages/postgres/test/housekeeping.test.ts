/** Tenants, and what is forgotten in time. */
import { TenantId } from "@dueline/contracts/Ids"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import * as Sample from "@dueline/port-contracts/Sample"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import { forgetExpired } from "@dueline/postgres/write/Receipts"
import * as Tenants from "@dueline/postgres/admin/Tenants"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"

const layer = Layer.mergeAll(PostgresPersistence.layer, Tenants.layer).pipe(Layer.provideMerge(TestDatabase.layer))

it.layer(layer, { excludeTestServices: true, timeout: "60 seconds" })("housekeeping", (it) => {
  it.effect("a tenant is found by id and by name, and its name and id are given once", () =>
    Effect.gen(function* () {
      const tenants = yield* Tenants.Tenants
      const tenant = { tenantId: TenantId.make(Sample.uuid()), name: "Ærø & Söhne", createdAt: Sample.now }
      yield* tenants.create(tenant)
      assert.deepStrictEqual(yield* tenants.find(tenant.tenantId), tenant)
      assert.deepStrictEqual(yield* tenants.findByName(tenant.name), tenant)
      for (const twin of [
        { ...tenant, name: "other" },
        { ...tenant, tenantId: TenantId.make(Sample.uuid()) }
      ]) {
        const result = yield* Effect.result(tenants.create(twin))
        assert.isTrue(Result.isFailure(result) && result.failure._tag === "TenantExists")
      }
      assert.isNull(yield* tenants.findByName("nobody\0"))
    })
  )

  it.effect("tenants are listed by name, page by page", () =>
    Effect.gen(function* () {
      const tenants = yield* Tenants.Tenants
      for (const name of ["page c", "page a", "page b"]) {
        yield* tenants.create({ tenantId: TenantId.make(Sample.uuid()), name, createdAt: Sample.now })
      }
      const first = yield* tenants.list({ after: "page", limit: 2 })
      const second = yield* tenants.list({ after: first.at(-1)?.name ?? null, limit: 2 })
      assert.deepStrictEqual(
        [...first, ...second].slice(0, 3).map(({ name }) => name),
        ["page a", "page b", "page c"]
      )
    })
  )

  it.effect("expired receipts are forgotten a bounded number at a time, living ones never", () =>
    Effect.gen(function* () {
      const store = yield* Persistence
      const calls = Array.from({ length: 25 }, () => Sample.target())
      const expiry = (index: number) => Sample.now + (index < 20 ? 0 : 1)
      yield* store.commit(
        calls.map((call, index) =>
          Sample.commit(call, { receipts: [{ ...Sample.receipt(call, "key"), expiresAt: expiry(index) }] })
        )
      )
      const rounds = [15, 15, 15].map((limit) => forgetExpired({ now: Sample.now, limit }))
      assert.deepStrictEqual(yield* Effect.all(rounds), [15, 5, 0])
      const slices = yield* store.load(calls.map((call) => Sample.loadRequest(call, { receiptKey: "key" })))
      assert.deepStrictEqual(
        slices.map(({ receipt }) => receipt !== null),
        calls.map((_, index) => index >= 20)
      )
    })
  )
})
