/** How a browser signs in and out, and what its cookie opens, and for which pages. */
import { AccessScope } from "@dueline/contracts/api/Access"
import type { EpochMillis } from "@dueline/contracts/Ids"
import { type Session, SessionId } from "@dueline/contracts/session/Session"
import { drawSecret } from "@dueline/identity/sessionSecret"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { randomUUID } from "node:crypto"
import { cookieIn, cookieOf, isOwnHost } from "../src/sessions/sessionCookie.ts"
import { Edge, later, layer, otherTenant, tenant } from "./Edge.ts"

const hour = 3_600_000

/** A code as a link carries it. */
const code = Effect.fnUntraced(function* (more: Partial<Session> = {}, codeMs = 600_000) {
  const { store } = yield* Edge
  const sessionId = SessionId.make(randomUUID())
  const { digest, text } = drawSecret({ tenantId: tenant, sessionId })
  const createdAt = Date.now() as EpochMillis
  yield* Effect.orDie(
    store.sessions.make(
      {
        tenantId: tenant,
        sessionId,
        subject: "ann",
        tenants: [tenant, otherTenant],
        roles: ["admin"],
        scopes: AccessScope.literals,
        way: "link",
        createdAt,
        expiresAt: (createdAt + hour) as EpochMillis,
        idleMs: hour,
        ...more
      },
      { kind: "code", digest },
      (createdAt + codeMs) as EpochMillis
    )
  )
  return { text, key: { tenantId: tenant, sessionId } }
})

const none = { authorization: "" }

const open = (text: string, headers: Readonly<Record<string, string>> = {}) =>
  Effect.flatMap(Edge, ({ send }) =>
    send({ method: "POST", path: "/console/session", headers: { ...none, "x-dueline-code": text, ...headers } })
  )

const cookieOfReply = (headers: Readonly<Record<string, unknown>>): string =>
  String(headers["set-cookie"]).split(";")[0] ?? ""

const signIn = Effect.fnUntraced(function* (more: Partial<Session> = {}) {
  const { key, text } = yield* code(more)
  const reply = yield* open(text)
  assert.strictEqual(reply.status, 200, reply.body)
  return { key, cookie: cookieOfReply(reply.headers) }
})

const bare = (cookie: string, more: Readonly<Record<string, string>> = {}) => ({ ...none, cookie, ...more })

