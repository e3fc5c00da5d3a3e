import { TenantId } from "@dueline/contracts/Ids"
import { retireNow, rotateKey } from "@dueline/secrets/keyRotation"
import * as SigningKeys from "@dueline/secrets/SigningKeys"
import { assert, describe, it, layer } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { calculateJwkThumbprint, exportJWK, SignJWT } from "jose"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createHmac, createSecretKey, generateKeyPairSync } from "node:crypto"
import { defaultTokenSettings } from "../src/AccessToken.ts"
import * as TokenIssuer from "../src/TokenIssuer.ts"
import * as TokenVerifier from "../src/TokenVerifier.ts"

const tenantId = TenantId.make("11111111-1111-4111-8111-111111111111")
const asked = { subject: "alice", tenantId, scopes: ["ops:calls.read", "ops:calls.write"], ttlSeconds: 60 }
const services = Layer.mergeAll(TokenIssuer.layer(), TokenVerifier.layer()).pipe(
  Layer.provideMerge(SigningKeys.layerEphemeral)
)

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")
const decode = (part: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>

const mint = Effect.flatMap(TokenIssuer.TokenIssuer, (issuer) => issuer.mint(asked))
const verify = (token: string) => Effect.flatMap(TokenVerifier.TokenVerifier, (verifier) => verifier.verify(token))
const refuses = (token: string) =>
  Effect.map(Effect.flip(verify(token)), ({ _tag }) => assert.strictEqual(_tag, "TokenRefused"))

/** A token signed with the right key whose header and claims are changed before signing. */
const signed = Effect.fnUntraced(function* (change: { readonly header?: object; readonly claims?: object }) {
  const { current } = yield* SigningKeys.SigningKeys
  const claims = { ...decode((yield* mint).split(".")[1] ?? ""), ...change.claims }
  return yield* Effect.promise(() =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: "RS256", typ: "at+jwt", kid: current.kid, ...change.header })
      .sign(current.privateKey)
  )
})

