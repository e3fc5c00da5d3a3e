import { HttpClient, type OutgoingRequest, type OutgoingResult } from "@dueline/contracts/ports/HttpClient"
import { TenantId } from "@dueline/contracts/Ids"
import { ApiKeyId } from "@dueline/contracts/apiKey/ApiKey"
import { SessionId } from "@dueline/contracts/session/Session"
import * as SigningKeys from "@dueline/secrets/SigningKeys"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { SignJWT } from "jose"
import { createHmac, generateKeyPairSync, type KeyPairKeyObjectResult } from "node:crypto"
import { type OutsideIssuer, readIssuers } from "../src/outside/IssuerSettings.ts"
import * as OutsideIssuers from "../src/outside/OutsideIssuers.ts"
import * as TokenIssuer from "../src/TokenIssuer.ts"
import * as TokenVerifier from "../src/TokenVerifier.ts"

const acme = TenantId.make("11111111-1111-4111-8111-111111111111")
const beta = TenantId.make("22222222-2222-4222-8222-222222222222")

const a: OutsideIssuer = {
  issuer: "https://a.example",
  jwksUri: "https://a.example/jwks",
  audience: "operations",
  claims: { tenant: "tenant", roles: ["realm", "roles"], scopes: "scope" },
  tenants: [acme]
}
const b: OutsideIssuer = {
  ...a,
  issuer: "https://b.example",
  jwksUri: "https://b.example/jwks",
  claims: { tenant: "https://b.example/tenant", scopes: "scp" },
  tenants: "*",
  typ: "JWT"
}

const pair = (modulusLength = 2_048) => generateKeyPairSync("rsa", { modulusLength })
const [keyOfA, nextOfA, keyOfB, short] = [pair(), pair(), pair(), pair(1_024)] as const

const publicJwk = ({ publicKey }: KeyPairKeyObjectResult, kid: string, more: object = {}) => ({
  ...publicKey.export({ format: "jwk" }),
  kid,
  ...more
})

/** What each address answers now, and how often it was asked. */
class Web {
  readonly answers = new Map<string, string | number | "silence">()
  readonly asked = new Map<string, number>()

  publish(url: string, ...keys: ReadonlyArray<object>): void {
    this.answers.set(url, JSON.stringify({ keys }))
  }

  count(url: string): number {
    return this.asked.get(url) ?? 0
  }

  readonly client = Layer.succeed(
    HttpClient,
    HttpClient.starting((request, done) => {
      this.asked.set(request.url, this.count(request.url) + 1)
      done(this.#answer(request))
      return () => undefined
    })
  )

  #answer({ maxResponseBytes, timeoutMs, url }: OutgoingRequest): OutgoingResult {
    const answer = this.answers.get(url) ?? 404
    if (answer === "silence")
      return { _tag: "Unanswered", reason: "timeout", detail: "no complete answer", durationMs: timeoutMs }
    const body = new TextEncoder().encode(typeof answer === "number" ? "" : answer)
    return {
      _tag: "Answered",
      status: typeof answer === "number" ? answer : 200,
      headers: {},
      body: body.subarray(0, maxResponseBytes),
      truncated: body.length > maxResponseBytes,
      durationMs: 1
    }
  }
}

const verify = (token: string) => Effect.flatMap(TokenVerifier.TokenVerifier, (verifier) => verifier.verify(token))
const refused = (token: string) => Effect.flip(verify(token))

interface Made {
  readonly key?: KeyPairKeyObjectResult
  readonly header?: object
  readonly claims?: object
}

const tokenOf = Effect.fnUntraced(function* (issuer: OutsideIssuer, { claims = {}, header = {}, key }: Made = {}) {
  const now = Math.floor((yield* Clock.currentTimeMillis) / 1_000)
  const said = {
    iss: issuer.issuer,
    aud: "operations",
    sub: "alice",
    iat: now,
    exp: now + 100_000,
    ...(issuer === a
      ? { tenant: acme, realm: { roles: ["editor"] }, scope: "ops:orders.read ops:orders.write ops:api-keys.write" }
      : { "https://b.example/tenant": beta, scp: ["ops:orders.read", "ops:tenants.write"] }),
    ...claims
  }
  const head = { alg: "RS256", kid: "1", typ: issuer.typ ?? "at+jwt", ...header }
  const { privateKey } = key ?? (issuer === a ? keyOfA : keyOfB)
  return yield* Effect.promise(() => new SignJWT(said).setProtectedHeader(head).sign(privateKey))
})

