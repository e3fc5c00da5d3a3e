/** The edge between a browser and the identity provider: where it leads, what it keeps, what becomes a session, and what a person reads when it fails. */
import type { TenantId } from "@dueline/contracts/Ids"
import { ProviderAway, SignInProvider, SignInRefused } from "@dueline/identity/openid/SignInProvider"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { CurrentSessionSettings } from "../src/sessions/SessionAccess.ts"
import { builtinRoles } from "@dueline/contracts/api/roles"
import { Edge, layerOf, tenant, unmadeTenant } from "./Edge.ts"

/** What the provider does; tests change it. */
const provider = { isAway: false, refuses: false, tenant: tenant as TenantId }

const fake = Layer.succeed(SignInProvider, {
  begin: (callback) =>
    provider.isAway
      ? Effect.fail(new ProviderAway({ detail: "refused" }))
      : Effect.succeed({
          url: new URL(`https://id.example/auth?redirect_uri=${encodeURIComponent(callback.href)}`),
          kept: "s.n.v"
        }),
  finish: (callback, kept) => {
    if (provider.isAway) return Effect.fail(new ProviderAway({ detail: "refused" }))
    if (provider.refuses || kept !== "s.n.v" || callback.searchParams.get("code") !== "good")
      return Effect.fail(new SignInRefused({ detail: "<no>" }))
    return Effect.succeed({
      subject: "https://id.example|ann",
      tenants: [provider.tenant] as const,
      roles: ["viewer"],
      scopes: ["ops:calls.read", "ops:calls.write"]
    })
  }
})

const settings = Layer.succeed(CurrentSessionSettings, {
  publicUrl: new URL("https://dueline.example"),
  roles: new Map(Object.entries(builtinRoles)),
  ownHostsOnly: false
})

const none = { authorization: "" }
const html = { accept: "text/html,application/xhtml+xml" }

const get = (path: string, headers: Readonly<Record<string, string>> = {}) =>
  Effect.flatMap(Edge, ({ send }) => send({ method: "GET", path, headers: { ...none, ...headers } }))

const kept = "__Host-dueline_sign_in=s.n.v"

it.layer(layerOf({}, Layer.mergeAll(fake, settings) as Layer.Layer<never>), { excludeTestServices: true })(
  "sign-in at a provider",
  (it) => {
    it.effect(
      "leads there and back, and ends in a session with what the provider's roles allow",
      () =>
        Effect.gen(function* () {
          const away = yield* get("/console/sign-in")
          assert.strictEqual(away.status, 302)
          assert.include(away.headers["location"], encodeURIComponent("https://dueline.example/console/callback"))
          const set = String(away.headers["set-cookie"])
          for (const part of [kept, "HttpOnly", "SameSite=Lax", "Secure", "Path=/"]) assert.include(set, part)
          const back = yield* get("/console/callback?code=good&state=s&session_state=more", {
            cookie: kept,
            "sec-fetch-site": "cross-site"
          })
          assert.deepStrictEqual([back.status, back.headers["location"]], [302, "/console"])
          const cookies = String(back.headers["set-cookie"])
          assert.match(cookies, /__Host-dueline_sign_in=;[^,]*Max-Age=0/u)
          const session = /__Host-dueline_session=dls_[\w-]+/u.exec(cookies)?.[0] ?? ""
          const who = yield* get("/console/session", { cookie: session })
          assert.deepInclude(who.json, {
            subject: "https://id.example|ann",
            roles: ["viewer"],
            permissions: ["ops:calls.read"],
            way: "openid"
          })
          provider.isAway = true
          assert.strictEqual((yield* get("/v1/service-calls", { cookie: session })).status, 200, "who is in goes on")
          provider.isAway = false
        }),
      { tags: ["ADR-0041.5"] }
    )

    it.effect(
      "what fails is told to a person on a page, to others as a problem, and signs nobody in",
      () =>
        Effect.gen(function* () {
          const { baseUrl } = yield* Edge
          const fails = Effect.fnUntraced(function* (path: string, cookie: string, status: number, code: string) {
            const reply = yield* get(path, { cookie })
            assert.deepStrictEqual([reply.status, reply.json["code"]], [status, code], reply.body)
            const page = yield* Effect.promise(() => fetch(`${baseUrl}${path}`, { headers: { ...html, cookie } }))
            assert.deepStrictEqual(
              [page.status, page.headers.get("content-type")],
              [status, "text/html; charset=utf-8"]
            )
            assert.include(page.headers.get("content-security-policy"), "default-src 'none'")
            assert.notInclude(yield* Effect.promise(() => page.text()), "<no>")
            assert.notInclude(String(reply.headers["set-cookie"]), "dls_")
          })
          const callback = "/console/callback?code=good&state=s"
          yield* fails(callback, "", 403, "sign_in_refused")
          yield* fails(callback, "dueline_sign_in=s.n.v", 403, "sign_in_refused")
          yield* fails("/console/callback?error=access_denied", kept, 403, "sign_in_refused")
          provider.tenant = unmadeTenant
          yield* fails(callback, kept, 403, "unknown_tenant")
          provider.tenant = tenant
          provider.isAway = true
          yield* fails(callback, kept, 503, "sign_in_unavailable")
          yield* fails("/console/sign-in", "", 503, "sign_in_unavailable")
          provider.isAway = false
        }),
      { tags: ["ADR-0041.5"] }
    )
  }
)