layer(services)("access tokens", (it) => {
  it.effect(
    "what was minted is believed and says what was asked for",
    () =>
      Effect.gen(function* () {
        const token = yield* verify(yield* mint)
        assert.deepInclude(token, { subject: "alice", tenantId, scopes: asked.scopes, tenants: [] })
        assert.strictEqual((yield* verify(yield* signed({}))).subject, "alice")
      }),
    { tags: ["ADR-0007.4"] }
  )

  it.effect("a key is named by its thumbprint, as another implementation of RFC 7638 computes it", () =>
    Effect.gen(function* () {
      const { current } = yield* SigningKeys.SigningKeys
      const jwk = yield* Effect.promise(() => exportJWK(current.publicKey))
      assert.strictEqual(current.kid, yield* Effect.promise(() => calculateJwkThumbprint(jwk)))
    })
  )

  it.effect(
    "no algorithm, no signature: refused",
    () =>
      Effect.gen(function* () {
        const [, claims = ""] = (yield* mint).split(".")
        const { current } = yield* SigningKeys.SigningKeys
        for (const alg of ["none", "None", "NONE", ""]) {
          const head = encode({ alg, typ: "at+jwt", kid: current.kid })
          yield* refuses(`${head}.${claims}.`)
          yield* refuses(`${head}.${claims}`)
        }
      }),
    { tags: ["ADR-0007.4"] }
  )

  it.effect(
    "a public key is not a shared secret",
    () =>
      Effect.gen(function* () {
        const [, claims = ""] = (yield* mint).split(".")
        const { current } = yield* SigningKeys.SigningKeys
        const input = `${encode({ alg: "HS256", typ: "at+jwt", kid: current.kid })}.${claims}`
        for (const secret of [
          current.publicKey.export({ type: "spki", format: "pem" }),
          current.publicKey.export({ type: "spki", format: "der" }),
          JSON.stringify(current.publicKey.export({ format: "jwk" }))
        ]) {
          yield* refuses(`${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`)
        }
        const hmac = yield* Effect.promise(() =>
          new SignJWT(decode(claims))
            .setProtectedHeader({ alg: "HS256", typ: "at+jwt", kid: current.kid })
            .sign(createSecretKey(Buffer.alloc(32)))
        )
        yield* refuses(hmac)
      }),
    { tags: ["ADR-0007.4"] }
  )

  it.effect(
    "another RSA algorithm is refused also with the right key",
    () =>
      Effect.gen(function* () {
        const { current } = yield* SigningKeys.SigningKeys
        const claims = decode((yield* mint).split(".")[1] ?? "")
        for (const alg of ["RS384", "RS512", "PS256"]) {
          const token = yield* Effect.promise(() =>
            new SignJWT(claims).setProtectedHeader({ alg, typ: "at+jwt", kid: current.kid }).sign(current.privateKey)
          )
          yield* refuses(token)
        }
      }),
    { tags: ["ADR-0007.4"] }
  )

  it.effect(
    "an unknown key is refused, whatever it says of itself",
    () =>
      Effect.gen(function* () {
        const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 })
        const { current } = yield* SigningKeys.SigningKeys
        const claims = decode((yield* mint).split(".")[1] ?? "")
        const jwk = stranger.publicKey.export({ format: "jwk" }) as { kty: string; n: string; e: string }
        for (const header of [
          { kid: "unknown" },
          {},
          { kid: current.kid },
          { kid: "unknown", jwk },
          { kid: "unknown", jku: "https://attacker.example/jwks.json" },
          { kid: "unknown", x5u: "https://attacker.example/cert.pem", x5c: ["AAAA"] },
          { kid: current.kid, jku: "https://attacker.example/jwks.json", jwk },
          { kid: "../../dev/null" }
        ]) {
          const token = yield* Effect.promise(() =>
            new SignJWT(claims).setProtectedHeader({ alg: "RS256", typ: "at+jwt", ...header }).sign(stranger.privateKey)
          )
          yield* refuses(token)
        }
      }),
    { tags: ["ADR-0007.4"] }
  )

  it.effect(
    "another audience, issuer or kind of token is refused",
    () =>
      Effect.gen(function* () {
        yield* refuses(yield* signed({ claims: { aud: "someone-else" } }))
        yield* refuses(yield* signed({ claims: { aud: undefined } }))
        yield* refuses(yield* signed({ claims: { iss: "someone-else" } }))
        yield* refuses(yield* signed({ claims: { iss: undefined } }))
        yield* refuses(yield* signed({ header: { typ: "JWT" } }))
        yield* refuses(yield* signed({ header: { typ: "refresh+jwt" } }))
      }),
    { tags: ["ADR-0007.4"] }
  )

  it.effect("of several audiences ours must be one (RFC 7519 § 4.1.3)", () =>
    Effect.gen(function* () {
      yield* verify(yield* signed({ claims: { aud: ["someone-else", "operations"] } }))
      for (const aud of [["someone-else"], [], ["operations "], { 0: "operations" }, [["operations"]]])
        yield* refuses(yield* signed({ claims: { aud } }))
    })
  )

  it.effect(
    "names that come twice, extensions that are not known, unencoded payloads and tokens in tokens are refused",
    () =>
      Effect.gen(function* () {
        const { current } = yield* SigningKeys.SigningKeys
        const token = yield* mint
        const [head = "", claims = "", signature = ""] = token.split(".")
        const twice = Buffer.from(`{"alg":"none","alg":"RS256","typ":"at+jwt","kid":"${current.kid}"}`).toString(
          "base64url"
        )
        yield* refuses(`${twice}.${claims}.${signature}`)
        const other = Buffer.from(JSON.stringify(decode(claims)).replace("{", '{"sub":"mallory",')).toString(
          "base64url"
        )
        yield* refuses(`${head}.${other}.${signature}`)
        for (const header of [
          { crit: ["exp"], exp: 1 },
          { crit: ["b64"], b64: false },
          { crit: ["unheard-of"], "unheard-of": 1 }
        ]) {
          const extended = encode({ ...decode(head), ...header })
          yield* refuses(`${extended}.${claims}.${signature}`)
        }
        yield* refuses(`${head}.${Buffer.from(token).toString("base64url")}.${signature}`)
        yield* refuses(`${token}.${signature}`)
        yield* refuses(` ${token}`)
        yield* refuses(yield* signed({ claims: { pad: "x".repeat(8_192) } }))
      }),
    { tags: ["ADR-0007.4"] }
  )

  it.effect(
    "a token is good from its first second to its last, give or take the tolerance",
    () =>
      Effect.gen(function* () {
        const now = 1_700_000_000
        yield* TestClock.setTime(now * 1000)
        yield* refuses(yield* signed({ claims: { nbf: now + 6 } }))
        yield* verify(yield* signed({ claims: { nbf: now + 5 } }))
        yield* refuses(yield* signed({ claims: { exp: now - 5 } }))
        yield* verify(yield* signed({ claims: { exp: now - 4 } }))
        yield* refuses(yield* signed({ claims: { exp: undefined } }))
        yield* refuses(yield* signed({ claims: { nbf: undefined } }))
      }),
    { tags: ["ADR-0007.4"] }
  )

  it.effect(
    "a token that was believed once is refused when it has expired",
    () =>
      Effect.gen(function* () {
        const token = yield* mint
        yield* verify(token)
        yield* TestClock.adjust("64 seconds")
        yield* verify(token)
        yield* TestClock.adjust("1 second")
        yield* refuses(token)
        yield* refuses(token)
      }),
    { tags: ["ADR-0007.4"] }
  )

  it.effect(
    "claims of the wrong form are refused, and a token without a tenant too",
    () =>
      Effect.gen(function* () {
        for (const claims of [
          { tenant_id: undefined },
          { tenant_id: "acme" },
          { tenant_id: [tenantId] },
          { tenant_id: undefined, tenants: [] },
          { tenants: "all" },
          { sub: undefined },
          { sub: "" },
          { scope: undefined },
          { scope: ["ops:calls.read"] },
          { jti: undefined }
        ]) {
          yield* refuses(yield* signed({ claims }))
        }
        const several = yield* verify(yield* signed({ claims: { tenant_id: undefined, tenants: [tenantId] } }))
        assert.deepStrictEqual([several.tenantId, several.tenants], [null, [tenantId]])
      }),
    { tags: ["ADR-0007.4"] }
  )

  it.effect("times are seconds with fractions, and a tenant's id is read in either case", () =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const seconds = now / 1_000
      const late = yield* verify(
        yield* signed({ claims: { exp: seconds + 60.5, nbf: seconds - 0.25, iat: seconds - 0.75 } })
      )
      assert.strictEqual(late.expiresAt, now + 60_500)
      const shouted = "ABCDEFAB-1111-4111-8111-111111111111"
      const read = yield* verify(yield* signed({ claims: { tenant_id: shouted, tenants: [shouted] } }))
      assert.deepStrictEqual([read.tenantId, read.tenants], [shouted.toLowerCase(), [shouted.toLowerCase()]])
    })
  )

  it.effect("a subject that no store, log or header could hold is refused, and its bearer is told why", () =>
    Effect.gen(function* () {
      for (const sub of ["a\u0000b", "\ud800", "a\nb", "a\u001b[31m", "\u0085", "x".repeat(256)]) {
        const refused = yield* Effect.flip(verify(yield* signed({ claims: { sub } })))
        assert.match(refused.claims ?? "", /^sub /u)
      }
      const forged = (yield* mint).replace(/.$/u, (last) => (last === "A" ? "B" : "A"))
      assert.isUndefined((yield* Effect.flip(verify(forged.slice(0, -8) + "AAAAAAAA"))).claims)
    })
  )

  it.effect(
    "a token with any character changed is refused",
    () =>
      Effect.gen(function* () {
        const token = yield* mint
        yield* verify(token)
        for (let at = 0; at < token.length - 1; at += 17) {
          const other = token[at] === "A" ? "B" : "A"
          yield* refuses(token.slice(0, at) + other + token.slice(at + 1))
        }
      }),
    { tags: ["ADR-0007.4"] }
  )

  for (const [name, token] of [
    ["nothing", ""],
    ["dots", ".."],
    ["words", "a b c"],
    ["a long text", "a".repeat(100_000)]
  ] as const) {
    it.effect(`${name} is no token`, () => refuses(token), { tags: ["ADR-0007.4"] })
  }
})

