/** Which requests count as signed: published vectors, everything that was signed, and nothing that was changed. */
import { assert, describe, it } from "@effect/vitest"
import { type SchemePreset, schemePresets, SignatureScheme } from "@dueline/contracts/courierSource/SignatureScheme"
import { Schema } from "effect"
import {
  checkSignature,
  drawSecret,
  type HeaderList,
  keyOf,
  secretsTried,
  type SignatureCheck,
  signingKey,
  signRequest
} from "../src/requestSignature.ts"

const now = 1_769_846_400_000
const toleranceMs = 300_000
const bytes = (text: string) => new Uint8Array(Buffer.from(text))
const listOf = (headers: Readonly<Record<string, string>>): HeaderList => Object.entries(headers)
const presets = Object.keys(schemePresets) as ReadonlyArray<SchemePreset>

/** A scheme of nobody in particular: hexadecimal, over milliseconds and body, in headers of their own. */
const custom: SignatureScheme = {
  signature: { header: "x-signature", split: null, prefix: null },
  encoding: "hex",
  timestamp: { header: "x-timestamp", split: null, prefix: null, unit: "ms" },
  content: ["{timestamp}", "{body}"],
  secret: { encoding: "hex", prefix: null, normalise: null },
  delivery: null
}
const schemes: ReadonlyArray<SignatureScheme> = [...presets.map((name) => schemePresets[name]), custom]

const ids = { "webhook-id": "msg_1", "x-github-delivery": "d-1", "x-shopify-event-id": "e-1" }
/** The ids that a sender of this scheme sends. */
const idsOf = ({ delivery }: SignatureScheme): Readonly<Record<string, string>> =>
  delivery === null ? {} : { [delivery]: ids[delivery as keyof typeof ids] }

const check = (
  scheme: SignatureScheme,
  secrets: ReadonlyArray<string>,
  headers: HeaderList,
  body: Uint8Array,
  at = now
): SignatureCheck => {
  const keys = secrets.map((secret) => signingKey(scheme, secret))
  return checkSignature({ scheme, keys, toleranceMs, now: at }, { headers, body })
}

const problemOf = (result: SignatureCheck) => (result.accepted ? "accepted" : result.problem)

