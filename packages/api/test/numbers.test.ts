import { keepsItsValue } from "@dueline/contracts/api/exactNumber"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Edge, layer as edge } from "./Edge.ts"

/** Numbers as JSON writes them, and whether a double written back has the same decimal value. */
const literals: ReadonlyArray<readonly [written: string, kept: boolean]> = [
  ["0", true],
  ["-0", true],
  ["-0.0", true],
  ["0.000", true],
  ["0e0", true],
  ["0E+5", true],
  ["-0e-7", true],
  ["0e99999", true],
  ["0.0e-99999", true],
  ["1", true],
  ["-1", true],
  ["1.0", true],
  ["1.50", true],
  ["10", true],
  ["100e-2", true],
  ["1e2", true],
  ["1E2", true],
  ["1e+2", true],
  ["1e21", true],
  ["1e22", true],
  ["123456789012345680000", true],
  ["1e23", true],
  ["1e300", true],
  ["1e308", true],
  ["1.7976931348623157e308", true],
  ["1.7976931348623158e308", false],
  ["1e309", false],
  ["1E400", false],
  ["-1e400", false],
  ["1e99999999999999999999", false],
  ["1e-99999999999999999999", false],
  ["1e-400", false],
  ["-1e-400", false],
  ["5e-324", true],
  ["4.9e-324", false],
  ["4.9406564584124654e-324", false],
  ["3e-324", false],
  ["2.2250738585072014e-308", true],
  ["2.2250738585072011e-308", false],
  ["0.1", true],
  ["0.10", true],
  ["0.2", true],
  ["0.3", true],
  ["0.30000000000000004", true],
  ["0.1000000000000000055511151231257827", false],
  ["0.12345678901234567891", false],
  ["0.12345678901234568", true],
  ["0.1234567890123456", true],
  ["3.141592653589793", true],
  ["3.14159265358979323846", false],
  ["3.141592653589793000000", true],
  ["9007199254740991", true],
  ["9007199254740992", true],
  ["9007199254740993", false],
  ["-9007199254740993", false],
  ["9007199254740994", true],
  ["9007199254740993.0", false],
  ["9007199254740992.5", false],
  ["900719925474099.1", true],
  ["90071992547409915e-1", false],
  ["12345678901234567890", false],
  ["18446744073709551615", false],
  ["18446744073709551616", false],
  ["18446744073709552000", true],
  ["99999999999999999999", false],
  ["100000000000000000000", true],
  ["4503599627370496.5", false],
  ["2251799813685248.5", true],
  ["4503599627370496.25", false],
  ["0.000001", true],
  ["0.0000001", true],
  ["1e-7", true],
  ["10e-8", true],
  ["1234567890.123456789", false],
  ["50.07551234567890123", false]
]

const notJson = [
  "01",
  "-01",
  "00",
  "1.",
  ".5",
  "+1",
  "1e",
  "1e+",
  "0x10",
  "1_000",
  "NaN",
  "Infinity",
  "-Infinity",
  "--1",
  "1,5"
]