/** Both issuers are there with their keys, unless the test says otherwise. */
const withWeb = <A, E>(
  run: (
    web: Web
  ) => Effect.Effect<
    A,
    E,
    TokenVerifier.TokenVerifier | TokenIssuer.TokenIssuer | OutsideIssuers.OutsideIssuers | SigningKeys.SigningKeys
  >,
  before: (web: Web) => void = () => undefined
) =>
  Effect.suspend(() => {
    const web = new Web()
    web.publish(a.jwksUri, publicJwk(keyOfA, "1"))
    web.publish(b.jwksUri, publicJwk(keyOfB, "1"))
    before(web)
    const { roles } = TokenVerifier.defaultVerifierSettings
    const services = Layer.mergeAll(TokenIssuer.layer(), TokenVerifier.layer()).pipe(
      Layer.provideMerge(OutsideIssuers.layer([a, b], roles)),
      Layer.provideMerge(SigningKeys.layerEphemeral),
      Layer.provide(web.client)
    )
    return Effect.gen(function* () {
      // The first fetch.
      yield* TestClock.adjust("1 millis")
      return yield* run(web)
    }).pipe(Effect.provide(services))
  })

const troubleOf = (issuer: OutsideIssuer) =>
  Effect.map(
    OutsideIssuers.OutsideIssuers,
    ({ states }) => states.find((state) => state.issuer === issuer.issuer)?.trouble() ?? null
  )

describe("tokens of outside issuers", { tags: ["ADR-0039.1"] }, () => {
  it.effect("say who, where and what as the mapping has it: roles narrowed by scopes, never an operator's scopes", () =>
    withWeb(() =>
      Effect.gen(function* () {
        const ofA = yield* verify(yield* tokenOf(a))
        assert.deepInclude(ofA, { subject: "https://a.example|alice", tenantId: acme, tenants: [] })
        assert.deepStrictEqual(ofA.scopes, ["ops:orders.read", "ops:orders.write"])
        const ofB = yield* verify(yield* tokenOf(b))
        assert.deepInclude(ofB, { subject: "https://b.example|alice", tenantId: beta, scopes: ["ops:orders.read"] })
        const nobody = yield* verify(yield* tokenOf(a, { claims: { realm: undefined } }))
        assert.deepStrictEqual(nobody.scopes, [])
      })
    )
  )

  it.effect("an issuer speaks for its own tenants alone", () =>
    withWeb(() =>
      Effect.gen(function* () {
        for (const tenant of [beta, undefined, "acme", [], [beta]])
          yield* refused(yield* tokenOf(a, { claims: { tenant } }))
        const both = yield* verify(yield* tokenOf(a, { claims: { tenant: [beta, acme] } }))
        assert.deepStrictEqual([both.tenantId, both.tenants], [acme, []])
        const choice = yield* verify(yield* tokenOf(b, { claims: { [String(b.claims.tenant)]: [beta, acme] } }))
        assert.deepStrictEqual([choice.tenantId, choice.tenants], [null, [beta, acme]])
      })
    )
  )

  it.effect("what an outside issuer calls a client or a session is neither a key nor a session of ours", () =>
    withWeb(() =>
      Effect.gen(function* () {
        const id = "019c0de0-0e01-7000-8000-00000000e001"
        const theirs = yield* verify(yield* tokenOf(a, { claims: { client_id: id, sid: id } }))
        assert.deepInclude(theirs, { apiKeyId: null, sessionId: null })
        yield* verify(yield* tokenOf(a, { claims: { client_id: 7, sid: "theirs" } }))
        const { mint } = yield* TokenIssuer.TokenIssuer
        const sessionId = SessionId.make(id)
        const own = yield* mint({ subject: "bob", clientId: id, sessionId, tenantId: beta, scopes: [], ttlSeconds: 60 })
        assert.deepInclude(yield* verify(own), { apiKeyId: ApiKeyId.make(id), sessionId })
      })
    )
  )

  it.effect("keys of one issuer verify nothing of another, nor of the installation itself, under the same kid", () =>
    withWeb(() =>
      Effect.gen(function* () {
        yield* refused(yield* tokenOf(a, { key: keyOfB }))
        yield* refused(yield* tokenOf(b, { key: keyOfA }))
        yield* refused(yield* tokenOf(a, { claims: { iss: "dueline" } }))
        yield* refused(yield* tokenOf(a, { claims: { iss: b.issuer }, header: { typ: "JWT" } }))
        const { current } = yield* SigningKeys.SigningKeys
        yield* refused(yield* tokenOf(a, { key: current as never, header: { kid: current.kid } }))
        const { mint } = yield* TokenIssuer.TokenIssuer
        const own = yield* mint({ subject: "bob", tenantId: beta, scopes: [], ttlSeconds: 60 })
        assert.strictEqual((yield* verify(own)).subject, "bob")
      })
    )
  )

  it.effect("other algorithms, keys that come along, other issuers, audiences, kinds and times open nothing", () =>
    withWeb((web) =>
      Effect.gen(function* () {
        const stranger = pair()
        const [, claims = ""] = (yield* tokenOf(a)).split(".")
        const encode = (head: object) => Buffer.from(JSON.stringify(head)).toString("base64url")
        const unsigned = encode({ alg: "none", kid: "1", typ: "at+jwt" })
        yield* refused(`${unsigned}.${claims}.`)
        const hmac = `${encode({ alg: "HS256", kid: "1", typ: "at+jwt" })}.${claims}`
        const secret = keyOfA.publicKey.export({ type: "spki", format: "pem" })
        yield* refused(`${hmac}.${createHmac("sha256", secret).update(hmac).digest("base64url")}`)
        for (const alg of ["RS384", "RS512", "PS256"]) yield* refused(yield* tokenOf(a, { header: { alg } }))
        for (const header of [
          { jwk: publicJwk(stranger, "1") },
          { jku: "https://attacker.example/jwks" },
          { x5u: "https://attacker.example/x5u", x5c: ["AAAA"] },
          { kid: "../../jwks", jku: "https://attacker.example/jwks" }
        ])
          yield* refused(yield* tokenOf(a, { key: stranger, header }))
        for (const change of [
          { iss: "https://a.example/" },
          { iss: ["https://a.example"] },
          { iss: undefined },
          { aud: "others" },
          { aud: undefined },
          { exp: undefined },
          { exp: 1 },
          { iat: undefined },
          { nbf: 10 ** 10 },
          { sub: undefined },
          { sub: "x".repeat(255) },
          { sub: "a\u0000b" },
          { nonce: "of a sign-in" },
          { scope: { all: true } }
        ])
          yield* TestClock.adjust("10 seconds").pipe(
            Effect.andThen(tokenOf(a, { claims: change })),
            Effect.flatMap(refused)
          )
        yield* refused(yield* tokenOf(a, { header: { typ: "JWT" } }))
        yield* refused(yield* tokenOf(a, { header: { kid: undefined } }))
        assert.deepStrictEqual([...web.asked.keys()].toSorted(), [a.jwksUri, b.jwksUri])
      })
    )
  )
})