describe("published vectors", { tags: ["ADR-0030.1"] }, () => {
  it("Standard Webhooks", () => {
    const headers = {
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    }
    const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    const body = bytes('{"test": 2432232314}')
    const found = check(schemePresets["standard-webhooks"], [secret], listOf(headers), body, 1_614_265_330_000)
    assert.deepStrictEqual(found, { accepted: true, delivery: "msg_p5jXN8AQM9LWM0D4loKWxJek" })
  })

  it("GitHub", () => {
    const headers = {
      "x-github-delivery": "d-1",
      "x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    }
    const found = check(schemePresets.github, ["It's a Secret to Everybody"], listOf(headers), bytes("Hello, World!"))
    assert.deepStrictEqual(found, { accepted: true, delivery: "d-1" })
  })

  it("HMAC-SHA256 of a body (RFC 4231, case 2), hexadecimal and base64", () => {
    const hex = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    const body = bytes("what do ya want for nothing?")
    const ofEasypost = listOf({ "x-hmac-signature": `hmac-sha256-hex=${hex}` })
    assert.isTrue(check(schemePresets.easypost, ["Jefe"], ofEasypost, body).accepted)
    const ofAftership = listOf({ "aftership-hmac-sha256": Buffer.from(hex, "hex").toString("base64") })
    assert.isTrue(check(schemePresets.aftership, ["Jefe"], ofAftership, body).accepted)
  })
})

describe("a request that was signed", { tags: ["ADR-0030.1"] }, () => {
  it.prop(
    "is accepted by its scheme, whatever its bytes, with any of the secrets that are valid",
    [Schema.Uint8Array, Schema.Literals(schemes.map((_, index) => index)), Schema.Literals([0, 1, 2])],
    ([body, which, place]) => {
      const scheme = schemes[which] ?? custom
      const secrets = Array.from({ length: secretsTried }, () => drawSecret(scheme))
      const headers = signRequest(scheme, secrets[place] ?? "", { at: now, body, headers: idsOf(scheme) })
      const found = check(scheme, secrets, listOf(headers), body)
      assert.deepStrictEqual(found, { accepted: true, delivery: Object.values(idsOf(scheme))[0] ?? null })
    }
  )

  it("may carry signatures of several secrets, eight at the most", () => {
    const scheme = schemePresets["standard-webhooks"]
    const secret = drawSecret(scheme)
    const body = bytes("{}")
    const mine = signRequest(scheme, secret, { at: now, body, headers: idsOf(scheme) })
    const withOthers = (others: number) =>
      listOf({
        ...mine,
        "webhook-signature": [
          ...Array.from({ length: others }, () => `v1,${Buffer.alloc(32).toString("base64")}`),
          "v2,another-version",
          mine["webhook-signature"]
        ].join(" ")
      })
    assert.isTrue(check(scheme, [secret], withOthers(7), body).accepted)
    assert.strictEqual(problemOf(check(scheme, [secret], withOthers(8), body)), "signatures_too_many")
  })

  it("is told apart by when: within the tolerance, and not a second beyond it, in both directions", () => {
    const scheme = schemePresets.stripe
    const secret = drawSecret(scheme)
    const body = bytes("{}")
    const headers = listOf(signRequest(scheme, secret, { at: now, body }))
    for (const off of [-toleranceMs, 0, toleranceMs]) {
      assert.isTrue(check(scheme, [secret], headers, body, now + off).accepted)
    }
    for (const off of [-toleranceMs - 1, toleranceMs + 1]) {
      assert.strictEqual(problemOf(check(scheme, [secret], headers, body, now + off)), "timestamp_out_of_range")
    }
    const strangers = check(scheme, [drawSecret(scheme)], headers, body, now + toleranceMs + 1)
    assert.strictEqual(problemOf(strangers), "signature_wrong", "whoever lacks the secret learns nothing of the time")
  })
})

/** Numbers below `bound`, the same for one seed (mulberry32). */
const random = (seed: number) => {
  let state = seed
  return (bound: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % bound
  }
}

describe("a request that was changed", { tags: ["ADR-0030.1"] }, () => {
  it("is refused: ten thousand times one byte of body, header, timestamp or secret was another", () => {
    const draw = random(20_260_131)
    const changed = (text: string): string => {
      const at = draw(text.length)
      const other = String.fromCharCode(((text.charCodeAt(at) - 0x21 + 1 + draw(93)) % 94) + 0x21)
      return `${text.slice(0, at)}${other}${text.slice(at + 1)}`
    }
    const secretsOf = schemes.map(drawSecret)
    const accepted: Array<string> = []
    for (let turn = 0; turn < 10_000; turn += 1) {
      const scheme = schemes[turn % schemes.length] ?? custom
      const secret = secretsOf[turn % schemes.length] ?? ""
      const text = JSON.stringify({ turn, tracking: `T${draw(1_000_000)}` })
      const headers = signRequest(scheme, secret, { at: now, body: bytes(text), headers: idsOf(scheme) })
      // An id that is not signed may be any: it is no proof of anything.
      const signed = Object.keys(headers).filter(
        (name) => name !== scheme.delivery || scheme.content.includes(`{header:${name}}`)
      )
      const what = ["body", "secret", ...signed][draw(2 + signed.length)] ?? "body"
      const result = check(
        scheme,
        [what === "secret" ? changed(secret) : secret],
        listOf(what in headers ? { ...headers, [what]: changed(headers[what] ?? "") } : headers),
        bytes(what === "body" ? changed(text) : text)
      )
      if (result.accepted) accepted.push(`${turn}: ${what}`)
    }
    assert.deepStrictEqual(accepted, [])
  })

  it("is refused when a header is missing, doubled, empty, or written in another way", () => {
    for (const scheme of schemes) {
      const secret = drawSecret(scheme)
      const body = bytes("{}")
      const headers = signRequest(scheme, secret, { at: now, body, headers: idsOf(scheme) })
      for (const [name, value] of Object.entries(headers)) {
        const others = listOf(headers).filter(([each]) => each !== name)
        assert.strictEqual(problemOf(check(scheme, [secret], others, body)), "header_missing", name)
        const twice = [...listOf(headers), [name, value] as const]
        assert.strictEqual(problemOf(check(scheme, [secret], twice, body)), "header_repeated", name)
      }
      const name = scheme.signature.header
      const value = headers[name] ?? ""
      for (const other of ["", value.toUpperCase(), value.slice(0, -1), `${value}=`, `${value}00`, `"${value}"`]) {
        const sent = listOf({ ...headers, [name]: other })
        assert.isFalse(check(scheme, [secret], sent, body).accepted, `${name}: ${other}`)
      }
    }
  })

  it("is refused without a valid secret, also when it was signed with what stands in for one", () => {
    for (const scheme of schemes) {
      const body = bytes("{}")
      const headers = listOf(signRequest(scheme, drawSecret(scheme), { at: now, body, headers: idsOf(scheme) }))
      assert.strictEqual(problemOf(check(scheme, [], headers, body)), "signature_wrong")
      assert.strictEqual(problemOf(check(scheme, [""], headers, body)), "signature_wrong")
    }
  })
})

describe("a scheme", () => {
  const isScheme = Schema.is(SignatureScheme)

  it("is one when it signs the whole body, and its time where it has one", () => {
    for (const scheme of schemes) assert.isTrue(isScheme(scheme))
    assert.isFalse(isScheme({ ...custom, content: ["{timestamp}"] }))
    assert.isFalse(isScheme({ ...custom, content: ["{body}"] }), "a time that is not signed proves nothing")
    assert.isFalse(isScheme({ ...custom, timestamp: null }))
    assert.isFalse(isScheme({ ...custom, content: ["{timestamp}", "{body}", "{header:X-Id}"] }))
    assert.isFalse(isScheme({ ...custom, content: ["{timestamp}", "{body}", "{other}"] }))
  })

  it("says what form a secret has", () => {
    assert.isNull(keyOf(schemePresets["standard-webhooks"], "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
    assert.isNull(keyOf(schemePresets["standard-webhooks"], "whsec_not base64"))
    assert.isNull(keyOf(custom, "ABCDEF"))
    assert.deepStrictEqual(keyOf(schemePresets.easypost, "ﬁ"), Buffer.from("fi"))
  })
})
