import type { RetentionView } from "@dueline/contracts/api/TenantRulesEndpoints"
import { tenantScopes } from "@dueline/contracts/api/Access"
import { granted, builtinRoles } from "@dueline/contracts/api/roles"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Edge, layer as edge } from "./Edge.ts"

const path = "/v1/retention"

const put = (body: unknown) =>
  Effect.flatMap(Edge, ({ send }) =>
    send({ method: "PUT", path, body: JSON.stringify(body), headers: { "content-type": "application/json" } })
  )

const get = (from = path) => Effect.flatMap(Edge, ({ send }) => send({ method: "GET", path: from }))

layer(edge, { excludeTestServices: true })("how long a tenant keeps things", (it) => {
  it.effect(
    "is what the installation says, until the tenant says less, and again when it takes that back",
    () =>
      Effect.gen(function* () {
        const { send } = yield* Edge
        assert.deepStrictEqual((yield* get()).json, { days: 90, least: 8, most: 90, own: null })
        const { json, status } = yield* put({ days: 30 })
        assert.strictEqual(status, 200, JSON.stringify(json))
        const said = json as unknown as RetentionView
        assert.deepInclude(said, { days: 30, least: 8, most: 90 })
        assert.strictEqual(said.own?.days, 30)
        assert.deepStrictEqual((yield* get()).json, json)
        const audit = yield* send({ method: "GET", path: "/v1/audit?limit=5" })
        assert.include(audit.body, "retention.set")
        const back = yield* send({ method: "DELETE", path })
        assert.deepStrictEqual(back.json, { days: 90, least: 8, most: 90, own: null })
      }),
    { tags: ["ADR-0046.6"] }
  )

  it.effect(
    "is refused outside of what the installation allows, with what that is",
    () =>
      Effect.gen(function* () {
        for (const days of [7, 91, null]) {
          const refused = yield* put({ days })
          assert.strictEqual(refused.status, 422)
          assert.deepInclude(refused.json, {
            code: "retention_out_of_bounds",
            detail: "This installation allows from 8 to 90 days."
          })
        }
        for (const body of [{}, { days: 0 }, { days: 1.5 }, { days: 30, more: 1 }, []])
          assert.deepInclude((yield* put(body)).json, { code: "invalid_request" })
        assert.strictEqual((yield* get(`${path}/preview?days=91`)).status, 422)
      }),
    { tags: ["ADR-0046.6"] }
  )

  it.effect(
    "can be looked at before: so much would be removed",
    () =>
      Effect.gen(function* () {
        const { json, status } = yield* get(`${path}/preview?days=8`)
        assert.strictEqual(status, 200)
        assert.deepInclude(json, { days: 8, calls: 0, ingestions: 0, more: false })
        assert.strictEqual((yield* get(`${path}/preview`)).status, 422)
      }),
    { tags: ["ADR-0046.6"] }
  )

  it.effect(
    "is for admins to change, and another tenant's is its own",
    () =>
      Effect.gen(function* () {
        const { otherToken, send } = yield* Edge
        yield* put({ days: 20 })
        const theirs = yield* send({ method: "GET", path, headers: { authorization: `Bearer ${otherToken}` } })
        assert.deepInclude(theirs.json, { days: 90, own: null })
        const roles = new Map(Object.entries(builtinRoles))
        const holds = (name: string) => granted(roles, { names: [name], scopes: tenantScopes }).scopes
        assert.include(holds("admin"), "ops:retention.write")
        assert.notInclude(holds("editor"), "ops:retention.write")
        assert.include(holds("viewer"), "ops:retention.read")
      }),
    { tags: ["ADR-0046.6"] }
  )
})