describe("keys of outside issuers", { tags: ["ADR-0039.2"] }, () => {
  it.effect("a flood of unknown keys makes one fetch per cool-down, and a new key is found by it", () =>
    withWeb((web) =>
      Effect.gen(function* () {
        const { length } = yield* Effect.forEach(Array.from({ length: 100 }), (_, n) =>
          Effect.flatMap(tokenOf(a, { header: { kid: `unknown-${n}` } }), refused)
        )
        assert.deepStrictEqual([length, web.count(a.jwksUri)], [100, 1])
        web.publish(a.jwksUri, publicJwk(keyOfA, "1"), publicJwk(nextOfA, "2"))
        const rotated = yield* tokenOf(a, { key: nextOfA, header: { kid: "2" } })
        yield* refused(rotated)
        yield* TestClock.adjust("30 seconds")
        const floods = Array.from({ length: 50 }, (_, n) =>
          Effect.flatMap(tokenOf(a, { header: { kid: `unknown-${n}` } }), refused)
        )
        const [found] = yield* Effect.all([verify(rotated), Effect.all(floods, { concurrency: "unbounded" })], {
          concurrency: "unbounded"
        })
        assert.strictEqual(found.keyId, "2")
        assert.deepStrictEqual([web.count(a.jwksUri), web.count(b.jwksUri)], [2, 1])
      })
    )
  )

  it.effect(
    "a key that is withdrawn is believed no longer than a set is fresh, also of a token in use; another stays",
    () =>
      withWeb(
        (web) =>
          Effect.gen(function* () {
            const old = yield* tokenOf(a)
            const stays = yield* tokenOf(a, { key: nextOfA, header: { kid: "2" } })
            yield* verify(old)
            yield* verify(stays)
            // Its name goes on with another key.
            web.publish(a.jwksUri, publicJwk(nextOfA, "2"), publicJwk(pair(), "1"))
            yield* TestClock.adjust("12 minutes")
            yield* refused(old)
            yield* refused(old)
            const { verified } = yield* TokenVerifier.TokenVerifier
            const now = yield* Clock.currentTimeMillis
            assert.isNull(verified(old, now))
            assert.strictEqual(verified(stays, now)?.keyId, "2")
          }),
        (web) => web.publish(a.jwksUri, publicJwk(keyOfA, "1"), publicJwk(nextOfA, "2"))
      )
  )

  it.effect(
    "while the issuer does not answer, what is held holds for a day and no longer; waits grow to five minutes",
    () =>
      withWeb((web) =>
        Effect.gen(function* () {
          const token = yield* tokenOf(a)
          yield* verify(token)
          web.answers.set(a.jwksUri, "silence")
          yield* TestClock.adjust("23 hours")
          yield* verify(token)
          assert.isNull(yield* troubleOf(a))
          const before = web.count(a.jwksUri)
          for (let n = 0; n < 100; n++) yield* refused(yield* tokenOf(a, { header: { kid: `unknown-${n}` } }))
          assert.strictEqual(web.count(a.jwksUri), before)
          // 23 hours at four to six minutes each, and a few that came sooner.
          assert.isBelow(before, 360)
          assert.isAbove(before, 220)
          yield* TestClock.adjust("70 minutes")
          yield* refused(token)
          assert.match((yield* troubleOf(a)) ?? "", /^keys are older than a day: no complete answer$/u)
          web.publish(a.jwksUri, publicJwk(keyOfA, "1"))
          yield* TestClock.adjust("6 minutes")
          yield* verify(yield* tokenOf(a, { claims: { sub: "again" } }))
          assert.isNull(yield* troubleOf(a))
          assert.strictEqual((yield* verify(yield* tokenOf(b))).tenantId, beta)
        })
      )
  )

  const bad: ReadonlyArray<readonly [name: string, answer: string | number, words: RegExp]> = [
    ["an error", 500, /status 500/u],
    ["nothing", "", /no key set/u],
    ["a page", "<html></html>", /no key set/u],
    ["another object", '{"keys":{"1":{}}}', /no key set/u],
    ["null", "null", /no key set/u],
    ["too many keys", JSON.stringify({ keys: Array.from({ length: 65 }, () => ({})) }), /no key set/u],
    ["too much", " ".repeat(65_537), /longer than 65536 bytes/u],
    ["no keys", '{"keys":[]}', /no key that can be used/u],
    ["a short key", JSON.stringify({ keys: [publicJwk(short, "1")] }), /no key that can be used/u],
    ["a shared secret", '{"keys":[{"kty":"oct","kid":"1","k":"AAAA"}]}', /no key that can be used/u],
    ["one for secrets", JSON.stringify({ keys: [publicJwk(keyOfA, "1", { use: "enc" })] }), /can be used/u],
    ["another algorithm's", JSON.stringify({ keys: [publicJwk(keyOfA, "1", { alg: "PS256" })] }), /can be used/u],
    ["one name twice", JSON.stringify({ keys: [publicJwk(keyOfA, "1"), publicJwk(nextOfA, "1")] }), /can be used/u]
  ]
  it.effect.each(bad)("%s instead of keys: refused, said so, and mended by the next fetch", ([, answer, words]) =>
    withWeb(
      (web) =>
        Effect.gen(function* () {
          yield* refused(yield* tokenOf(a))
          assert.match((yield* troubleOf(a)) ?? "", words)
          web.publish(a.jwksUri, publicJwk(keyOfA, "1"))
          yield* TestClock.adjust("12 minutes")
          yield* verify(yield* tokenOf(a))
        }),
      (web) => web.answers.set(a.jwksUri, answer)
    )
  )
})

