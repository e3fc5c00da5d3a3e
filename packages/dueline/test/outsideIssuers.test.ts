/** Keys of outside issuers over real sockets: of a provider that others have made, and of servers that are no good. */
import { TenantId } from "@dueline/contracts/Ids"
import { makeEgressGuard } from "@dueline/execution/egress/EgressGuard"
import * as UndiciHttpClient from "@dueline/execution/egress/UndiciHttpClient"
import type { OutsideIssuer } from "@dueline/identity/outside/IssuerSettings"
import * as OutsideIssuers from "@dueline/identity/outside/OutsideIssuers"
import * as TokenVerifier from "@dueline/identity/TokenVerifier"
import * as SigningKeys from "@dueline/secrets/SigningKeys"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { generateKeyPairSync } from "node:crypto"
import { createServer, type RequestListener } from "node:http"
import { Provider } from "oidc-provider"

const tenantId = TenantId.make("11111111-1111-4111-8111-111111111111")
const { roles } = TokenVerifier.defaultVerifierSettings

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

const privateJwk = (kid: string) => ({
  ...generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey.export({ format: "jwk" }),
  kid,
  use: "sig",
  alg: "RS256"
})

const resource = "https://operations.example"

const providerWith = (issuer: string, keys: ReadonlyArray<object>): RequestListener =>
  new Provider(issuer, {
    jwks: { keys },
    clients: [
      {
        client_id: "planner",
        client_secret: "secret-of-the-planner",
        grant_types: ["client_credentials"],
        response_types: [],
        redirect_uris: []
      }
    ],
    ttl: { ClientCredentials: 600 },
    scopes: ["ops:orders.read", "ops:orders.write", "ops:tenants.write"],
    extraTokenClaims: () => ({ tenant_id: tenantId, roles: ["viewer"] }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: "ops:orders.read ops:orders.write ops:tenants.write",
          audience: "operations",
          accessTokenFormat: "jwt",
          accessTokenTTL: 600,
          jwt: { sign: { alg: "RS256" } }
        })
      }
    }
  }).callback()

const Answer = Schema.Struct({ access_token: Schema.String })

const askToken = (issuer: string) =>
  Effect.promise(async () => {
    const answer = await fetch(`${issuer}/token`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from("planner:secret-of-the-planner").toString("base64")}` },
      body: new URLSearchParams({
        grant_type: "client_credentials",
        resource,
        scope: "ops:orders.read ops:orders.write ops:tenants.write"
      })
    })
    return Schema.decodeUnknownSync(Answer)(await answer.json()).access_token
  })

const Times = Schema.fromJsonString(Schema.Struct({ iat: Schema.Finite }))
const issuedAt = (token: string): number =>
  Schema.decodeUnknownSync(Times)(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).iat * 1_000

it.effect(
  "tokens of a provider that others have made are believed, through its rotation and without its old key after",
  () =>
    Effect.gen(function* () {
      let provider: RequestListener = (_, response) => response.end()
      const issuer = yield* serving((request, response) => provider(request, response))
      const [first, second] = [privateJwk("first"), privateJwk("second")] as const
      provider = providerWith(issuer, [first])
      const before = yield* askToken(issuer)
      // The machine's time is the provider's; ours is the test's.
      yield* TestClock.setTime(issuedAt(before) + 1_000)
      const settings: OutsideIssuer = {
        issuer,
        jwksUri: `${issuer}/jwks`,
        audience: "operations",
        claims: { tenant: "tenant_id", roles: "roles", scopes: "scope" },
        tenants: [tenantId]
      }
      const services = TokenVerifier.layer().pipe(
        Layer.provide(OutsideIssuers.layer([settings], roles)),
        Layer.provide([SigningKeys.layerEphemeral, client])
      )
      yield* Effect.gen(function* () {
        const { verify } = yield* TokenVerifier.TokenVerifier
        const access = yield* verify(before)
        assert.deepInclude(access, { tenantId, keyId: "first", subject: `${issuer}|planner` })
        assert.deepStrictEqual(access.scopes, ["ops:orders.read"])

        provider = providerWith(issuer, [second, first])
        const after = yield* askToken(issuer)
        yield* TestClock.adjust("31 seconds")
        assert.strictEqual((yield* verify(after)).keyId, "second")
        assert.strictEqual((yield* verify(before)).keyId, "first")

        provider = providerWith(issuer, [privateJwk("third")])
        const latest = yield* askToken(issuer)
        yield* TestClock.adjust("31 seconds")
        assert.strictEqual((yield* verify(latest)).keyId, "third")
        for (const token of [before, after]) yield* Effect.flip(verify(token))
      }).pipe(Effect.provide(services))
    }),
  { tags: ["ADR-0039.1"] }
)

it.effect(
  "slow, endless, cut, redirected and broken answers give no keys, end in time, and the health checks say so",
  () =>
    Effect.gen(function* () {
      const address = yield* serving((request, response) => {
        if (request.url === "/slow") return response.writeHead(200).write('{"keys":[')
        if (request.url === "/cut") return response.destroy()
        if (request.url === "/elsewhere") return response.writeHead(302, { location: "http://127.0.0.2/jwks" }).end()
        if (request.url === "/broken") return response.writeHead(200).end(Buffer.from([0xff, 0xfe, 0x7b]))
        const more = (): void => {
          while (!response.destroyed && response.write("x".repeat(16_384)));
        }
        response.on("drain", more)
        more()
      })
      const expected = {
        slow: /within 3000 ms/u,
        cut: /closed the connection/u,
        elsewhere: /another host/u,
        broken: /no text/u,
        endless: /longer than 65536 bytes/u
      }
      const issuers = Object.keys(expected).map(
        (name): OutsideIssuer => ({
          issuer: name,
          jwksUri: `${address}/${name}`,
          audience: "operations",
          claims: { scopes: "scope" },
          tenants: [tenantId]
        })
      )
      yield* Effect.gen(function* () {
        const { byIssuer, states } = yield* OutsideIssuers.OutsideIssuers
        yield* Effect.forEach(byIssuer.values(), ({ lookFor }) => lookFor("first"), { concurrency: "unbounded" })
        for (const { issuer, trouble } of states) {
          assert.match(trouble() ?? "", expected[issuer as keyof typeof expected], issuer)
          assert.isUndefined(byIssuer.get(issuer)?.keyOf("first"))
        }
      }).pipe(Effect.provide(OutsideIssuers.layer(issuers, roles).pipe(Layer.provide(client))))
    }),
  { tags: ["ADR-0039.2"] }
)
