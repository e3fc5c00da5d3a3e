/** The address and the headers of a call at the door: read once, and refused in words. */
import { ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import { KnownRedactions } from "@dueline/contracts/ports/TenantRules"
import { RequestIntake } from "@dueline/contracts/ports/Admission"
import { RequestVault, type WholeRequest } from "@dueline/contracts/ports/Vaults"
import { makeEgressGuard } from "@dueline/execution/egress/EgressGuard"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"
import * as Intake from "../src/Intake.ts"

const tenantId = TenantId.make("11111111-1111-4111-8111-111111111111")
const callId = ServiceCallId.make("22222222-2222-4222-8222-222222222222")

/** Shows what went under seal. */
const vault = Layer.succeed(RequestVault, {
  seal: (request: WholeRequest) => JSON.stringify(request),
  open: () => Effect.die("nothing is opened here")
} as unknown as RequestVault["Service"])

const admit = (url: string, headers: Readonly<Record<string, string>> = {}) =>
  Effect.map(RequestIntake, (intake) =>
    intake.admit(tenantId, callId, { method: "POST", url, headers, body: "secret=1" })
  ).pipe(Effect.provide(Intake.layer(makeEgressGuard(["allowed.test"])).pipe(Layer.provide(vault))))

const spelt: ReadonlyArray<readonly [written: string, called: string]> = [
  ["HTTP://Allowed.TEST:80/a/../b?x=1#part", "http://allowed.test/b?x=1"],
  ["https://allowed.test", "https://allowed.test/"],
  ["https://allowed.test:443/ä?q=ü", "https://allowed.test/%C3%A4?q=%C3%BC"],
  ["https://bücher.example/", "https://xn--bcher-kva.example/"],
  ["https://inside。example/", "https://inside.example/"],
  ["https://allowed.test/a\u200bb", "https://allowed.test/a%E2%80%8Bb"]
]

it.effect.each(spelt)("%s is shown and sealed as it will be called", ([written, called]) =>
  Effect.gen(function* () {
    const admitted = yield* Effect.fromResult(yield* admit(written, { authorization: "Bearer abc" }))
    assert.strictEqual(admitted.spec.request.url, called)
    assert.include(admitted.sealed ?? "", JSON.stringify(called))
    assert.isTrue(Result.isSuccess(yield* admit(called)))
  })
)

const refusedUrls: ReadonlyArray<readonly [written: string, code: string]> = [
  ["http://allowed.test:18231\\@127.0.0.1:18232/", "url_invalid"],
  ["http://allowed.test\\..\\x", "url_invalid"],
  ["http://allowed.test/\r\nHost: other.test", "url_invalid"],
  ["http://allowed.test/\u0000", "url_invalid"],
  ["http://allo\twed.test/", "url_invalid"],
  ["http://allowed.test/\u0085", "url_invalid"],
  [" http://allowed.test/", "url_invalid"],
  ["http://allowed.test/\ud800", "url_invalid"],
  ["//allowed.test/", "url_invalid"],
  ["http://", "url_invalid"],
  ["ftp://allowed.test/", "scheme_not_allowed"],
  ["javascript:alert(1)", "scheme_not_allowed"],
  ["http://a:b@allowed.test/", "credentials_in_url"],
  ["http://127。0。0。1/", "egress_denied"],
  ["http://0x7f000001/", "egress_denied"],
  ["http://[::ffff:169.254.169.254]/", "egress_denied"],
  [`http://allowed.test/${"ä".repeat(4_000)}`, "url_invalid"]
]

it.effect.each(refusedUrls)("%j is refused as %s, with what to do", ([written, code]) =>
  Effect.gen(function* () {
    const issues = yield* Effect.flip(Effect.fromResult(yield* admit(written)))
    assert.deepStrictEqual(
      issues.map((issue) => [issue.field, issue.code]),
      [["url", code]]
    )
    assert.match(issues[0]?.message ?? "", /^(?:Give|Take|Write|Only|Send|Addresses|The URL holds)/u)
  })
)

const refusedHeaders: ReadonlyArray<readonly [name: string, value: string, code: string]> = [
  ["x-a", "a\r\nb: c", "header_value_invalid"],
  ["x-a", "a\nb", "header_value_invalid"],
  ["x-a", "\u0000", "header_value_invalid"],
  ["x-a", " a", "header_value_invalid"],
  ["x-a", "é", "header_value_invalid"],
  ["x a", "v", "header_name_invalid"],
  ["x:a", "v", "header_name_invalid"],
  ["x\r\ny", "v", "header_name_invalid"],
  ["", "v", "header_name_invalid"],
  ["Host", "other.test", "header_forbidden"],
  ["Transfer-Encoding", "chunked", "header_forbidden"]
]

it.effect.each(refusedHeaders)("the header %j with %j is refused as %s", ([name, value, code]) =>
  Effect.gen(function* () {
    const issues = yield* Effect.flip(Effect.fromResult(yield* admit("https://allowed.test/", { [name]: value })))
    assert.deepStrictEqual(
      issues.map((issue) => issue.code),
      [code]
    )
  })
)

it.effect(
  "what a tenant has struck out is struck out of what is shown, and whether its failed calls keep their request goes along",
  () =>
    Effect.gen(function* () {
      const asked = (redacted: boolean) =>
        admit("https://allowed.test/MRN-123?memberNo=77", { "x-clinic": "north" }).pipe(
          Effect.flatMap(Effect.fromResult),
          Effect.provideService(KnownRedactions, {
            of: (id) =>
              redacted && id === tenantId
                ? { patterns: ["MRN-*", "field:memberNo", "field:X-Clinic"], failedRequests: "drop" }
                : { patterns: [], failedRequests: "keep" },
            refresh: Effect.void
          })
        )
      const { sealed, spec } = yield* asked(true)
      const { request, ...kept } = spec
      assert.deepStrictEqual(
        [request.url, request.headers["x-clinic"], kept],
        ["https://allowed.test/[redacted]?memberNo=[redacted]", "[redacted]", { failedRequest: "drop" }]
      )
      assert.include(sealed ?? "", "memberNo=77")
      const { request: usual, ...unusual } = (yield* asked(false)).spec
      assert.deepStrictEqual([usual.url, unusual], ["https://allowed.test/MRN-123?memberNo=77", {}])
    })
)
