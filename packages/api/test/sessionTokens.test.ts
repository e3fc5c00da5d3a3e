/** Refresh tokens of people's sessions, sessions listed and ended, and tokens looked at and taken back; and what is forged of all that. */
import { builtinRoles, permissionsOf } from "@dueline/contracts/api/roles"
import type { RolePage } from "@dueline/contracts/session/SessionEndpoints"
import { tenantScopes } from "@dueline/contracts/api/Access"
import type { EpochMillis } from "@dueline/contracts/Ids"
import { type Session, SessionId } from "@dueline/contracts/session/Session"
import { drawSecret, readSecret } from "@dueline/identity/sessionSecret"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { randomUUID } from "node:crypto"
import { Edge, later, layer, otherTenant, tenant } from "./Edge.ts"

const hour = 3_600_000
const form = { "content-type": "application/x-www-form-urlencoded", authorization: "" }

const post = (
  path: string,
  parameters: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {}
) =>
  Effect.flatMap(Edge, ({ send }) =>
    send({
      method: "POST",
      path,
      headers: { ...form, ...headers },
      body: new URLSearchParams(parameters).toString()
    })
  )

const code = Effect.fnUntraced(function* (more: Partial<Session> = {}) {
  const { store } = yield* Edge
  const key = { tenantId: more.tenantId ?? tenant, sessionId: SessionId.make(randomUUID()) }
  const { digest, text } = drawSecret(key)
  const createdAt = Date.now() as EpochMillis
  const session = {
    ...key,
    subject: "ann",
    tenants: [key.tenantId],
    roles: ["editor"],
    scopes: tenantScopes,
    way: "link" as const,
    createdAt,
    expiresAt: (createdAt + hour) as EpochMillis,
    idleMs: hour,
    ...more
  }
  yield* Effect.orDie(store.sessions.make(session, { kind: "code", digest }, session.expiresAt))
  return { text, key }
})

const tokensOf = (reply: Effect.Success<ReturnType<typeof post>>) => {
  assert.strictEqual(reply.status, 200, reply.body)
  return { access: String(reply.json["access_token"]), refresh: String(reply.json["refresh_token"]), reply }
}

const open = (text: string, more: Readonly<Record<string, string>> = {}) =>
  post("/oauth/token", { grant_type: "authorization_code", code: text, ...more })

const refresh = (token: string, more: Readonly<Record<string, string>> = {}) =>
  post("/oauth/token", { grant_type: "refresh_token", refresh_token: token, ...more })

const signIn = Effect.fnUntraced(function* (more: Partial<Session> = {}) {
  const { key, text } = yield* code(more)
  return { key, ...tokensOf(yield* open(text)) }
})

const list = (token: string) =>
  Effect.flatMap(Edge, ({ send }) =>
    send({ method: "GET", path: "/v1/service-calls", headers: { authorization: `Bearer ${token}` } })
  )

const refusedGrant = (reply: Effect.Success<ReturnType<typeof post>>, why: string) =>
  assert.deepStrictEqual([reply.status, reply.json["error"]], [400, "invalid_grant"], why)