/** The exact value, as a whole number times a power of ten: another way to the same answer. */
const exact = (text: string): readonly [bigint, number] => {
  const [, sign = "", whole = "", fraction = "", power = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/u.exec(text) ?? []
  return [BigInt(`${sign}${whole}${fraction}`), Number(power) - fraction.length]
}
const sameValue = (a: string, b: string): boolean => {
  const [[digitsA, powerA], [digitsB, powerB]] = [exact(a), exact(b)]
  const least = Math.min(powerA, powerB)
  return digitsA * 10n ** BigInt(powerA - least) === digitsB * 10n ** BigInt(powerB - least)
}

describe("a number", () => {
  it.each(literals)("%s keeps its value: %s", (written, kept) => {
    assert.strictEqual(keepsItsValue(written), kept)
  })

  const digits = (form: RegExp) => Schema.String.check(Schema.isPattern(form))

  it.prop(
    "keeps its value exactly when a double that is written back is the same decimal",
    [
      Schema.Boolean,
      digits(/^(?:0|[1-9]\d{0,24})$/u),
      digits(/^\d{0,25}$/u),
      Schema.NullOr(Schema.Int.check(Schema.isBetween({ minimum: -330, maximum: 330 })))
    ],
    ([negative, whole, behind, power]) => {
      const fraction = behind === "" ? "" : `.${behind}`
      const written = `${negative ? "-" : ""}${whole}${fraction}${power === null ? "" : `e${power}`}`
      const read = Number(written)
      assert.strictEqual(keepsItsValue(written), Number.isFinite(read) && sameValue(written, String(read)), written)
    }
  )

  it.prop("that a double was written as keeps its value", [Schema.Finite], ([value]) => {
    assert.isTrue(keepsItsValue(String(value)))
  })
})

layer(edge)("a number in a request", (it) => {
  const shapes: ReadonlyArray<(written: string) => string> = [
    (written) => written,
    (written) => `{"v":${written}}`,
    (written) => `[1,[{"v":[${written}]}]]`
  ]

  it.effect("in the body of a call is sent on with the value it was written with, or refused with its place", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      for (const [i, [written, kept]] of literals.entries()) {
        const body = (shapes[i % shapes.length] ?? String)(written)
        const reply = yield* send({
          method: "POST",
          path: "/v1/service-calls",
          headers: { "content-type": "application/json" },
          body: `{"delay":"1h","request":{"method":"POST","url":"https://example.com/","body":${body}}}`
        })
        assert.strictEqual(reply.status, kept ? 202 : 422, written)
        if (!kept) {
          assert.deepInclude(reply.json["errors"], {
            path: "body.request.body",
            message: "holds a number that would change its value on the way: write fewer digits, or send it as a string"
          })
          continue
        }
        const shown = (yield* send({ method: "GET", path: reply.headers["location"] ?? "" })).json
        const { bodySnippet } = shown["request"] as { readonly bodySnippet: string }
        const sent = /-?\d[\d.eE+-]*(?=[\]}]*$)/u.exec(bodySnippet)?.[0] ?? ""
        assert.isTrue(sameValue(written, sent), `${written} was sent as ${sent}`)
      }
    })
  )

  it.effect("that JSON does not know is no JSON", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      for (const written of notJson) {
        const reply = yield* send({
          method: "POST",
          path: "/v1/service-calls",
          headers: { "content-type": "application/json" },
          body: `{"delay":"1h","request":{"method":"POST","url":"https://example.com/","body":[${written}}}`
        })
        assert.deepStrictEqual([reply.status, reply.json["code"]], [400, "malformed_json"], written)
      }
    })
  )

  it.effect("is read by the same rule wherever it stands", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      const post = (path: string, body: string) =>
        send({ method: "POST", path, headers: { "content-type": "application/json" }, body })
      const call = (more: string) => `{"request":{"method":"GET","url":"https://example.com/"},${more}}`
      const bin = (more: string) => `{"serialNumber":"N-1","category":"skip",${more}}`
      const refused: ReadonlyArray<readonly [path: string, body: string, place: string]> = [
        ["/v1/service-calls", call('"delay":3000.00000000000000001'), "body.delay"],
        ["/v1/service-calls", call('"delay":1e400'), "body.delay"],
        ["/v1/service-calls", call('"timeoutMs":3000.00000000000000001'), "body.timeoutMs"],
        ["/v1/service-calls", call('"retry":{"jitter":0.10000000000000000001}'), "body.retry.jitter"],
        ["/v1/service-calls", call('"retry":{"maxAttempts":1.00000000000000000001}'), "body.retry.maxAttempts"],
        ["/ops/bins", bin('"sizeLitres":7000.000000000000000001'), "body.sizeLitres"],
        ["/ops/bins", bin('"sizeLitres":1,"location":{"lat":50.07551234567890123,"lon":1}'), "body.location.lat"]
      ]
      for (const [path, body, place] of refused) {
        const { json, status } = yield* post(path, body)
        assert.strictEqual(status, 422, body)
        const errors = json["errors"] as ReadonlyArray<{ readonly path: string; readonly message: string }>
        assert.deepStrictEqual(
          errors.map((error) => error.path),
          [place]
        )
        assert.match(errors[0]?.message ?? "", /would change its value/u)
      }
      const items = `{"items":[${call('"delay":"1h"')},${call('"delay":1e400')}]}`
      const batch = (yield* post("/v1/service-calls/batch", items)).json["items"] as ReadonlyArray<{
        readonly status: number
      }>
      assert.deepStrictEqual(
        batch.map(({ status }) => status),
        [202, 422]
      )
      const filtered = yield* send({ method: "GET", path: "/ops/bins?filter=version%20lt%209007199254740993" })
      assert.strictEqual(filtered.json["code"], "invalid_filter")
      const fine = yield* post("/v1/service-calls", call('"delay":3.6e6,"timeoutMs":3000.000,"retry":{"jitter":1e-1}'))
      assert.strictEqual(fine.status, 202)
    })
  )
})
