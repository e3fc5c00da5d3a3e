import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { maxPatternLength } from "@dueline/contracts/redaction"
import { mostPatterns, redactHeaders, redactText, redactUrl } from "../src/redaction/Redactor.ts"
import { isSecretName } from "../src/redaction/secrets.ts"
import { requestOf, summariseRequest, summariseResponse } from "../src/redaction/summarise.ts"

const chars = (set: string, minimum: number, maximum: number) =>
  Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: set.length - 1 }))).check(
    Schema.isMinLength(minimum),
    Schema.isMaxLength(maximum)
  )
const spell = (set: string, picks: ReadonlyArray<number>): string => picks.map((pick) => set[pick] ?? "").join("")

const hexSet = "0123456789abcdef"
const lettersSet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
const hex = chars(hexSet, 32, 64)
const letters = chars(lettersSet, 24, 60)

const luhnDigit = (digits: string): string => {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i])
    sum += i % 2 === 1 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2
  }
  return String((10 - (sum % 10)) % 10)
}

/** Secrets that are recognised by their own shape, each made of drawn characters. */
const shaped = (drawn: string, hexDrawn: string): ReadonlyArray<string> => {
  const digits = `4${hexDrawn
    .replace(/[^0-9]/g, "")
    .padEnd(14, "0")
    .slice(0, 14)}`
  const card = digits + luhnDigit(digits)
  return [
    hexDrawn,
    `eyJ${drawn}.${drawn}.${drawn}`,
    `AKIA${drawn.toUpperCase().slice(0, 16)}`,
    card,
    card.replace(/(\d{4})(?=\d)/g, "$1 "),
    card.replace(/(\d{4})(?=\d)/g, "$1-"),
    `${drawn}@example.com`,
    `whsec_${drawn}`,
    `ghp_${drawn}`,
    `aB3${drawn}${drawn}`
  ]
}

/** What is left of a secret that would help someone: any stretch of half its length. */
const leaks = (shown: string, secret: string): boolean => {
  const half = Math.ceil(secret.length / 2)
  for (let from = 0; from + half <= secret.length; from++)
    if (shown.includes(secret.slice(from, from + half))) return true
  return false
}

const json = { "content-type": "application/json" }
const text = { "content-type": "text/plain" }
const form = { "content-type": "application/x-www-form-urlencoded" }
const bytes = (body: string) => new TextEncoder().encode(body)

