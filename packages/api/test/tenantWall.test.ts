/** For every operation in the API's own document: a tenant reaches nothing of another's, and nobody gets in without a right. */
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { operations } from "./conformance.ts"
import { Edge, layer as edge, otherTenant, tenant } from "./Edge.ts"
import { bodyOf, headersOf, household, kindOf } from "./household.ts"

const guarded = operations.filter(({ security }) => security.length > 0)
/** Those on tenants reach across them, with scopes of their own: `tenants.test`. */
const walled = guarded.filter(({ path }) => !path.startsWith("/ops/tenants"))
const named = walled.filter(({ path }) => path.includes("{id}"))
/** A stream does not end: `live.test`. An overview lists nothing: `overview.test`. Roles are of the installation: `sessionTokens.test`.
 * A proof has leaves of others as hashes only. What is struck out: `redaction.test`. */
const listing = walled.filter(
  ({ method, path }) =>
    method === "GET" &&
    !path.includes("{id}") &&
    !/(?:live|overview|roles|redaction|retention(?:\/preview)?)$/u.test(path)
)

const listPath = (path: string): string => (path === "/v1/timeline" ? `${path}?correlation=0abc` : path)

/** Made once: whoever may not reach it leaves it as it was. */
class Household extends Context.Service<Household, Effect.Success<typeof household>>()("@dueline/api/test/Household") {}

const furnished = Layer.effect(Household, household).pipe(Layer.provideMerge(edge))

layer(furnished)("between tenants", (it) => {
  it.effect("there are operations of every kind to be tried", () =>
    Effect.sync(() => {
      assert.isAtLeast(named.length, 18)
      assert.isAtLeast(listing.length, 5)
      assert.sameMembers(
        [...new Set(named.map(({ path }) => kindOf(path)))],
        [
          "/ops/customers",
          "/ops/bins",
          "/ops/orders",
          "/ops/courier-sources",
          "/ops/ingestions",
          "/ops/shipments",
          "/v1/api-keys",
          "/v1/flows",
          "/v1/pauses",
          "/v1/sessions",
          "/v1/schedules",
          "/v1/subscriptions",
          "/v1/service-calls",
          "/v1/dead-letters",
          "/v1/jobs"
        ]
      )
    })
  )

  for (const operation of named) {
    it.effect(
      `${operation.method} ${operation.path}: another tenant's is as if it did not exist, and stays as it was`,
      () =>
        Effect.gen(function* () {
          const { otherToken, send, store } = yield* Edge
          const ids = yield* Household
          const id = ids[kindOf(operation.path)] ?? assert.fail(`nothing stands for ${operation.path}`)
          const before = JSON.stringify(store.dump().rows.filter((row) => row.tenantId === tenant))
          const body = bodyOf(operation)
          const asked = { method: operation.method, ...(body === undefined ? {} : { body }) }
          const headers = { ...headersOf(operation), authorization: `Bearer ${otherToken}` }
          const foreign = yield* send({ ...asked, path: operation.path.replace("{id}", id), headers })
          const absent = yield* send({
            ...asked,
            path: operation.path.replace("{id}", "00000000-0000-7000-8000-00000000dead"),
            headers
          })
          assert.strictEqual(foreign.status, 404, foreign.body)
          assert.deepStrictEqual(
            { ...foreign.json, correlationId: "" },
            { ...absent.json, correlationId: "" },
            "nothing tells the two apart"
          )
          assert.notInclude(foreign.body, tenant)
          assert.strictEqual(JSON.stringify(store.dump().rows.filter((row) => row.tenantId === tenant)), before)
          assert.lengthOf(
            store.dump().rows.filter((row) => row.tenantId === otherTenant),
            0
          )
        })
    )
  }

  for (const operation of listing) {
    it.effect(`${operation.method} ${operation.path}: shows nothing of another tenant`, () =>
      Effect.gen(function* () {
        const { otherToken, send } = yield* Edge
        const ids = yield* Household
        const headers = { authorization: `Bearer ${otherToken}` }
        const reply = yield* send({ method: "GET", path: listPath(operation.path), headers })
        assert.strictEqual(reply.status, 200, reply.body)
        for (const id of Object.values(ids)) assert.notInclude(reply.body, id)
        if (operation.path === "/v1/audit/proof") {
          const parts = reply.json["parts"] as ReadonlyArray<{ readonly leaf: string | null }>
          assert.isTrue(parts.every(({ leaf }) => leaf === null))
        } else assert.deepStrictEqual(reply.json["items"], [])
      })
    )
  }

  for (const operation of guarded) {
    it.effect(`${operation.method} ${operation.path}: without a token 401, with one for something else 403`, () =>
      Effect.gen(function* () {
        const { mint, send, store } = yield* Edge
        const path = listPath(operation.path.replace("{id}", "00000000-0000-7000-8000-00000000dead"))
        const body = bodyOf(operation)
        const asked = { method: operation.method, path, ...(body === undefined ? {} : { body }) }
        const events = store.dump().events.length
        const nobody = yield* send({ ...asked, headers: { ...headersOf(operation), authorization: "" } })
        assert.strictEqual(nobody.status, 401, nobody.body)
        const powerless = yield* mint({ subject: "nobody", tenantId: tenant, scopes: ["other:thing"], ttlSeconds: 60 })
        const refused = yield* send({
          ...asked,
          headers: { ...headersOf(operation), authorization: `Bearer ${powerless}` }
        })
        assert.strictEqual(refused.status, 403, refused.body)
        assert.lengthOf(store.dump().events, events)
      })
    )
  }
})