it.layer(layer, { excludeTestServices: true })("tokens of a session", (it) => {
  it.effect(
    "a code gives an access token and a refresh token, which gives the next ones; two at once both go on",
    () =>
      Effect.gen(function* () {
        const { submit } = yield* Edge
        const first = yield* signIn()
        assert.deepInclude(first.reply.json, { token_type: "Bearer", expires_in: 900 })
        assert.notInclude(String(first.reply.json["scope"]), "ops:api-keys.write", "as far as the role goes")
        assert.strictEqual((yield* submit(later, { authorization: `Bearer ${first.access}` })).status, 202)
        const both = yield* Effect.all([refresh(first.refresh), refresh(first.refresh)], { concurrency: 2 })
        for (const reply of both) {
          const next = tokensOf(reply)
          assert.notStrictEqual(next.refresh, first.refresh)
          assert.strictEqual((yield* list(next.access)).status, 200)
          tokensOf(yield* refresh(next.refresh))
        }
      }),
    { tags: ["ADR-0041.2"] }
  )

  it.effect(
    "one that comes again after the grace ends the session: its refresh tokens and access tokens are refused",
    () =>
      Effect.gen(function* () {
        const { store } = yield* Edge
        const { access, key, refresh: stolen } = yield* signIn()
        // Replaced long ago.
        const { digest } = drawSecret(key)
        const given = { kind: "client" as const, digest: readSecret(stolen)?.digest ?? "" }
        const ago = (Date.now() - 60_000) as EpochMillis
        yield* Effect.orDie(store.sessions.exchange({ ...key, given, next: { kind: "client", digest }, at: ago }))
        assert.strictEqual((yield* list(access)).status, 200)
        refusedGrant(yield* refresh(stolen), "reused")
        assert.strictEqual((yield* list(access)).status, 401)
        assert.deepInclude(yield* Effect.orDie(store.sessions.find(key, null)), { endedBy: "reused" })
      }),
    { tags: ["ADR-0041.2"] }
  )

  it.effect(
    "nothing but the code or refresh token itself is taken for it",
    () =>
      Effect.gen(function* () {
        const { send, token } = yield* Edge
        const { access, key, refresh: good } = yield* signIn()
        const unused = yield* code()
        const other = yield* code({ tenantId: otherTenant, tenants: [otherTenant] })
        const bytes = Buffer.from(good.slice(4), "base64url")
        const flipped = (at: number) => {
          const copy = Buffer.from(bytes)
          copy[at] = (copy[at] ?? 0) ^ 1
          return `dls_${copy.toString("base64url")}`
        }
        const forged = [
          ...[0, 15, 16, 31, 32, 63].map(flipped),
          `dls_${Buffer.concat([Buffer.from(otherTenant.replaceAll("-", ""), "hex"), bytes.subarray(16)]).toString("base64url")}`,
          drawSecret(key).text,
          `${good}A`,
          good.slice(0, -1),
          good.toLowerCase(),
          ` ${good}`,
          `${good}\u0000`,
          access,
          token,
          unused.text,
          "dlk_x"
        ]
        for (const text of forged) refusedGrant(yield* refresh(text), text)
        for (const text of [good, access, ...forged.slice(0, 8)]) refusedGrant(yield* open(text), text)
        // What holds a session is no bearer's token, and no cookie's secret.
        for (const text of [good, unused.text])
          assert.strictEqual((yield* list(text)).status, 401, "as a bearer's token")
        const cookie = yield* send({
          method: "GET",
          path: "/v1/service-calls",
          headers: { authorization: "", cookie: `dueline_session=${good}` }
        })
        assert.strictEqual(cookie.status, 401, "as a cookie")
        for (const [more, error] of [
          [{ client_secret: "x" }, "invalid_request"],
          [{ scope: "ops:tenants.write" }, "invalid_scope"],
          [{ scope: "a  b" }, "invalid_scope"]
        ] as const) {
          const reply = yield* refresh(good, more)
          assert.deepStrictEqual([reply.status, reply.json["error"]], [400, error])
        }
        assert.strictEqual((yield* refresh(good, { scope: "ops:calls.read" })).json["scope"], "ops:calls.read")
        assert.strictEqual((yield* open(unused.text)).status, 200, "mistakes cost no code")
        assert.strictEqual((yield* open(other.text)).status, 200)
        refusedGrant(yield* open(unused.text), "a second time")
      }),
    { tags: ["ADR-0041.1", "ADR-0041.2"] }
  )

  it.effect("a refresh token or an access token that is taken back ends its session; others are no error", () =>
    Effect.gen(function* () {
      const { token } = yield* Edge
      const byRefresh = yield* signIn()
      assert.strictEqual((yield* post("/oauth/revoke", { token: byRefresh.refresh })).status, 200)
      refusedGrant(yield* refresh(byRefresh.refresh), "taken back")
      assert.strictEqual((yield* list(byRefresh.access)).status, 401)
      const byAccess = yield* signIn()
      assert.strictEqual((yield* list(byAccess.access)).status, 200)
      assert.strictEqual((yield* post("/oauth/revoke", { token: byAccess.access })).status, 200)
      assert.strictEqual((yield* list(byAccess.access)).status, 401)
      for (const nothing of [byAccess.access, "x", "a.b.c", drawSecret(byAccess.key).text])
        assert.strictEqual((yield* post("/oauth/revoke", { token: nothing })).status, 200, nothing)
      assert.strictEqual((yield* post("/oauth/revoke", { token })).json["error"], "unsupported_token_type")
      assert.strictEqual((yield* post("/oauth/revoke", {})).json["error"], "invalid_request")
    })
  )

  it.effect(
    "what a token is good for is told to its own tenant alone, and to nobody who does not show who they are",
    () =>
      Effect.gen(function* () {
        const { otherToken, send, token } = yield* Edge
        const { access, key, refresh: good } = yield* signIn()
        const made = yield* send({
          method: "POST",
          path: "/v1/api-keys",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ name: "machine", scopes: ["ops:bins.read"] })
        })
        const apiKey = String(made.json["key"])
        const as = (bearer: string) => ({ authorization: `Bearer ${bearer}` })
        const look = (about: string, headers = as(token)) => post("/oauth/introspect", { token: about }, headers)
        const told = yield* look(access)
        assert.deepInclude(told.json, {
          active: true,
          token_type: "Bearer",
          sub: "ann",
          tenant_id: tenant,
          sid: key.sessionId
        })
        assert.deepInclude((yield* look(good)).json, { active: true, sub: "ann", sid: key.sessionId })
        assert.deepInclude((yield* look(apiKey)).json, {
          active: true,
          scope: "ops:bins.read",
          client_id: made.json["id"]
        })
        const basic = `Basic ${Buffer.from(`${String(made.json["id"])}:${apiKey}`).toString("base64")}`
        assert.deepInclude((yield* look(access, { authorization: basic })).json, { active: true })
        for (const about of [access, good, apiKey])
          assert.deepStrictEqual((yield* look(about, as(otherToken))).json, { active: false })
        for (const about of ["x", "dls_x", "dlk_x", `${access}x`])
          assert.deepStrictEqual((yield* look(about)).json, { active: false }, about)
        assert.strictEqual((yield* look(access, { authorization: "" })).status, 401)
        assert.strictEqual((yield* look(access, { authorization: "Basic eDp5" })).status, 401)
        yield* post("/oauth/revoke", { token: good })
        assert.deepStrictEqual((yield* look(access)).json, { active: false })
        assert.deepStrictEqual((yield* look(good)).json, { active: false })
      })
  )

  it.effect(
    "a token that was given for an API key goes with the key",
    () =>
      Effect.gen(function* () {
        const { send, submit } = yield* Edge
        const made = yield* send({
          method: "POST",
          path: "/v1/api-keys",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ name: "machine", scopes: ["ops:calls.read", "ops:calls.write"] })
        })
        const given = yield* post("/oauth/token", {
          grant_type: "client_credentials",
          client_secret: String(made.json["key"])
        })
        assert.isUndefined(given.json["refresh_token"])
        const authorization = `Bearer ${String(given.json["access_token"])}`
        // The second goes the plain way.
        for (let turn = 0; turn < 2; turn++) assert.strictEqual((yield* submit(later, { authorization })).status, 202)
        yield* send({ method: "DELETE", path: `/v1/api-keys/${String(made.json["id"])}` })
        for (let turn = 0; turn < 2; turn++) assert.strictEqual((yield* submit(later, { authorization })).status, 401)
        assert.strictEqual((yield* list(String(given.json["access_token"]))).status, 401)
      }),
    { tags: ["ADR-0041.4"] }
  )

  it.effect(
    "that began, ended, or came again are in the audit log, by the session's id alone",
    () =>
      Effect.gen(function* () {
        const { send, store } = yield* Edge
        /** Notes gather for a second. */
        const noted = Effect.fnUntraced(function* (resource: string, count: number) {
          for (;;) {
            const { items } = yield* Effect.orDie(
              store.auditTrail.list({ tenantId: tenant, resource, after: null, limit: 10 })
            )
            const found = items.map(({ action, actor, code, outcome }) => [action, actor.id, outcome, code].join(" "))
            if (found.length >= count) return found
            yield* Effect.sleep(50)
          }
        })
        const ended = yield* signIn({ subject: "ida" })
        yield* send({ method: "DELETE", path: `/v1/sessions/${ended.key.sessionId}` })
        const { key, refresh: stolen } = yield* signIn({ subject: "ida" })
        const given = { kind: "client" as const, digest: readSecret(stolen)?.digest ?? "" }
        const next = { kind: "client" as const, digest: drawSecret(key).digest }
        const ago = (Date.now() - 60_000) as EpochMillis
        yield* Effect.orDie(store.sessions.exchange({ ...key, given, next, at: ago }))
        yield* refresh(stolen)
        assert.sameMembers(yield* noted(ended.key.sessionId, 2), ["oauth.token ida done ", "sessions.end tester done "])
        assert.sameMembers(yield* noted(key.sessionId, 2), [
          "oauth.token ida done ",
          "oauth.token ida refused refresh_token_reused"
        ])
      }),
    { tags: ["ADR-0040.6"] }
  )

  it.effect(
    "people see and end their own sessions, admins those of their tenant",
    () =>
      Effect.gen(function* () {
        const { send } = yield* Edge
        const tenants = [otherTenant]
        const amy = yield* signIn({ tenantId: otherTenant, tenants, subject: "amy" })
        const amyElsewhere = yield* signIn({ tenantId: otherTenant, tenants, subject: "amy" })
        const bob = yield* signIn({ tenantId: otherTenant, tenants, subject: "bob", roles: ["viewer"] })
        const admin = yield* signIn({ tenantId: otherTenant, tenants, subject: "eve", roles: ["admin"] })
        const call = (method: string, path: string, as: string) =>
          send({ method, path, headers: { authorization: `Bearer ${as}` } })
        const seen = Effect.fnUntraced(function* (as: string) {
          const reply = yield* call("GET", "/v1/sessions", as)
          assert.strictEqual(reply.status, 200, reply.body)
          return (reply.json["items"] as ReadonlyArray<{ id: string; current: boolean; status: string }>).map(
            ({ current, id, status }) => `${id} ${status}${current ? " current" : ""}`
          )
        })
        const roles = yield* call("GET", "/v1/roles", bob.access)
        assert.deepStrictEqual(
          (roles.json["items"] as RolePage["items"]).map(({ name }) => name),
          ["viewer", "editor", "admin"]
        )
        assert.deepInclude((roles.json["items"] as RolePage["items"])[0], {
          builtIn: true,
          permissions: permissionsOf(builtinRoles.viewer)
        })
        const [one, two, three] = [amy, amyElsewhere, bob].map(({ key }) => key.sessionId)
        assert.sameMembers(yield* seen(amy.access), [`${one} Live current`, `${two} Live`])
        assert.deepStrictEqual(yield* seen(bob.access), [`${three} Live current`])
        assert.includeMembers(yield* seen(admin.access), [`${one} Live`, `${two} Live`, `${three} Live`])
        assert.strictEqual((yield* call("DELETE", `/v1/sessions/${one}`, bob.access)).status, 404)
        const ended = yield* call("DELETE", `/v1/sessions/${two}`, amy.access)
        assert.deepInclude(ended.json, { status: "Over", endedBy: "ended" })
        assert.strictEqual((yield* list(amyElsewhere.access)).status, 401)
        refusedGrant(yield* refresh(amyElsewhere.refresh), "ended")
        assert.strictEqual((yield* call("DELETE", `/v1/sessions/${three}`, admin.access)).status, 200)
        assert.strictEqual((yield* list(bob.access)).status, 401)
        assert.deepInclude((yield* call("DELETE", `/v1/sessions/${one}`, amy.access)).json, { endedBy: "signed-out" })
        assert.strictEqual((yield* list(amy.access)).status, 401)
      }),
    { tags: ["ADR-0041.1"] }
  )
})
