/** Tenants over HTTP: made, renamed, suspended and resumed by whoever runs the installation, and by nobody else. */
import { tenantScopes } from "@dueline/contracts/api/Access"
import { TenantId } from "@dueline/contracts/Ids"
import { derivedTenantId } from "@dueline/identity/derivedId"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { Edge, later, layer, unmadeTenant } from "./Edge.ts"

const json = { "content-type": "application/json" }

/** What an operator does, with a token of a tenant that is not there. */
const operator = Effect.gen(function* () {
  const { mint, send } = yield* Edge
  const scopes = ["ops:tenants.read", "ops:tenants.write"]
  const token = yield* mint({ subject: "operator", tenantId: unmadeTenant, scopes, ttlSeconds: 60 })
  return (method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) =>
    send({
      method,
      path,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : json), ...headers }
    })
})

it.layer(layer, { excludeTestServices: true })("tenants", (it) => {
  it.effect(
    "are made once under the id that follows from the workspace",
    () =>
      Effect.gen(function* () {
        const ask = yield* operator
        const made = yield* ask("POST", "/ops/tenants", { workspace: "acme", name: "Acme Waste" })
        assert.strictEqual(made.status, 201, made.body)
        const id = derivedTenantId("acme")
        assert.deepInclude(made.json, { id, workspace: "acme", name: "Acme Waste", status: "Active", version: 1 })
        assert.strictEqual(made.headers["location"], `/ops/tenants/${id}`)
        const twice = yield* ask("POST", "/ops/tenants", { workspace: "acme" })
        assert.deepStrictEqual([twice.status, twice.json["code"]], [409, "workspace_taken"])
        const shown = yield* ask("GET", `/ops/tenants/${id}`)
        assert.deepInclude(shown.json, { id, name: "Acme Waste" })
        const absent = yield* ask("GET", "/ops/tenants/00000000-0000-7000-8000-00000000dead")
        assert.deepStrictEqual([absent.status, absent.json["code"]], [404, "tenant_not_found"])
        const misshapen = yield* ask("POST", "/ops/tenants", { workspace: "Not A Workspace" })
        assert.strictEqual(misshapen.status, 422)
      }),
    { tags: ["ADR-0034.1"] }
  )

  it.effect("the same key is the same making, with the same answer", () =>
    Effect.gen(function* () {
      const ask = yield* operator
      const key = { "idempotency-key": "make-borealis" }
      const first = yield* ask("POST", "/ops/tenants", { workspace: "borealis" }, key)
      const again = yield* ask("POST", "/ops/tenants", { workspace: "borealis" }, key)
      assert.deepStrictEqual([again.status, again.json["id"]], [201, first.json["id"]])
      assert.strictEqual(again.headers["x-idempotent-replayed"], "true")
    })
  )

  it.effect("are listed newest first, page by page", () =>
    Effect.gen(function* () {
      const ask = yield* operator
      const workspaces = ["list-a", "list-b", "list-c"]
      for (const workspace of workspaces) yield* ask("POST", "/ops/tenants", { workspace })
      const found: Array<unknown> = []
      let cursor = ""
      do {
        const page = yield* ask("GET", `/ops/tenants?limit=2${cursor}`)
        assert.strictEqual(page.status, 200, page.body)
        found.push(...(page.json["items"] as ReadonlyArray<{ workspace: string }>).map(({ workspace }) => workspace))
        cursor = page.json["nextCursor"] === null ? "" : `&cursor=${String(page.json["nextCursor"])}`
      } while (cursor !== "")
      assert.includeMembers(found, workspaces)
      assert.strictEqual(new Set(found).size, found.length)
    })
  )

  it.effect(
    "a suspended one is refused with the reason until it is resumed, on the plain way and on the routed one",
    () =>
      Effect.gen(function* () {
        const { mint, send, submit } = yield* Edge
        const ask = yield* operator
        const made = yield* ask("POST", "/ops/tenants", { workspace: "cirrus" })
        const tenantId = TenantId.make(String(made.json["id"]))
        const path = `/ops/tenants/${tenantId}`
        const token = yield* mint({ subject: "x", tenantId, scopes: tenantScopes, ttlSeconds: 60 })
        const authorization = `Bearer ${token}`
        assert.strictEqual((yield* submit(later, { authorization })).status, 202)
        const suspended = yield* ask("POST", `${path}/suspend`, { reason: "invoice 42 is overdue" })
        assert.deepInclude(suspended.json, {
          status: "Suspended",
          suspendedReason: "invoice 42 is overdue",
          version: 2
        })
        const { refresh } = yield* Edge
        yield* refresh
        for (const refused of [
          yield* submit(later, { authorization }),
          yield* send({ method: "GET", path: "/v1/service-calls", headers: { authorization } }),
          yield* send({ method: "GET", path: "/ops/bins", headers: { authorization } })
        ]) {
          assert.deepStrictEqual([refused.status, refused.json["code"]], [403, "tenant_suspended"])
          assert.include(String(refused.json["detail"]), "invoice 42 is overdue")
        }
        const listed = yield* ask("GET", "/ops/tenants?status=Suspended")
        assert.include(listed.body, tenantId)
        assert.strictEqual((yield* ask("POST", `${path}/resume`)).json["status"], "Active")
        yield* refresh
        assert.strictEqual((yield* submit(later, { authorization })).status, 202)
        const renamed = yield* ask("PATCH", path, { name: "Cirrus Ltd" }, { "if-match": '"3"' })
        assert.deepInclude(renamed.json, { name: "Cirrus Ltd", workspace: "cirrus", version: 4 })
        const stale = yield* ask("PATCH", path, { name: "x" }, { "if-match": '"3"' })
        assert.strictEqual(stale.status, 412)
      }),
    { tags: ["ADR-0034.2"] }
  )

  it.effect("a deleted one is refused from then on, and its workspace is not given again", () =>
    Effect.gen(function* () {
      const { mint, refresh, send, submit } = yield* Edge
      const ask = yield* operator
      const made = yield* ask("POST", "/ops/tenants", { workspace: "leaving" })
      const tenantId = TenantId.make(String(made.json["id"]))
      const path = `/ops/tenants/${tenantId}/delete`
      const other = yield* ask("POST", path, { workspace: "staying" })
      assert.deepStrictEqual([other.status, other.json["code"]], [409, "workspace_mismatch"])
      const begun = yield* ask("POST", path, { workspace: "leaving" })
      assert.deepStrictEqual([begun.status, begun.json["status"]], [202, "Deleting"])
      yield* refresh
      const token = yield* mint({ subject: "x", tenantId, scopes: tenantScopes, ttlSeconds: 60 })
      const authorization = `Bearer ${token}`
      for (const refused of [
        yield* submit(later, { authorization }),
        yield* send({ method: "GET", path: "/ops/bins", headers: { authorization } })
      ])
        assert.deepStrictEqual([refused.status, refused.json["code"]], [403, "tenant_deleted"])
      const again = yield* ask("POST", "/ops/tenants", { workspace: "leaving" })
      assert.deepStrictEqual([again.status, again.json["code"]], [409, "workspace_deleted"])
      const resumed = yield* ask("POST", `/ops/tenants/${tenantId}/resume`)
      assert.deepStrictEqual([resumed.status, resumed.json["code"]], [409, "workspace_deleted"])
    })
  )

  it.effect(
    "nobody reaches them with all that a tenant's own people may have",
    () =>
      Effect.gen(function* () {
        const { mint, send, store } = yield* Edge
        const tenantId = derivedTenantId("acme")
        const token = yield* mint({ subject: "x", tenantId, scopes: tenantScopes, ttlSeconds: 60 })
        const headers = { authorization: `Bearer ${token}`, ...json }
        const before = store.dump()
        for (const [method, path, body] of [
          ["GET", "/ops/tenants", null],
          ["GET", `/ops/tenants/${tenantId}`, null],
          ["POST", "/ops/tenants", { workspace: "mine" }],
          ["POST", `/ops/tenants/${tenantId}/resume`, null],
          ["POST", `/ops/tenants/${tenantId}/suspend`, { reason: "x" }]
        ] as const) {
          const refused = yield* send({
            method,
            path,
            headers,
            ...(body === null ? {} : { body: JSON.stringify(body) })
          })
          assert.deepStrictEqual([refused.status, refused.json["code"]], [403, "insufficient_scope"])
        }
        assert.deepStrictEqual(store.dump(), before)
      }),
    { tags: ["ADR-0034.3"] }
  )
})