describe("the setting", () => {
  const mistakes = (value: unknown): string => {
    try {
      readIssuers(typeof value === "string" ? value : JSON.stringify(value))
      return ""
    } catch (error) {
      return error instanceof Error ? error.message : ""
    }
  }

  it("is read whole, and every mistake in it is named at once", () => {
    assert.deepStrictEqual(readIssuers(JSON.stringify([a, b])), [a, b])
    assert.deepStrictEqual(readIssuers(" "), [])
    assert.match(mistakes("[{"), /^not JSON; write \[/u)
    const several = mistakes([
      { ...a, jwksUri: "http://a.example", audience: "" },
      { ...b, claims: {}, extra: 1 }
    ])
    for (const words of [/0\.jwksUri .*https/u, /0\.audience /u, /1\.claims .*roles, scopes/u, /1\.extra/u])
      assert.match(several, words)
    assert.match(mistakes([a, a]), /a\.example is there twice/u)
    assert.match(mistakes([{ ...a, claims: { scopes: "scope" }, tenants: "*" }]), /claims\.tenant/u)
    assert.match(mistakes([{ ...a, tenants: ["acme"] }]), /0\.tenants/u)
    assert.match(mistakes([{ ...a, jwksUri: "https://user:secret@a.example" }]), /without user/u)
    assert.strictEqual(mistakes([{ ...a, jwksUri: "http://localhost:9000/jwks" }]), "")
  })
})
