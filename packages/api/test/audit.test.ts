/** What is refused at the edge, and how that and what was done is listed. */
import { AuditTrail, type AuditEntry } from "@dueline/contracts/ports/AuditTrail"
import { installationTenant } from "@dueline/contracts/ports/AuditTrail"
import type { CorrelationId } from "@dueline/contracts/Ids"
import { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { assert, it, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { AuditNotes, layer as notesLayer, notesPerMinute } from "../src/access/AuditNotes.ts"
import { type BearerReason, pairsPerMinute } from "../src/access/refusedBearers.ts"
import { Edge, layer as edge, otherTenant, tenant } from "./Edge.ts"

const json = { "content-type": "application/json" }

interface Item {
  readonly action: string
  readonly actor: { readonly id: string; readonly kind: string }
  readonly code: string | null
  readonly correlationId: string
  readonly outcome: string
  readonly resource: string | null
}

layer(edge, { excludeTestServices: true })("the audit log", (it) => {
  const listed = Effect.fnUntraced(function* (query = "") {
    const { send } = yield* Edge
    const reply = yield* send({ method: "GET", path: `/v1/audit${query}` })
    assert.strictEqual(reply.status, 200, reply.body)
    return reply.json["items"] as ReadonlyArray<Item>
  })

  /** Notes gather for a second. */
  const until = Effect.fnUntraced(function* (query: string) {
    for (;;) {
      const items = yield* listed(query)
      if (items.length > 0) return items
      yield* Effect.sleep(50)
    }
  })

  it.effect(
    "has who was refused what and why, under the correlation of the answer",
    () =>
      Effect.gen(function* () {
        const { mint, send } = yield* Edge
        const token = yield* mint({ subject: "mallory", tenantId: tenant, scopes: ["ops:bins.read"], ttlSeconds: 60 })
        const id = "5b0e7d2a-4c81-4e93-a1f6-9d0e7b2a543c"
        const authorization = `Bearer ${token}`
        const reply = yield* send({ method: "DELETE", path: `/ops/customers/${id}`, headers: { authorization } })
        assert.strictEqual(reply.status, 403)
        const items = yield* until(`?correlation=${String(reply.headers["x-correlation-id"])}`)
        assert.deepStrictEqual(
          items.map(({ action, actor, code, outcome, resource }) => ({ action, actor, code, outcome, resource })),
          [
            {
              action: "customers.erase",
              actor: { kind: "user", id: "mallory" },
              code: "insufficient_scope",
              outcome: "refused",
              resource: id
            }
          ]
        )
      }),
    { tags: ["ADR-0040.6"] }
  )

  it.effect(
    "tells why what was asked was refused, also where a handler or the one who decides said so",
    () =>
      Effect.gen(function* () {
        const { send } = yield* Edge
        const call = yield* send({
          method: "POST",
          path: "/v1/service-calls",
          headers: json,
          body: JSON.stringify({ delay: "1h", request: { method: "GET", url: "https://example.com/" } })
        })
        const at = `/v1/service-calls/${String(call.json["id"])}`
        const bin = { method: "POST", path: "/ops/bins", headers: json, body: "{}" } as const
        for (const [asked, code] of [
          [{ method: "POST", path: `${at}/run` }, "illegal_transition"],
          [{ method: "POST", path: `${at}/cancel`, headers: { "if-match": '"7"' } }, "version_mismatch"],
          [bin, "invalid_request"],
          [{ ...bin, body: "{" }, "malformed_json"]
        ] as const) {
          const reply = yield* send(asked)
          assert.strictEqual(reply.json["code"], code, reply.body)
          const items = yield* until(`?correlation=${String(reply.headers["x-correlation-id"])}`)
          assert.deepStrictEqual(
            items.map((item) => item.code),
            [code]
          )
        }
      }),
    { tags: ["ADR-0040.6"] }
  )

  it.effect(
    "has commands that were refused, on the plain way too, and what was done",
    () =>
      Effect.gen(function* () {
        const { send, submit } = yield* Edge
        const made = yield* submit({ delay: "1h", request: { method: "GET", url: "https://example.com/" } })
        const wrong = yield* submit({ delay: "1h", request: { method: "GET", url: "nonsense" } })
        assert.strictEqual(wrong.status, 422)
        const missing = yield* send({
          method: "POST",
          path: "/ops/bins",
          headers: json,
          body: JSON.stringify({ nothing: true })
        })
        assert.strictEqual(missing.status, 422)
        const [plain] = yield* until(`?correlation=${String(wrong.headers["x-correlation-id"])}`)
        assert.deepStrictEqual([plain?.outcome, plain?.actor.id], ["refused", "tester"])
        const [routed] = yield* until(`?correlation=${String(missing.headers["x-correlation-id"])}`)
        assert.deepStrictEqual([routed?.action, routed?.outcome], ["bins.create", "refused"])
        const done = yield* listed(`?resource=${String(made.json["id"])}`)
        assert.deepStrictEqual(
          done.map(({ action, actor, outcome }) => [action, actor.id, outcome]),
          [["ServiceCallSubmitted", "tester", "done"]]
        )
      }),
    { tags: ["ADR-0040.6"] }
  )

  it.effect(
    "has that a revoked key was used, for the tenant whose it is, and the tokens that were made for a key",
    () =>
      Effect.gen(function* () {
        const { send } = yield* Edge
        const made = yield* send({
          method: "POST",
          path: "/v1/api-keys",
          headers: json,
          body: JSON.stringify({ name: "audited", scopes: ["ops:bins.read"] })
        })
        const id = String(made.json["id"])
        const key = String(made.json["key"])
        yield* send({
          method: "POST",
          path: "/oauth/token",
          headers: { authorization: "", "content-type": "application/x-www-form-urlencoded" },
          body: `grant_type=client_credentials&client_id=${id}&client_secret=${key}`
        })
        assert.deepStrictEqual(
          (yield* until(`?actor=api-key:${id}&outcome=done`)).map(({ action }) => action),
          ["oauth.token"]
        )
        yield* send({ method: "DELETE", path: `/v1/api-keys/${id}` })
        const refused = yield* send({ method: "GET", path: "/ops/bins", headers: { authorization: `Bearer ${key}` } })
        assert.strictEqual(refused.status, 401)
        assert.deepStrictEqual(
          (yield* until(`?actor=api-key:${id}&outcome=refused`)).map(({ actor, code }) => [actor.kind, code]),
          [["unknown", "api_key_revoked"]]
        )
      }),
    { tags: ["ADR-0040.6"] }
  )

  it.effect(
    "has that a token was refused, why and from where, and nothing of the token",
    () =>
      Effect.gen(function* () {
        const { mint, send, store } = yield* Edge
        const token = yield* mint({ subject: "mallory", tenantId: tenant, scopes: [], ttlSeconds: 60 })
        const forged = `${token.slice(0, -6)}AAAAAA`
        for (const authorization of [`Bearer ${forged}`, "Bearer dlk_nothing", "Bearer nonsense"])
          assert.strictEqual(
            (yield* send({ method: "GET", path: "/ops/bins", headers: { authorization } })).status,
            401
          )
        const all = store.auditTrail.list({ tenantId: installationTenant, after: null, limit: 100 })
        const entries = Effect.map(all, ({ items }) => items.filter(({ action }) => action === "bearer.refuse"))
        while ((yield* entries).length < 3) yield* Effect.sleep(50)
        const found = yield* entries
        assert.includeMembers(
          found.map(({ code }) => code),
          ["token_signature", "api_key_refused", "token_malformed"]
        )
        assert.notInclude(JSON.stringify(found), forged.slice(-40))
      }),
    { tags: ["ADR-0040.6"] }
  )

  it.effect("is paged, and a page of one filter is no page of another", () =>
    Effect.gen(function* () {
      const { send, submit } = yield* Edge
      for (let n = 0; n < 3; n++)
        yield* submit({ delay: "1h", request: { method: "GET", url: "https://example.com/" } })
      const first = yield* send({ method: "GET", path: "/v1/audit?outcome=done&limit=2" })
      const cursor = encodeURIComponent(String(first.json["nextCursor"]))
      const second = yield* send({ method: "GET", path: `/v1/audit?outcome=done&limit=2&cursor=${cursor}` })
      assert.strictEqual(second.status, 200)
      assert.notDeepEqual(second.json["items"], first.json["items"])
      assert.strictEqual(
        (yield* send({ method: "GET", path: `/v1/audit?outcome=refused&cursor=${cursor}` })).status,
        400
      )
    })
  )

  it.effect("is read oldest first as well, and a page of one order is no page of the other", () =>
    Effect.gen(function* () {
      const { send, submit } = yield* Edge
      for (let n = 0; n < 3; n++)
        yield* submit({ delay: "1h", request: { method: "GET", url: "https://example.com/" } })
      const listed = Effect.fnUntraced(function* (query: string) {
        const items: Array<unknown> = []
        let cursor: unknown = ""
        do {
          const page: Effect.Success<ReturnType<typeof send>> = yield* send({
            method: "GET",
            path: `/v1/audit?outcome=done&limit=2&${query}${cursor === "" ? "" : `&cursor=${encodeURIComponent(String(cursor))}`}`
          })
          assert.strictEqual(page.status, 200)
          items.push(...(page.json["items"] as ReadonlyArray<unknown>))
          cursor = page.json["nextCursor"]
        } while (cursor !== null)
        return items
      })
      const oldestFirst = yield* listed("order=asc")
      assert.isAtLeast(oldestFirst.length, 3)
      assert.deepStrictEqual(oldestFirst.toReversed(), yield* listed("order=desc"))
      const first = yield* send({ method: "GET", path: "/v1/audit?outcome=done&limit=2&order=asc" })
      const cursor = encodeURIComponent(String(first.json["nextCursor"]))
      const crossed = yield* send({ method: "GET", path: `/v1/audit?outcome=done&limit=2&cursor=${cursor}` })
      assert.deepStrictEqual([crossed.status, crossed.json["code"]], [400, "invalid_cursor"])
      assert.strictEqual((yield* send({ method: "GET", path: "/v1/audit?order=oldest" })).status, 422)
    })
  )

  it.effect(
    "has nothing to be checked before anything is signed, and goes on from there; a page is no place in the tree",
    () =>
      Effect.gen(function* () {
        const { send } = yield* Edge
        const { json, status } = yield* send({ method: "GET", path: "/v1/audit/proof" })
        const { resume, ...nothing } = json
        const rows = { expected: 0, found: 0 }
        assert.deepStrictEqual(
          [status, nothing],
          [200, { from: 0, to: 0, parts: [], rows, size: 0, sealed: 0, note: null, successions: [] }]
        )
        const at = (cursor: unknown) =>
          send({ method: "GET", path: `/v1/audit/proof?cursor=${encodeURIComponent(String(cursor))}` })
        assert.strictEqual((yield* at(resume)).status, 200)
        const { json: page } = yield* send({ method: "GET", path: "/v1/audit?limit=1" })
        assert.strictEqual((yield* at(page["nextCursor"])).json["code"], "invalid_cursor")
      })
  )

  it.effect("is for admins: editors and viewers are refused", () =>
    Effect.gen(function* () {
      const { mint, send } = yield* Edge
      const scopes = ["ops:audit.read"]
      const as = Effect.fnUntraced(function* (role: string) {
        const token = yield* mint({ subject: "a", tenantId: otherTenant, scopes, roles: [role], ttlSeconds: 60 })
        const asked = ["/v1/audit", "/v1/audit/proof"].map((path) =>
          Effect.map(
            send({ method: "GET", path, headers: { authorization: `Bearer ${token}` } }),
            ({ status }) => status
          )
        )
        return yield* Effect.all(asked)
      })
      assert.deepStrictEqual(
        [yield* as("admin"), yield* as("editor"), yield* as("viewer")],
        [
          [200, 200],
          [403, 403],
          [403, 403]
        ]
      )
    })
  )
})

const note = (tenantId: typeof tenant | null, action = "a") => ({
  tenantId,
  action,
  actor: { kind: "user", id: "u" } as const,
  resource: null,
  outcome: "refused" as const,
  code: "forbidden",
  correlationId: "0" as CorrelationId
})

/** A trail that keeps what it is given; fails while `away`. */
const world = (away = { now: false }) => {
  const written: Array<AuditEntry> = []
  const trail = Layer.succeed(AuditTrail, {
    append: (entries) =>
      Effect.suspend(() => {
        if (away.now) return Effect.fail(new StoreUnavailable({ operation: "append", cause: new Error("away") }))
        written.push(...entries)
        return Effect.void
      }),
    list: () => Effect.die("not asked"),
    stretch: () => Effect.die("not asked")
  })
  return { away, written, layer: notesLayer.pipe(Layer.provide(trail)) }
}

it.effect(
  "of a flood of one tenant a bounded part is written, the rest is counted at the end of the minute, and others are not touched",
  () => {
    const { layer, written } = world()
    return Effect.gen(function* () {
      const notes = yield* AuditNotes
      for (let n = 0; n < 1_000; n++) notes.note(note(tenant))
      notes.note(note(otherTenant))
      notes.note(note(null))
      yield* TestClock.adjust("61 seconds")
      yield* TestClock.adjust("2 seconds")
      const of = (tenantId: string) => written.filter((entry) => entry.tenantId === tenantId)
      assert.lengthOf(of(tenant), notesPerMinute + 1)
      assert.deepStrictEqual(
        of(tenant)
          .slice(notesPerMinute)
          .map(({ count, outcome }) => [outcome, count]),
        [["left_out", 1_000 - notesPerMinute]]
      )
      assert.lengthOf(of(otherTenant), 1)
      assert.lengthOf(of(installationTenant), 1)
    }).pipe(Effect.provide(layer))
  },
  { tags: ["ADR-0040.6"] }
)

it.effect(
  "who comes with what opens nothing is there once for each reason and network of a minute, the others counted, and no flood from however many fills it",
  () => {
    const { layer, written } = world()
    return Effect.gen(function* () {
      const { refusedBearer } = yield* AuditNotes
      const from = (address: string, reason: BearerReason = "token_expired") =>
        refusedBearer({ reason, address, correlationId: "1" as CorrelationId })
      for (let n = 0; n < 9; n++) from(`203.0.113.${n}`)
      from("203.0.113.7", "api_key_refused")
      from("2001:db8:1:2::3")
      yield* TestClock.adjust("2 seconds")
      const told = () => written.map(({ action, actor, code, count }) => [action, actor.id, code, count])
      const first = [
        ["bearer.refuse", "203.0.113.0/24", "token_expired", 1],
        ["bearer.refuse", "203.0.113.0/24", "api_key_refused", 1],
        ["bearer.refuse", "2001:db8:1::/48", "token_expired", 1]
      ]
      assert.deepStrictEqual(told(), first)
      yield* TestClock.adjust("61 seconds")
      assert.deepStrictEqual(told(), [...first, ["bearer.refuse", "203.0.113.0/24", "token_expired", 8]])
      for (let n = 0; n < 20_000; n++) from(`10.${n >> 8}.${n & 255}.1`)
      yield* TestClock.adjust("61 seconds")
      const flood = written.slice(4)
      assert.isAtMost(flood.length, pairsPerMinute + 2)
      assert.strictEqual(
        flood.reduce((sum, { count }) => sum + count, 0),
        20_000
      )
    }).pipe(Effect.provide(layer))
  },
  { tags: ["ADR-0040.6"] }
)

it.effect("notes wait while the store is away, and are written once it is back", () => {
  const { away, layer, written } = world({ now: true })
  return Effect.gen(function* () {
    const notes = yield* AuditNotes
    notes.note(note(tenant))
    yield* TestClock.adjust("20 seconds")
    assert.isEmpty(written)
    away.now = false
    yield* TestClock.adjust("20 seconds")
    assert.lengthOf(written, 1)
  }).pipe(Effect.provide(layer))
})

it.effect("what was noted last is written at a stop, with what was left out", () => {
  const { layer, written } = world()
  return Effect.gen(function* () {
    yield* Effect.provide(
      Effect.gen(function* () {
        const notes = yield* AuditNotes
        for (let n = 0; n < notesPerMinute + 5; n++) notes.note(note(tenant))
      }),
      layer
    )
    assert.lengthOf(written, notesPerMinute + 1)
    assert.strictEqual(written.at(-1)?.count, 5)
  })
})
