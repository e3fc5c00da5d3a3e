/** Sign-in at a provider that others have made, over real sockets, as a browser goes through it; and at one that is gone or is no good. */
import { TenantId } from "@dueline/contracts/Ids"
import { makeEgressGuard } from "@dueline/execution/egress/EgressGuard"
import * as UndiciHttpClient from "@dueline/execution/egress/UndiciHttpClient"
import * as OpenIdProvider from "@dueline/identity/openid/OpenIdProvider"
import { SignInProvider, type SignInSettings } from "@dueline/identity/openid/SignInProvider"
import { tenantScopes } from "@dueline/contracts/api/Access"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { createServer, type RequestListener } from "node:http"
import { clientOfDueline, providerOf } from "./OpenIdServer.ts"

const tenantId = TenantId.make("11111111-1111-4111-8111-111111111111")
const callback = new URL("http://dueline.example/console/callback")

/** A server on this machine for as long as the scope is open, and its address. */
const serving = (listener: RequestListener) =>
  Effect.acquireRelease(
    Effect.callback<ReturnType<typeof createServer>>((resume) => {
      const server = createServer(listener)
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  ).pipe(
    Effect.map((server) => {
      const address = server.address()
      return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`
    })
  )

const client = UndiciHttpClient.layer({ guard: makeEgressGuard(["127.0.0.1"]) })
/** Follows redirects with cookies until the provider leads back. */
const browse = (start: URL) =>
  Effect.promise(async () => {
    const jar = new Map<string, string>()
    let at = start
    for (let hop = 0; hop < 10 && at.host !== callback.host; hop++) {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ")
      const answer = await fetch(at, { redirect: "manual", headers: { cookie } })
      for (const set of answer.headers.getSetCookie()) {
        const [name = "", value = ""] = (set.split(";")[0] ?? "").split(/=(.*)/su)
        jar.set(name, value)
      }
      const location = answer.headers.get("location")
      if (location === null) throw new Error(`${at.pathname} answered ${answer.status}: ${await answer.text()}`)
      at = new URL(location, at)
    }
    return at
  })

const settingsOf = (issuer: string): SignInSettings => ({
  issuer,
  ...clientOfDueline,
  claims: { tenant: "tenant_id", roles: "roles" },
  tenants: [tenantId]
})

const at = (issuer: string, more: Partial<SignInSettings> = {}) =>
  Effect.provide(SignInProvider, OpenIdProvider.layer({ ...settingsOf(issuer), ...more }).pipe(Layer.provide(client)))

for (const inToken of [true, false]) {
  it.live(
    `a person signs in, with roles and tenant from ${inToken ? "the ID token" : "the address for claims"}`,
    () =>
      Effect.gen(function* () {
        let listener: RequestListener = (_, response) => response.end()
        const issuer = yield* serving((request, response) => listener(request, response))
        listener = providerOf(issuer, callback, inToken, { tenant_id: tenantId, roles: ["editor", "king"] })
        const { begin, finish } = yield* at(issuer)
        const begun = yield* begin(callback)
        const back = yield* browse(begun.url)
        assert.deepStrictEqual(yield* finish(back, begun.kept), {
          subject: `${issuer}|ann`,
          tenants: [tenantId],
          roles: ["editor", "king"],
          scopes: tenantScopes
        })
        const again = yield* Effect.flip(finish(back, begun.kept))
        assert.strictEqual(again._tag, "SignInRefused", "a code of the provider goes once")
        const second = yield* begin(callback)
        const elsewhere = yield* browse(second.url)
        for (const kept of [begun.kept, "", "..", second.kept.replace(/[^.]*$/u, "x".repeat(43))])
          assert.strictEqual((yield* Effect.flip(finish(elsewhere, kept)))._tag, "SignInRefused", kept)
      }),
    { tags: ["ADR-0041.5"] }
  )
}

it.live(
  "nobody is let in by what the mapping does not give",
  () =>
    Effect.gen(function* () {
      let listener: RequestListener = (_, response) => response.end()
      const issuer = yield* serving((request, response) => listener(request, response))
      const through = Effect.fnUntraced(function* (claims: object) {
        listener = providerOf(issuer, callback, true, claims)
        const { begin, finish } = yield* at(issuer)
        const begun = yield* begin(callback)
        return yield* Effect.result(finish(yield* browse(begun.url), begun.kept))
      })
      const foreign = yield* through({ tenant_id: "22222222-2222-4222-8222-222222222222", roles: ["admin"] })
      assert.deepInclude(foreign, { _tag: "Failure" })
      assert.deepInclude(yield* through({ roles: ["admin"] }), { _tag: "Failure" }, "no tenant")
      const denied = new URL("?error=access_denied&state=x", callback)
      const { begin, finish } = yield* at(issuer)
      const { kept } = yield* begin(callback)
      assert.strictEqual((yield* Effect.flip(finish(denied, kept)))._tag, "SignInRefused")
    }),
  { tags: ["ADR-0041.5"] }
)

it.live(
  "a provider that is gone, or answers nothing of use, is said to be away, and is asked again later",
  () =>
    Effect.gen(function* () {
      let listener: RequestListener = (_, response) => response.destroy()
      let asked = 0
      const issuer = yield* serving((request, response) => {
        asked++
        listener(request, response)
      })
      const { begin, finish } = yield* at(issuer)
      const gone = yield* Effect.all([begin(callback), begin(callback)].map(Effect.flip), { concurrency: 2 })
      assert.deepStrictEqual(
        gone.map(({ _tag }) => _tag),
        ["ProviderAway", "ProviderAway"]
      )
      assert.isAtMost(asked, 2, "two who come at once ask once; a connection that broke is tried again")
      for (const garbage of ["{", "<html>", '{"issuer":"https://other.example"}', "x".repeat(300_000)]) {
        listener = (_, response) => response.setHeader("content-type", "application/json").end(garbage)
        const { begin: anew } = yield* at(issuer)
        assert.strictEqual((yield* Effect.flip(anew(callback)))._tag, "ProviderAway", garbage.slice(0, 40))
      }
      listener = providerOf(issuer, callback, true, { tenant_id: tenantId, roles: ["viewer"] })
      const { begin: there, finish: back } = yield* at(issuer)
      const begun = yield* there(callback)
      const url = yield* browse(begun.url)
      listener = (_, response) => response.destroy()
      assert.strictEqual((yield* Effect.flip(back(url, begun.kept)))._tag, "ProviderAway", "gone at the last step")
      assert.strictEqual((yield* Effect.flip(finish(url, begun.kept)))._tag, "ProviderAway")
    }),
  { tags: ["ADR-0041.5"] }
)