describe("a planted secret never survives", { tags: ["ADR-0012.7"] }, () => {
  it.prop(
    "by its shape, whatever stands around it",
    [Schema.String, Schema.String, letters, hex],
    ([before, after, drawn, hexDrawn]) => {
      for (const secret of shaped(spell(lettersSet, drawn), spell(hexSet, hexDrawn))) {
        const around = before + secret + after
        assert.isFalse(leaks(redactText(around), secret), `${secret} in ${JSON.stringify(around)}`)
      }
    }
  )

  const names = [
    "password",
    "api_key",
    "X-Api-Key",
    "accessToken",
    "client_secret",
    "sessionId",
    "Authorization",
    "cardNumber",
    "pin"
  ]

  it.prop(
    "by its name, in JSON, forms, headers and queries",
    [Schema.String, letters, Schema.String],
    ([before, drawn, other]) => {
      const secret = spell(lettersSet, drawn)
      for (const name of names) {
        const shown = [
          redactText(JSON.stringify({ before, [name]: secret, other })),
          redactText(JSON.stringify([{ deep: [{ [name]: { nested: [secret] } }] }])),
          redactText(JSON.stringify({ log: JSON.stringify({ [name]: secret }) })),
          redactText(JSON.stringify({ before, [name]: secret }).slice(0, -1)),
          redactText(`${name}=${secret}&x=1`),
          redactText(`${name}: ${secret}\n`),
          redactText(`<${name}>${secret}</${name}>`),
          JSON.stringify(redactHeaders({ [name]: secret })),
          redactUrl(`https://example.com/?${name}=${secret}&x=1`)
        ]
        for (const one of shown) assert.isFalse(leaks(one, secret), `${name}: ${one}`)
      }
    }
  )

  const named = ["memberNo", "x-Clinic", "patient.id", "Ω", "a+b"]
  const fieldsOf = named.map((name) => `field:${name}`)

  it.prop(
    "in a field that a tenant has named, in JSON, forms, headers, queries, elements and what is cut short",
    [Schema.String, letters, Schema.String],
    ([before, drawn, other]) => {
      const secret = spell(lettersSet, drawn)
      const marked = `${secret.slice(0, 12)} ${secret.slice(12)}`
      for (const name of named) {
        const upper = name.toUpperCase()
        const shown = [
          redactText(JSON.stringify({ before, [name]: marked, other }), fieldsOf),
          redactText(JSON.stringify([{ deep: [{ [upper]: { nested: [marked] } }] }]), fieldsOf),
          redactText(JSON.stringify({ log: JSON.stringify({ [name]: marked }) }), fieldsOf),
          redactText(JSON.stringify({ before: 1, [name]: marked }).slice(0, -1), fieldsOf),
          redactText(`${name}: "${marked}"\n`, fieldsOf),
          redactText(`<ns:${name} x="1">${marked}</ns:${name}>`, fieldsOf),
          JSON.stringify(redactHeaders({ [upper]: marked }, fieldsOf)),
          redactUrl(`https://example.com/?${encodeURIComponent(name)}=${encodeURIComponent(marked)}&x=1`, fieldsOf),
          summariseResponse(
            { headers: form, body: bytes(`x=1&${encodeURIComponent(name)}=${secret}`), truncated: false },
            { patterns: fieldsOf }
          )?.bodySnippet ?? ""
        ]
        for (const one of shown) assert.isFalse(leaks(one, marked) || leaks(one, secret), `${name}: ${one}`)
      }
    }
  )

  it.prop(
    "that begins as a tenant has said, wherever it stands",
    [
      Schema.String,
      Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 }))).check(
        Schema.isMinLength(6),
        Schema.isMaxLength(20)
      )
    ],
    ([before, digits]) => {
      const secret = `MRN-${digits.join("")}`
      const asked = ["mrn-*"]
      const shown = [
        redactText(`${before} ${secret}`, asked),
        redactText(JSON.stringify({ before, a: [secret, { [secret]: 1 }] }), asked),
        JSON.stringify(redactHeaders({ "x-a": `b ${secret}` }, asked)),
        redactUrl(`https://example.com/${secret}/x?a=${secret}`, asked),
        summariseRequest(
          "POST",
          { url: "https://example.com/", headers: json, body: JSON.stringify({ before, secret }) },
          { patterns: asked }
        ).summary.bodySnippet ?? ""
      ]
      for (const one of shown) assert.notInclude(one.toUpperCase(), secret)
    }
  )

  it("and a field of another name is left as it is", () => {
    const body = JSON.stringify({ memberNote: "kept", "other.memberNo.x": "kept" })
    assert.strictEqual(redactText(body, fieldsOf), body)
    assert.strictEqual(redactText("memberNos: kept", fieldsOf), "memberNos: kept")
  })

  it.prop("however its key is escaped", [letters], ([drawn]) => {
    const secret = spell(lettersSet, drawn)
    assert.isFalse(leaks(redactText(`{"\\u0070assw\\u006frd":"${secret}"}`), secret))
    assert.isFalse(leaks(redactText(`{"mail":"${secret}\\u0040example.com"}`), secret))
  })

  it.prop(
    "not by half when the body or its snippet is cut anywhere",
    [
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9_000 })),
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2_000 })),
      letters,
      hex
    ],
    ([at, length, drawn, hexDrawn]) => {
      for (const secret of shaped(spell(lettersSet, drawn), spell(hexSet, hexDrawn))) {
        const body = `${"some text ".repeat(900).slice(0, at)} password="${secret}" ${secret} tail`
        const whole = summariseResponse(
          { headers: text, body: bytes(body), truncated: false },
          { snippetLength: length }
        )
        assert.isFalse(leaks(whole?.bodySnippet ?? "", secret))
        for (const kept of [at + 1, at + 20, at + 60]) {
          const cut = summariseResponse(
            { headers: text, body: bytes(body).subarray(0, kept), truncated: true },
            { snippetLength: 9_999 }
          )
          assert.isFalse(leaks(cut?.bodySnippet ?? "", secret))
        }
      }
    }
  )

  it.prop(
    "in the path, query, credentials or fragment of a URL, percent-encoded or not",
    [letters, hex],
    ([drawn, hexDrawn]) => {
      for (const secret of shaped(spell(lettersSet, drawn), spell(hexSet, hexDrawn))) {
        const encoded = encodeURIComponent(secret)
        for (const rest of [
          `a.test/x/${encoded}/y`,
          `a.test/?q=${encoded}`,
          `u:${encoded}@a.test/`,
          `a.test/#${encoded}`
        ]) {
          const shown = redactUrl(`https://${rest}`)
          assert.isFalse(leaks(shown, secret) || leaks(shown, encoded), shown)
        }
      }
    }
  )

  it.prop(
    "that matches a tenant's pattern, in any case",
    [Schema.String, letters, Schema.String],
    ([before, drawn, after]) => {
      const secret = spell(lettersSet, drawn)
      const shown = redactText(`${before} ${secret} ${after}`, [secret.toLowerCase()])
      assert.isFalse(shown.toLowerCase().includes(secret.toLowerCase()))
      const numbered = redactText(JSON.stringify({ before, id: `CUST-${secret}` }), ["cust-*"])
      assert.isFalse(leaks(numbered, secret), numbered)
    }
  )
})