it.layer(layer, { excludeTestServices: true })("a session in a browser", (it) => {
  it.effect(
    "begins with a code, once; the cookie is out of reach of scripts, and says who it is",
    () =>
      Effect.gen(function* () {
        const { send } = yield* Edge
        const { text } = yield* code()
        const reply = yield* open(text)
        assert.strictEqual(reply.status, 200, reply.body)
        assert.deepInclude(reply.json, {
          subject: "ann",
          tenant,
          tenants: [tenant, otherTenant],
          roles: ["admin"],
          way: "link"
        })
        assert.notInclude(reply.json["permissions"], "ops:tenants.read", "no role reaches across tenants")
        assert.include(reply.json["permissions"], "ops:api-keys.write")
        const set = String(reply.headers["set-cookie"])
        for (const part of ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="]) assert.include(set, part)
        assert.notInclude(set, "Secure")
        assert.notInclude(set, "Domain")
        assert.strictEqual(reply.headers["cache-control"], "no-store")
        const again = yield* open(text)
        assert.deepStrictEqual([again.status, again.json["code"]], [401, "unauthenticated"])
        assert.isUndefined(again.headers["set-cookie"])
        const who = yield* send({
          method: "GET",
          path: "/console/session",
          headers: bare(cookieOfReply(reply.headers))
        })
        assert.deepStrictEqual([who.status, who.json], [200, reply.json])
      }),
    { tags: ["ADR-0041.1"] }
  )

  it.effect(
    "does not begin with a code that is old, of another kind, or no code at all",
    () =>
      Effect.gen(function* () {
        const late = yield* code({}, -1)
        const { cookie } = yield* signIn()
        const stranger = drawSecret({ tenantId: tenant, sessionId: SessionId.make(randomUUID()) })
        for (const text of [late.text, cookie.split("=")[1] ?? "", stranger.text, "", "dls_", "x".repeat(90)]) {
          const reply = yield* open(text)
          assert.deepStrictEqual([reply.status, reply.json["code"]], [401, "unauthenticated"], text)
          assert.isUndefined(reply.headers["set-cookie"])
        }
      }),
    { tags: ["ADR-0041.1"] }
  )

  it.effect(
    "reads and writes as a token does, in the tenants that it may choose and with what its roles allow",
    () =>
      Effect.gen(function* () {
        const { send } = yield* Edge
        const { cookie } = yield* signIn({ roles: ["viewer"] })
        const headers = bare(cookie, { "sec-fetch-site": "same-origin", "content-type": "application/json" })
        const list = (more = {}) => send({ method: "GET", path: "/v1/service-calls", headers: { ...headers, ...more } })
        assert.strictEqual((yield* list()).status, 200)
        assert.strictEqual((yield* list({ "x-tenant-id": otherTenant })).status, 200)
        assert.strictEqual((yield* list({ "x-tenant-id": randomUUID() })).json["code"], "foreign_tenant")
        const submit = (as: string) =>
          send({
            method: "POST",
            path: "/v1/service-calls",
            headers: { ...headers, cookie: as },
            body: JSON.stringify(later)
          })
        assert.strictEqual((yield* submit(cookie)).json["code"], "insufficient_scope")
        const editor = yield* signIn({ roles: ["editor"] })
        assert.strictEqual((yield* submit(editor.cookie)).status, 202)
      }),
    { tags: ["ADR-0041.3"] }
  )

  it.effect(
    "does nothing for pages of other sites or of other ports of this host, and stands behind what a request says itself",
    () =>
      Effect.gen(function* () {
        const { port, send, store } = yield* Edge
        const { cookie } = yield* signIn()
        const events = store.dump().events.length
        const submit = (headers: Readonly<Record<string, string>>) =>
          send({
            method: "POST",
            path: "/v1/service-calls",
            headers: bare(cookie, { "content-type": "application/json", ...headers }),
            body: JSON.stringify(later)
          })
        for (const forged of [
          { "sec-fetch-site": "cross-site", origin: "https://evil.example" },
          { "sec-fetch-site": "same-site", origin: `http://127.0.0.1:${port + 1}` },
          { "sec-fetch-site": "none" },
          { origin: `http://127.0.0.1:${port + 1}` },
          { origin: `http://localhost:${port}` },
          { origin: "null" },
          { origin: "https://evil.example" },
          {}
        ]) {
          const reply = yield* submit(forged as Readonly<Record<string, string>>)
          assert.deepStrictEqual([reply.status, reply.json["code"]], [403, "foreign_origin"], JSON.stringify(forged))
        }
        const read = yield* send({
          method: "GET",
          path: "/v1/service-calls",
          headers: bare(cookie, { "sec-fetch-site": "cross-site" })
        })
        assert.strictEqual(read.json["code"], "foreign_origin")
        const token = yield* submit({ "sec-fetch-site": "same-origin", authorization: "Bearer no.such.token" })
        assert.strictEqual(token.status, 401, "a bad token is not made good by the cookie")
        assert.lengthOf(store.dump().events, events)
        assert.strictEqual((yield* submit({ origin: `http://127.0.0.1:${port}` })).status, 202)
        const { text } = yield* code()
        const planted = yield* open(text, { origin: "https://evil.example" })
        assert.strictEqual(planted.json["code"], "foreign_origin", "nobody is signed in by another's page")
        const out = yield* send({
          method: "DELETE",
          path: "/console/session",
          headers: bare(cookie, { "sec-fetch-site": "same-site" })
        })
        assert.strictEqual(out.json["code"], "foreign_origin")
      }),
    { tags: ["ADR-0041.3"] }
  )

  it.effect(
    "ends when its person signs out, when it is ended, and when its time is over",
    () =>
      Effect.gen(function* () {
        const { send, store } = yield* Edge
        const here = { "sec-fetch-site": "same-origin" }
        const who = (cookie: string) => send({ method: "GET", path: "/console/session", headers: bare(cookie, here) })
        const mine = yield* signIn()
        assert.strictEqual((yield* who(mine.cookie)).status, 200)
        const out = yield* send({ method: "DELETE", path: "/console/session", headers: bare(mine.cookie, here) })
        assert.strictEqual(out.status, 204, out.body)
        assert.include(String(out.headers["set-cookie"]), "Max-Age=0")
        assert.strictEqual((yield* who(mine.cookie)).status, 401)
        assert.deepInclude(yield* Effect.orDie(store.sessions.find(mine.key, null)), { endedBy: "signed-out" })
        const again = yield* send({ method: "DELETE", path: "/console/session", headers: bare(mine.cookie, here) })
        assert.strictEqual(again.status, 204)
        const ended = yield* signIn()
        yield* Effect.orDie(store.sessions.end(ended.key, "ended", Date.now() as EpochMillis))
        assert.strictEqual((yield* who(ended.cookie)).status, 401)
        const unused = yield* code({ idleMs: 0 })
        assert.strictEqual((yield* open(unused.text)).status, 401, "one that may not lie unused at all is none")
        for (const cookie of ["dueline_session=x", "dueline_session=", `${mine.cookie}; ${mine.cookie}`, "other=1"])
          assert.strictEqual((yield* who(cookie)).status, 401, cookie)
      }),
    { tags: ["ADR-0041.1"] }
  )

  it.effect(
    "who has a token or a key sees what it allows at the same address; who has nothing is told what to send",
    () =>
      Effect.gen(function* () {
        const { mint, send } = yield* Edge
        const path = "/console/session"
        const token = yield* send({ method: "GET", path })
        assert.deepInclude(token.json, { subject: "tester", tenant, roles: [], session: null })
        assert.notProperty(token.json, "forSome")
        const scopes = ["ops:calls.read", "ops:calls.write"]
        const seen = Effect.fnUntraced(function* (role: string) {
          const bearer = yield* mint({ subject: "x", tenantId: tenant, scopes, roles: [role], ttlSeconds: 60 })
          const { json } = yield* send({ method: "GET", path, headers: { authorization: `Bearer ${bearer}` } })
          return [json["permissions"], json["forSome"]]
        })
        assert.deepStrictEqual(yield* seen("north"), [
          [],
          scopes.map((scope) => ({ scope, allow: ["tag=north"], deny: [] }))
        ])
        assert.deepStrictEqual(yield* seen("careful"), [
          ["ops:calls.read"],
          [{ scope: "ops:calls.write", allow: [""], deny: ["tag=locked"] }]
        ])
        assert.strictEqual((yield* send({ method: "GET", path, headers: none })).status, 401)
        const signIn = yield* send({ method: "GET", path: "/console/sign-in", headers: none })
        assert.deepStrictEqual([signIn.status, signIn.json["code"]], [404, "sign_in_not_configured"])
      })
  )
})

it("over https the cookie is one that no other host can set, and no other is looked at", () => {
  const https = { publicUrl: new URL("https://dueline.example") }
  const [name, , options] = cookieOf("session", "s", 60, {}, https)
  assert.deepInclude({ name, ...options }, { name: "__Host-dueline_session", secure: true, path: "/" })
  assert.deepInclude(cookieOf("session", "s", 60, { origin: "https://behind.example" }, { publicUrl: null })[2], {
    secure: true
  })
  assert.strictEqual(cookieIn("session", { cookie: "a=1; __Host-dueline_session=x; dueline_session=y" }, https), "x")
  assert.isNull(cookieIn("session", { cookie: "dueline_session=y" }, https))
  assert.strictEqual(cookieIn("session", { cookie: "dueline_session=y" }, { publicUrl: null }), "y")
})

it("a trial answers no name that could be rebound to this machine", () => {
  const trial = { ownHostsOnly: true, publicUrl: new URL("https://dueline.example") }
  for (const host of ["localhost:8080", "a.localhost", "127.0.0.1:1", "10.0.0.7", "[::1]:8080", "dueline.example"])
    assert.isTrue(isOwnHost(host, trial), host)
  for (const host of ["evil.example", "localhost.evil.example:8080", "127.0.0.1.evil.example", "notlocalhost", "a b"])
    assert.isFalse(isOwnHost(host, trial), host)
  assert.isTrue(isOwnHost("evil.example", { ...trial, ownHostsOnly: false }))
})