describe("the memory for verified tokens", () => {
  const small = TokenVerifier.layer({ ...TokenVerifier.defaultVerifierSettings, ...defaultTokenSettings, cacheSize: 2 })
  it.effect("is bounded, and a token it has forgotten is verified again", () =>
    Effect.gen(function* () {
      const issuer = yield* TokenIssuer.TokenIssuer
      const tokens = yield* Effect.forEach([1, 2, 3, 4, 5], (n) => issuer.mint({ ...asked, subject: `s${n}` }))
      for (const round of [tokens, tokens.toReversed(), tokens]) {
        for (const token of round) assert.strictEqual((yield* verify(token)).subject, `s${tokens.indexOf(token) + 1}`)
      }
    }).pipe(
      Effect.provide(Layer.mergeAll(TokenIssuer.layer(), small).pipe(Layer.provideMerge(SigningKeys.layerEphemeral)))
    )
  )
})

describe("keys in rotation", { tags: ["ADR-0035.1"] }, () => {
  const directory = mkdtempSync(join(tmpdir(), "dueline-tokens-"))
  const onFiles = Layer.mergeAll(TokenIssuer.layer(), TokenVerifier.layer()).pipe(
    Layer.provideMerge(SigningKeys.layer({ directory }))
  )

  it.effect(
    "a token of before a rotation is believed until its key is retired, one of the new key as soon as it comes",
    () =>
      Effect.gen(function* () {
        const keys = yield* SigningKeys.SigningKeys
        const before = yield* mint
        const old = keys.current.kid
        yield* verify(before)
        yield* TestClock.adjust("2 seconds")
        yield* rotateKey(directory, { afterMs: 0, graceMs: 3_600_000 })
        // Made by another process, whose keys are newer.
        const after = yield* Effect.provide(
          mint,
          TokenIssuer.layer().pipe(Layer.provide(SigningKeys.layer({ directory })))
        )
        assert.notStrictEqual((yield* verify(after)).keyId, old)
        assert.strictEqual((yield* verify(before)).keyId, old)
        yield* retireNow(directory, old)
        yield* TestClock.adjust("2 seconds")
        yield* keys.refresh
        yield* refuses(before)
        assert.isNull((yield* TokenVerifier.TokenVerifier).verified(before, yield* Clock.currentTimeMillis))
        yield* verify(after)
      }).pipe(Effect.provide(onFiles))
  )
})