describe("what is no secret", () => {
  const harmless = [
    "ok",
    '{"id":"0190a5c2-0000-7000-8000-000000000000","status":"accepted","total_tokens":12}',
    '{ "spaced" : [1, 2.50, null, true] }',
    "order 12345 arrived at 2026-11-22T10:00:00.000Z",
    "<p>Not found</p>",
    "the passenger's monkey is the author of a compass",
    "1732270000000"
  ]

  it.each(harmless)("stays as it was written: %s", (body) => assert.strictEqual(redactText(body), body))

  it.prop("redacting twice is redacting once", [Schema.String], ([body]) => {
    const once = redactText(`password=${body}`)
    assert.strictEqual(redactText(once), once)
  })

  it("keeps harmless headers and URLs readable", () => {
    assert.deepStrictEqual(redactHeaders({ "Content-Type": "text/plain", "Idempotency-Key": "order-1" }), {
      "content-type": "text/plain",
      "idempotency-key": "order-1"
    })
    assert.strictEqual(
      redactUrl("https://example.com:8443/orders/7?page=2&sort=asc"),
      "https://example.com:8443/orders/7?page=2&sort=asc"
    )
    assert.strictEqual(
      redactUrl("https://u:p@example.com/a?token=x&b=1#c"),
      "https://example.com/a?token=[redacted]&b=1"
    )
  })

  it("knows secret names in every spelling, and is not taken in by words that contain them", () => {
    const secret =
      "authorization Set-Cookie X-API-Key apikey APIKey refreshToken PASSWD user_pwd x-hub-signature CVV pinCode"
    for (const name of secret.split(" ")) assert.isTrue(isSecretName(name), name)
    const plain = "accept author monkey spin design idempotency-key max_tokens keyboard content-type"
    for (const name of plain.split(" ")) assert.isFalse(isSecretName(name), name)
  })
})

