import { createHmac } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Schema } from "effect"
import { TenantId } from "@dueline/contracts/Ids"
import { makeDerived } from "@dueline/secrets/SigningSecrets"
import { buildHeaders, checkHeaders, forbiddenHeaders } from "../src/attempts/requestHeaders.ts"
import { signWebhook, verifySignature } from "../src/attempts/signature.ts"
import * as Sample from "./ExecutionSample.ts"

// The vector that the libraries of standardwebhooks.com are tested with.
const published = {
  secret: Redacted.make("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
  id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  timestamp: 1_614_265_330,
  body: '{"test": 2432232314}',
  signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
}

const now = published.timestamp * 1_000
const headers = {
  "webhook-id": published.id,
  "webhook-timestamp": String(published.timestamp),
  "webhook-signature": published.signature
}
const verify = (changes: Partial<Parameters<typeof verifySignature>[0]> = {}) =>
  verifySignature({ headers, body: published.body, secrets: [published.secret], now, ...changes })

const reason = (result: ReturnType<typeof verifySignature>) => (result._tag === "Valid" ? "valid" : result.reason)

describe("a message of a subscription", () => {
  it("is signed under its own id with each secret that is valid, and whoever has one of them believes it", {
    tags: ["ADR-0043.2"]
  }, () => {
    const [newer, older, other] = ["bmV3ZXI=", "b2xkZXI=", "b3RoZXI="].map((text) => Redacted.make(`whsec_${text}`))
    if (newer === undefined || older === undefined || other === undefined) return assert.fail()
    const body = '{"type":"ops.bin.created"}'
    const sent = buildHeaders(Sample.intent(), {}, body, {
      now,
      secret: newer,
      olderSecrets: [older],
      messageId: "message-1",
      userAgent: "dueline/test"
    })
    assert.strictEqual(sent["webhook-id"], "message-1")
    for (const secret of [newer, older]) {
      assert.deepInclude(verify({ headers: sent, body, secrets: [secret] }), { _tag: "Valid", epoch: 3 })
    }
    assert.strictEqual(reason(verify({ headers: sent, body, secrets: [other] })), "no_match")
  })
})

describe("Standard Webhooks", () => {
  it("makes the published signature, with and without the secret's prefix", () => {
    assert.strictEqual(signWebhook(published.secret, published), published.signature)
    const bare = Redacted.make(Redacted.value(published.secret).slice("whsec_".length))
    assert.strictEqual(signWebhook(bare, published), published.signature)
    assert.strictEqual(
      signWebhook(bare, { ...published, body: new TextEncoder().encode(published.body) }),
      published.signature
    )
  })

  it.effect.prop(
    "makes the HMAC that the platform makes, of whatever length secret and body are",
    {
      key: Schema.Uint8Array.check(Schema.isMaxLength(200)),
      text: Schema.String,
      repeated: Schema.Literals([1, 1_000])
    },
    ({ key, repeated, text }) =>
      Effect.sync(() => {
        const body = text.repeat(repeated)
        const made = createHmac("sha256", key).update(`id.1.${body}`).digest("base64")
        const secret = Redacted.make(Buffer.from(key).toString("base64"))
        for (const one of [body, Buffer.from(body)]) {
          assert.strictEqual(signWebhook(secret, { id: "id", timestamp: 1, body: one }), `v1,${made}`)
        }
      })
  )

  it("accepts the published signature, also among others and with any of several secrets", () => {
    assert.strictEqual(reason(verify()), "valid")
    const many = `v1,AAAA v1a,${published.signature.slice(3)} v2,x ${published.signature}`
    assert.strictEqual(reason(verify({ headers: { ...headers, "webhook-signature": many } })), "valid")
    assert.strictEqual(reason(verify({ secrets: [Redacted.make("whsec_AAAA"), published.secret] })), "valid")
  })

  it("accepts a timestamp within five minutes either way, and none beyond", () => {
    for (const skew of [-300, 300]) assert.strictEqual(reason(verify({ now: now + skew * 1_000 })), "valid")
    assert.strictEqual(reason(verify({ now: now + 301_000 })), "too_old")
    assert.strictEqual(reason(verify({ now: now - 301_000 })), "too_new")
    assert.strictEqual(reason(verify({ now: now + 11_000, toleranceSeconds: 10 })), "too_old")
  })

  it("refuses what is missing, malformed, or signed with something else", () => {
    for (const name of Object.keys(headers)) {
      assert.strictEqual(reason(verify({ headers: { ...headers, [name]: undefined } })), "header_missing")
    }
    assert.strictEqual(reason(verify({ headers: { ...headers, "webhook-timestamp": "soon" } })), "header_malformed")
    assert.strictEqual(reason(verify({ secrets: [] })), "no_match")
    assert.strictEqual(reason(verify({ secrets: [Redacted.make("whsec_AAAA")] })), "no_match")
    for (const signature of [
      "",
      "v1,",
      "v1a,x",
      published.signature.slice(3),
      `${published.signature.slice(0, -4)}AAA=`
    ]) {
      assert.strictEqual(reason(verify({ headers: { ...headers, "webhook-signature": signature } })), "no_match")
    }
  })

  it.prop("refuses any other body", [Schema.String], ([body]) => {
    if (body !== published.body) assert.strictEqual(reason(verify({ body })), "no_match")
  })
})

describe("an outgoing attempt", () => {
  const intent = Sample.intent()
  const secret = Redacted.make("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
  const context = { secret, now: 1_700_000_000_123, userAgent: "dueline/1" }
  const sent = buildHeaders(intent, { Accept: "*/*" }, "hello", context)
  const check = (changes: Record<string, string>) =>
    verifySignature({ headers: { ...sent, ...changes }, body: "hello", secrets: [secret], now: context.now })

  it("carries its call, epoch and attempt, and verifies as them", () => {
    assert.deepStrictEqual(check({}), {
      _tag: "Valid",
      callId: intent.callId,
      epoch: intent.epoch,
      attempt: intent.attempt
    })
    assert.strictEqual(sent["idempotency-key"], intent.callId)
    assert.strictEqual(sent["user-agent"], "dueline/1")
    assert.strictEqual(sent["accept"], "*/*")
  })

  it("does not verify once its epoch, attempt, call or signature is another", () => {
    for (const name of ["dueline-epoch", "dueline-attempt"])
      assert.strictEqual(reason(check({ [name]: "9" })), "no_match")
    assert.strictEqual(reason(check({ "dueline-call-id": published.id })), "no_match")
    assert.strictEqual(reason(check({ "dueline-signature": published.signature })), "no_match")
    assert.strictEqual(reason(check({ "dueline-epoch": "1e3" })), "header_malformed")
  })

  it("keeps the caller's idempotency key, agent and trace, and none of its attempts at ours", () => {
    const theirs = { "Idempotency-Key": "theirs", "User-Agent": "them", Traceparent: "00-a-b-01" }
    const own = { ...theirs, "Dueline-Epoch": "99", "WEBHOOK-ID": "x", Host: "evil" }
    const built = buildHeaders({ ...intent, traceparent: "00-ours" }, own, null, { ...context, secret: null })
    assert.deepStrictEqual(built, {
      "user-agent": "them",
      "idempotency-key": "theirs",
      traceparent: "00-a-b-01",
      "dueline-call-id": intent.callId,
      "dueline-epoch": String(intent.epoch),
      "dueline-attempt": String(intent.attempt)
    })
    assert.strictEqual(buildHeaders({ ...intent, traceparent: "00-ours" }, {}, null, context)["traceparent"], "00-ours")
  })
})

describe("checkHeaders", () => {
  const codes = (headers: Record<string, string>) => checkHeaders(headers).map(({ code }) => code)

  it("finds nothing in ordinary headers", () =>
    assert.deepStrictEqual(
      codes({ Authorization: "Bearer x", "content-type": "text/plain; charset=utf-8", "x-empty": "" }),
      []
    ))

  it("refuses what belongs to the connection or to us, in any spelling", () => {
    for (const name of [...forbiddenHeaders, "dueline-epoch", "webhook-id", "Dueline-Anything"]) {
      assert.deepStrictEqual(codes({ [name]: "x" }), ["header_forbidden"], name)
      assert.deepStrictEqual(codes({ [name.toUpperCase()]: "x" }), ["header_forbidden"], name)
    }
  })

  it("refuses names and values that could become another header", () => {
    for (const name of ["", "a b", "a:b", "a\r\nb", "ä", "a\u0000"])
      assert.deepStrictEqual(codes({ [name]: "x" }), ["header_name_invalid"])
    const values = ["a\r\nb: c", "a\n", "a\u0000", "ä", " a", "a "]
    for (const value of values) assert.deepStrictEqual(codes({ a: value }), ["header_value_invalid"])
  })

  it("refuses repeats, too many and too much, and never says the value", () => {
    assert.deepStrictEqual(codes({ "X-A": "1", "x-a": "2" }), ["header_repeated"])
    assert.deepStrictEqual(codes(Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`x-${i}`, ""]))), [
      "headers_too_many"
    ])
    assert.deepStrictEqual(codes({ a: "x".repeat(8_192) }), ["headers_too_large"])
    assert.notInclude(JSON.stringify(checkHeaders({ "webhook-id": "hunter2" })), "hunter2")
  })
})

describe("derived signing secrets", () => {
  const secrets = makeDerived(Redacted.make(new Uint8Array(32).fill(7)))
  const tenants = [1, 2].map((n) => TenantId.make(`00000000-0000-7000-8000-00000000000${n}`))

  it.effect("are the same for a tenant every time, and never those of another tenant or master", () =>
    Effect.gen(function* () {
      const other = makeDerived(Redacted.make(new Uint8Array(32).fill(8)))
      const all: Array<string> = []
      for (const from of [secrets, other]) {
        for (const tenant of tenants) {
          const [first, second] = [yield* from.secretFor(tenant), yield* from.secretFor(tenant)]
          assert.strictEqual(
            first === null ? "" : Redacted.value(first),
            second === null ? "-" : Redacted.value(second)
          )
          all.push(first === null ? "" : Redacted.value(first))
        }
      }
      assert.strictEqual(new Set(all).size, 4)
      for (const secret of all) assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/)
    })
  )
})
