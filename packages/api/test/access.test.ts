import type { TenantId } from "@dueline/contracts/Ids"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Edge, later, layer as edge, otherTenant, scopes, tenant } from "./Edge.ts"

const calls = "/v1/service-calls"

layer(edge, { excludeTestServices: true })("access", (it) => {
  it.effect(
    "without a valid token nothing is opened",
    () =>
      Effect.gen(function* () {
        const { mint, send, store, token } = yield* Edge
        const expired = yield* mint({ subject: "x", tenantId: tenant, scopes, ttlSeconds: -60 })
        const [head = "", claims = "", signature = ""] = token.split(".")
        const forged = Buffer.from(
          JSON.stringify({ ...JSON.parse(Buffer.from(claims, "base64url").toString()), tenant_id: otherTenant })
        )
        for (const authorization of [
          "",
          "Bearer",
          "Bearer ",
          "Bearer x",
          "Bearer x.y.z",
          "Basic dGVzdDp0ZXN0",
          `Bearer ${expired}`,
          `Bearer ${head}.${claims}.`,
          `Bearer ${head}.${forged.toString("base64url")}.${signature}`,
          `Bearer ${"a".repeat(9_000)}`
        ]) {
          for (const [method, path] of [
            ["GET", calls],
            ["POST", calls],
            ["POST", `${calls}/x/cancel`],
            ["PATCH", `${calls}/x`]
          ] as const) {
            const reply = yield* send({ method, path, headers: { authorization } })
            assert.strictEqual(reply.status, 401, `${authorization} ${path}`)
            assert.strictEqual(reply.json["code"], "unauthenticated")
            assert.include(reply.headers["www-authenticate"], "Bearer")
          }
        }
        assert.deepStrictEqual(store.dump().events, [])
      }),
    { tags: ["ADR-0007.1", "ADR-0007.4"] }
  )

  it.effect(
    "each operation needs its scope",
    () =>
      Effect.gen(function* () {
        const { mint, send, store } = yield* Edge
        const id = "00000000-0000-4000-8000-000000000000"
        const operations = [
          ["GET", calls, "ops:calls.read"],
          ["GET", `${calls}/${id}`, "ops:calls.read"],
          ["GET", `${calls}/${id}/events`, "ops:calls.read"],
          ["POST", calls, "ops:calls.write"],
          ["PATCH", `${calls}/${id}`, "ops:calls.write"],
          ["POST", `${calls}/${id}/cancel`, "ops:calls.write"],
          ["POST", `${calls}/${id}/run`, "ops:calls.write"],
          ["GET", "/v1/timeline?correlation=x", "ops:timeline.read"],
          ["GET", "/ops/customers", "ops:customers.read"],
          ["GET", `/ops/customers/${id}`, "ops:customers.read"],
          ["POST", "/ops/customers", "ops:customers.write"],
          ["PATCH", `/ops/customers/${id}`, "ops:customers.write"],
          ["DELETE", `/ops/customers/${id}`, "ops:customers.write"],
          ["GET", "/ops/bins", "ops:bins.read"],
          ["GET", `/ops/bins/${id}`, "ops:bins.read"],
          ["POST", "/ops/bins", "ops:bins.write"],
          ["PATCH", `/ops/bins/${id}`, "ops:bins.write"],
          ["POST", `/ops/bins/${id}/capacity`, "ops:bins.write"],
          ["DELETE", `/ops/bins/${id}`, "ops:bins.write"],
          ["GET", "/ops/orders", "ops:orders.read"],
          ["GET", `/ops/orders/${id}`, "ops:orders.read"],
          ["POST", "/ops/orders", "ops:orders.write"],
          ["POST", `/ops/orders/${id}/items`, "ops:orders.write"],
          ["POST", `/ops/orders/${id}/schedule`, "ops:orders.write"],
          ["POST", `/ops/orders/${id}/move`, "ops:orders.write"],
          ["POST", `/ops/orders/${id}/confirm`, "ops:orders.write"],
          ["POST", `/ops/orders/${id}/cancel`, "ops:orders.write"],
          ["POST", `/ops/orders/${id}/complete`, "ops:orders.write"]
        ] as const
        for (const [method, path, scope] of operations) {
          const others = [...scopes.filter((other) => other !== scope), "ops", "ops:calls", "ops:calls.*", `x${scope}`]
          const token = yield* mint({ subject: "x", tenantId: tenant, scopes: others, ttlSeconds: 60 })
          const reply = yield* send({ method, path, headers: { authorization: `Bearer ${token}` } })
          assert.deepStrictEqual([reply.status, reply.json["code"]], [403, "insufficient_scope"], `${method} ${path}`)
        }
        assert.deepStrictEqual(store.dump().events, [])
      }),
    { tags: ["ADR-0007.4"] }
  )

  it.effect("the tenant is the token's, and the header can only repeat it", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      const list = (asked: string) => send({ method: "GET", path: calls, headers: { "x-tenant-id": asked } })
      assert.strictEqual((yield* list(tenant)).status, 200)
      const foreign = yield* list(otherTenant)
      assert.deepStrictEqual([foreign.status, foreign.json["code"]], [403, "foreign_tenant"])
      for (const malformed of ["acme", tenant.replace("1", "G"), `${tenant},${otherTenant}`, ""]) {
        const reply = yield* list(malformed)
        assert.deepStrictEqual([reply.status, reply.json["code"]], [400, "invalid_tenant"], malformed)
      }
    })
  )

  it.effect("a token for several tenants chooses one of them and no other", () =>
    Effect.gen(function* () {
      const { mint, send } = yield* Edge
      const third = "33333333-3333-4333-8333-333333333333" as TenantId
      const several = yield* mint({ subject: "x", tenantId: tenant, tenants: [otherTenant], scopes, ttlSeconds: 60 })
      const as = (asked: string) =>
        send({ method: "GET", path: calls, headers: { authorization: `Bearer ${several}`, "x-tenant-id": asked } })
      assert.strictEqual((yield* as(tenant)).status, 200)
      assert.strictEqual((yield* as(otherTenant)).status, 200)
      assert.strictEqual((yield* as(third)).json["code"], "foreign_tenant")
    })
  )

  it.effect(
    "another tenant's call looks like one that does not exist",
    () =>
      Effect.gen(function* () {
        const { otherToken, send, store, submit } = yield* Edge
        const { json } = yield* submit(later)
        const before = store.dump()
        const foreign = { authorization: `Bearer ${otherToken}`, "x-correlation-id": "same" }
        const operations = (id: string) =>
          [
            { method: "GET", path: `${calls}/${id}` },
            { method: "GET", path: `${calls}/${id}/events` },
            { method: "POST", path: `${calls}/${id}/cancel` },
            { method: "POST", path: `${calls}/${id}/run` },
            { method: "PATCH", path: `${calls}/${id}`, headers: { "if-match": '"1"' }, body: '{"delay":"2h"}' },
            { method: "PATCH", path: `${calls}/${id}`, headers: { "if-match": '"1", "2"' }, body: '{"delay":"2h"}' }
          ].map(({ headers, ...rest }) => ({ ...rest, headers: { ...foreign, ...headers } }))
        const theirs = yield* Effect.forEach(operations(String(json["id"])), send)
        const nobodys = yield* Effect.forEach(operations("99999999-9999-4999-8999-999999999999"), send)
        for (const [index, reply] of theirs.entries()) {
          assert.strictEqual(reply.status, 404, reply.body)
          assert.strictEqual(reply.body, nobodys[index]?.body)
          assert.deepStrictEqual({ ...reply.headers, date: "" }, { ...nobodys[index]?.headers, date: "" })
        }
        const list = yield* send({ method: "GET", path: calls, headers: foreign })
        assert.deepStrictEqual(list.json["items"], [])
        assert.deepStrictEqual(store.dump(), before)
      }),
    { tags: ["ADR-0007.5"] }
  )

  it.effect("the same key in two tenants names two calls", () =>
    Effect.gen(function* () {
      const { otherToken, submit } = yield* Edge
      const mine = yield* submit(later, { "idempotency-key": "k" })
      const theirs = yield* submit(later, { "idempotency-key": "k", authorization: `Bearer ${otherToken}` })
      assert.deepStrictEqual([mine.status, theirs.status], [202, 202])
      assert.notStrictEqual(mine.json["id"], theirs.json["id"])
      assert.isUndefined(theirs.headers["x-idempotent-replayed"])
    })
  )

  it.effect(
    "roles for some calls open those and nothing else",
    () =>
      Effect.gen(function* () {
        const { mint, send, store, submit } = yield* Edge
        const as = (role: string, subject = role) =>
          Effect.map(
            mint({ subject, tenantId: tenant, tenants: [otherTenant], scopes, roles: [role], ttlSeconds: 60 }),
            (token) => ({ authorization: `Bearer ${token}`, "content-type": "application/json" })
          )
        const [north, owner, careful, there] = [
          yield* as("north"),
          yield* as("owner"),
          yield* as("careful"),
          yield* as("there")
        ]
        const pathOf = (reply: { readonly headers: Readonly<Record<string, unknown>> }) =>
          String(reply.headers["location"])
        const made = yield* Effect.forEach([["north"], ["south"], ["north", "locked"]], (tags) =>
          Effect.map(submit({ ...later, tags }), pathOf)
        )
        const [northern = "", southern = "", locked = ""] = made
        type Headers = Readonly<Record<string, string>>
        const ask = (headers: Headers, method: string, path: string, body?: object) =>
          Effect.map(
            send({ method, path, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }),
            ({ json, status }) => [status, json["code"]] as const
          )
        const refused = [403, "insufficient_scope"] as const
        const opens = Effect.fnUntraced(function* (headers: Headers, path: string, may: boolean) {
          for (const [method, end] of [
            ["GET", ""],
            ["GET", "/events"],
            ["PATCH", ""],
            ["POST", "/run"],
            ["POST", "/cancel"]
          ] as const) {
            const body = method === "PATCH" ? { delay: "2h" } : undefined
            const answer = yield* ask(headers, method, `${path}${end}`, body)
            if (may) assert.notStrictEqual(answer[0], 403, `${method} ${path}${end}`)
            else assert.deepStrictEqual(answer, refused, `${method} ${path}${end}`)
          }
        })

        const before = store.dump().events.length
        yield* opens(north, southern, false)
        yield* opens(owner, northern, false)
        for (const [headers, body] of [
          [north, { ...later, tags: ["south"] }],
          [north, later],
          [north, { ...later, tags: ["north"], pending: { key: "k", onConflict: "replace" } }],
          [careful, { ...later, tags: ["locked"] }]
        ] as const)
          assert.deepStrictEqual(yield* ask(headers, "POST", calls, body), refused, JSON.stringify(body))
        // What looks at no attributes is closed to them: many at once, what changes, and other kinds.
        for (const headers of [north, owner]) {
          const batch = { items: [{ ...later, tags: ["north"] }] }
          assert.deepStrictEqual(yield* ask(headers, "POST", `${calls}/batch`, batch), refused)
          for (const path of [`${calls}/live`, "/ops/bins", "/v1/timeline?correlation=a", "/v1/overview"])
            assert.deepStrictEqual(yield* ask(headers, "GET", path), refused, path)
        }
        assert.deepStrictEqual(yield* ask(careful, "POST", `${locked}/cancel`), refused)
        assert.strictEqual(store.dump().events.length, before)

        const listed = yield* send({ method: "GET", path: calls, headers: north })
        const items = listed.json["items"] as ReadonlyArray<{ readonly tags: ReadonlyArray<string> }>
        assert.lengthOf(items, 2)
        for (const { tags } of items) assert.include(tags, "north")
        assert.strictEqual((yield* ask(careful, "GET", locked))[0], 200)
        assert.strictEqual((yield* ask(north, "POST", calls, { ...later, tags: ["north"] }))[0], 202)
        yield* opens(north, northern, true)
        const own = pathOf(yield* send({ method: "POST", path: calls, headers: owner, body: JSON.stringify(later) }))
        yield* opens(owner, own, true)
        yield* opens(yield* as("owner", "another"), own, false)

        assert.deepStrictEqual(yield* ask(there, "GET", "/ops/bins"), refused)
        assert.strictEqual((yield* ask({ ...there, "x-tenant-id": otherTenant }, "GET", "/ops/bins"))[0], 200)
      }),
    { tags: ["ADR-0038.2"] }
  )
})