describe("a tenant's patterns", () => {
  it("are texts with stars on one line", () => {
    assert.strictEqual(
      redactText("see ACME-77 and acme-8, not acne", ["acme-*"]),
      "see [redacted] and [redacted] not acne"
    )
    assert.strictEqual(redactText("from alpha to omega\nalpha", ["alpha*omega"]), "from [redacted]\nalpha")
    assert.strictEqual(redactText("a.b aXb", ["a.b"]), "[redacted] aXb")
  })

  it("cannot be too many, too long, or match everything", () => {
    assert.strictEqual(redactText("body", ["", "*", " * "]), "body")
    assert.strictEqual(redactText("x".repeat(300), ["x".repeat(maxPatternLength + 1)]).includes("xxx"), true)
    const many = [...Array.from({ length: mostPatterns }, (_, n) => `never-${n}`), "body"]
    assert.strictEqual(redactText("body", many), "body")
  })
})

describe("a snippet", () => {
  const response = (body: Uint8Array, headers: Record<string, string> = text, snippetLength = 512) =>
    summariseResponse({ headers, body, truncated: false }, { snippetLength })

  it.prop(
    "has at most the given number of code points and never half of one",
    [Schema.String, Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20 }))],
    ([body, length]) => {
      const snippet = response(bytes(`🐴${body}`), text, length)?.bodySnippet
      if (snippet === null || snippet === undefined) return
      assert.isAtMost([...snippet].length, length)
      assert.isTrue(snippet.isWellFormed())
    }
  )

  it("is not made of what is not text", () => {
    assert.isNull(response(Uint8Array.of(0, 1, 2))?.bodySnippet)
    assert.isNull(response(Uint8Array.of(0xff, 0xfe, 0x41))?.bodySnippet)
    assert.isNull(response(bytes("hello"), { "content-type": "image/png" })?.bodySnippet)
    assert.isNull(response(bytes("hello"), { ...text, "content-encoding": "gzip" })?.bodySnippet)
    assert.deepStrictEqual(response(Uint8Array.of(0, 1, 2)), { bodyBytes: 3, bodySnippet: null, truncated: false })
    assert.isNull(response(new Uint8Array(0)))
  })

  it("of a form has its values struck out by name", () =>
    assert.strictEqual(
      response(bytes("a=1&pass%77ord=x&b=2"), { "content-type": "application/x-www-form-urlencoded" })?.bodySnippet,
      "a=1&pass%77ord=[redacted]&b=2"
    ))
})

describe("a request's summary", () => {
  const request = { url: "https://example.com/a?b=1", headers: { "Content-Type": "application/json" }, body: '{"n":1}' }

  it("says when it is the whole request, and then gives it back", () => {
    const { complete, summary } = summariseRequest("POST", request)
    assert.isTrue(complete)
    assert.deepStrictEqual(requestOf(summary), { ...request, headers: json })
  })

  it.prop(
    "is called whole only when it gives back what was asked",
    {
      path: Schema.String,
      body: Schema.NullOr(Schema.String),
      value: Schema.String
    },
    ({ body, path, value }) => {
      const whole = { url: `https://example.com/${path}`, headers: { "x-value": value }, body }
      const { complete, summary } = summariseRequest("POST", whole)
      if (complete) assert.deepStrictEqual(requestOf(summary), { ...whole, body: body === "" ? null : body })
    }
  )

  it("is not whole when something was struck out, cut off, or reads as if it had been", () => {
    const complete = (changes: Partial<typeof request>) => summariseRequest("POST", { ...request, ...changes }).complete
    assert.isFalse(complete({ headers: { "Content-Type": "x", ["authorization" as string]: "x" } }))
    assert.isFalse(complete({ url: "https://example.com/?token=x" }))
    assert.isFalse(complete({ body: '{"pin":1}' }))
    assert.isFalse(complete({ body: "x ".repeat(600) }))
    assert.isFalse(complete({ body: "[redacted]" }))
  })
})
