/** Who asks in the name of a tenant that was never made is refused, and whoever is there costs one question in the life of a process. */
import { TenantId } from "@dueline/contracts/Ids"
import { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { TenantDirectory } from "@dueline/contracts/ports/Directories"
import * as EventBusMemory from "@dueline/contracts/memory/EventBusMemory"
import * as SuspendedTenants from "@dueline/identity/SuspendedTenants"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as KnownTenants from "../src/access/KnownTenants.ts"
import { Edge, later, layer, scopes, tenant, unmadeTenant } from "./Edge.ts"

const [there, away] = [
  TenantId.make("00000000-0000-4000-8000-000000000001"),
  TenantId.make("00000000-0000-4000-8000-000000000002")
]

/** A directory that counts what it is asked, and what its tenants are. */
const directory = () => {
  const state = { asked: 0, down: false, tenants: new Set<TenantId>([there]), suspended: new Map<TenantId, string>() }
  const exists = (tenantId: TenantId) =>
    Effect.suspend(() => {
      state.asked += 1
      if (state.down) return Effect.fail(new StoreUnavailable({ operation: "test", cause: new Error("down") }))
      return Effect.as(Effect.yieldNow, state.tenants.has(tenantId))
    })
  const suspended = Effect.sync(() => [...state.suspended].map(([tenantId, reason]) => ({ tenantId, reason })))
  const directory = Layer.succeed(TenantDirectory, {
    exists,
    find: () => Effect.succeed(null),
    suspended,
    list: () => Effect.succeed({ rows: [], next: null })
  })
  return {
    state,
    layer: KnownTenants.layer.pipe(
      Layer.provideMerge(SuspendedTenants.layer),
      Layer.provide([directory, EventBusMemory.layer()])
    )
  }
}

const codeOf = <E extends { readonly code: string }>(effect: Effect.Effect<void, E>) =>
  Effect.match(effect, { onFailure: ({ code }) => code, onSuccess: () => "let in" })

describe("known tenants", { tags: ["ADR-0026.4"] }, () => {
  it.effect("a tenant that is there is asked for once, by however many at once and however often", () => {
    const { layer, state } = directory()
    return Effect.gen(function* () {
      const tenants = yield* KnownTenants.KnownTenants
      yield* Effect.all(
        Array.from({ length: 50 }, () => tenants.require(there)),
        { concurrency: "unbounded" }
      )
      yield* TestClock.adjust("1 hour")
      yield* tenants.require(there)
      assert.strictEqual(state.asked, 1)
    }).pipe(Effect.provide(layer))
  })

  it.effect(
    "one that is not there is refused, asked for again no sooner than after five seconds, and let in once it was made",
    () => {
      const { layer, state } = directory()
      return Effect.gen(function* () {
        const tenants = yield* KnownTenants.KnownTenants
        for (let i = 0; i < 20; i++) assert.strictEqual(yield* codeOf(tenants.require(away)), "unknown_tenant")
        assert.strictEqual(state.asked, 1)
        state.tenants.add(away)
        yield* TestClock.adjust("4 seconds")
        assert.strictEqual(yield* codeOf(tenants.require(away)), "unknown_tenant")
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* codeOf(tenants.require(away)), "let in")
        assert.strictEqual(state.asked, 2)
      }).pipe(Effect.provide(layer))
    }
  )

  it.effect(
    "one that is suspended is refused with the reason as soon as that is known, and let in when it is resumed",
    () => {
      const { layer, state } = directory()
      return Effect.gen(function* () {
        const tenants = yield* KnownTenants.KnownTenants
        yield* tenants.require(there)
        state.suspended.set(there, "unpaid")
        assert.isTrue(tenants.has(there))
        yield* TestClock.adjust("5 seconds")
        assert.isFalse(tenants.has(there))
        const refused = yield* Effect.flip(tenants.require(there))
        assert.deepStrictEqual([refused.code, refused.detail.includes("unpaid")], ["tenant_suspended", true])
        state.suspended.clear()
        yield* TestClock.adjust("5 seconds")
        yield* tenants.require(there)
        assert.isTrue(tenants.has(there))
      }).pipe(Effect.provide(layer))
    }
  )

  it.effect(
    "while nobody can say, who is known is let in, who is not is told so, and that is forgotten at once",
    () => {
      const { layer, state } = directory()
      return Effect.gen(function* () {
        const tenants = yield* KnownTenants.KnownTenants
        yield* tenants.require(there)
        state.down = true
        assert.strictEqual(yield* codeOf(tenants.require(there)), "let in")
        assert.strictEqual(yield* codeOf(tenants.require(away)), "unavailable")
        state.down = false
        assert.strictEqual(yield* codeOf(tenants.require(away)), "unknown_tenant")
      }).pipe(Effect.provide(layer))
    }
  )
})

it.layer(layer, { excludeTestServices: true })("the edge", (it) => {
  it.effect(
    "a token for a tenant that was never made opens nothing, alone or among others",
    () =>
      Effect.gen(function* () {
        const { mint, send, store, submit } = yield* Edge
        const before = store.dump()
        const lone = yield* mint({ subject: "x", tenantId: unmadeTenant, scopes, ttlSeconds: 60 })
        const several = yield* mint({ subject: "x", tenantId: tenant, tenants: [unmadeTenant], scopes, ttlSeconds: 60 })
        const refused = [
          yield* submit(later, { authorization: `Bearer ${lone}` }),
          yield* send({ method: "GET", path: "/v1/service-calls", headers: { authorization: `Bearer ${lone}` } }),
          yield* submit(later, { authorization: `Bearer ${several}`, "x-tenant-id": unmadeTenant })
        ]
        for (const { json, status } of refused) assert.deepStrictEqual([status, json["code"]], [403, "unknown_tenant"])
        assert.deepStrictEqual(store.dump(), before)
        assert.strictEqual((yield* submit(later, { authorization: `Bearer ${several}` })).status, 202)
      }),
    { tags: ["ADR-0026.4"] }
  )
})
