/** The plain way of a submission against the router's: the same bytes in, the same bytes out. */
import type { SubmitServiceCall } from "@dueline/contracts/api/ServiceCallRequest"
import {
  type Answer,
  IdempotencyKeyReused,
  Orchestrator,
  Overloaded,
  VersionMismatch
} from "@dueline/contracts/ports/Orchestrator"
import { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { assert, describe, it, layer } from "@effect/vitest"
import { Cause, Context, Effect, Exit, Fiber, Layer, Schema, Scope } from "effect"
import { TestClock } from "effect/testing"
import {
  type Answers,
  atThatTime,
  BothWays,
  bothWays,
  comparable,
  converse,
  layerBothWays,
  type Step,
  time
} from "./bothWays.ts"
import { type Edge, health, later, otherTenant, scopes, tenant, unmadeTenant } from "./Edge.ts"

const path = "/v1/service-calls"
const batch = `${path}/batch`

interface Written {
  readonly protocol?: string
  readonly method?: string
  readonly path?: string
  /** In the place of the token of the edge. */
  readonly authorization?: string | null
  readonly headers?: ReadonlyArray<readonly [string, string]>
  readonly body?: string | Uint8Array | null
  /** Of the body; null for none. */
  readonly length?: number | string | null
}

const jsonType = ["Content-Type", "application/json"] as const
const text = JSON.stringify(later)

const bytesOf = (body: string | Uint8Array): Buffer => Buffer.from(body as string)

const head = ({ token }: { readonly token: string }, written: Written): string => {
  const { authorization = `Bearer ${token}`, headers = [jsonType], method = "POST", path: target = path } = written
  const body = written.body === undefined ? text : (written.body ?? "")
  const length = written.length === undefined ? bytesOf(body).byteLength : written.length
  return [
    `${method} ${target} ${written.protocol ?? "HTTP/1.1"}`,
    ...(headers.some(([name]) => name.toLowerCase() === "host") ? [] : ["Host: here"]),
    ...(authorization === null ? [] : [`Authorization: ${authorization}`]),
    ...headers.filter(([, value]) => value !== "absent").map(([name, value]) => `${name}: ${value}`),
    ...(length === null ? [] : [`Content-Length: ${length}`]),
    "",
    ""
  ].join("\r\n")
}

const whole = (edge: { readonly token: string }, written: Written): Buffer =>
  Buffer.concat([
    Buffer.from(head(edge, written), "latin1"),
    bytesOf(written.body === undefined ? text : (written.body ?? ""))
  ])

const same = ({ plain, routed }: Answers) => assert.strictEqual(plain, routed)

/** Sent as it is, in one piece. `taken`: whether it is plain. */
const one = (written: Written, taken: boolean | null, status?: number) =>
  Effect.gen(function* () {
    const answers = yield* bothWays((edge) => [whole(edge, written)], 1)
    same(answers)
    const told = `${JSON.stringify(written).slice(0, 300)} → ${answers.plain}`
    if (taken !== null) assert.strictEqual(answers.taken, taken ? 1 : 0, told)
    if (status !== undefined)
      assert.match(
        answers.plain,
        new RegExp(`^(?:HTTP/1\\.1 100 Continue\\r\\n\\r\\n)?HTTP/1\\.1 ${status} `, "u"),
        told
      )
    return answers.plain
  })

const json = (body: unknown, headers: ReadonlyArray<readonly [string, string]> = []): Written => ({
  headers: [jsonType, ...headers],
  body: JSON.stringify(body)
})
const items = (list: ReadonlyArray<unknown>, headers: ReadonlyArray<readonly [string, string]> = []): Written => ({
  ...json({ items: list }, headers),
  path: batch
})
const key = (value: string) => ["Idempotency-Key", value] as const

/** Does with a command what its first tag says. */
const moody = Layer.succeed(
  Orchestrator,
  Orchestrator.offering(({ command }, settle) => {
    const mood = command._tag === "SubmitServiceCall" ? command.spec.tags[0] : undefined
    const callId = command._tag === "SubmitServiceCall" ? command.callId : undefined
    if (mood === "overloaded") return settle(Exit.fail(new Overloaded({ queueLimit: 1 })))
    if (mood === "reused") return settle(Exit.fail(new IdempotencyKeyReused({ key: "k" })))
    if (mood === "stale") return settle(Exit.fail(new VersionMismatch({ expected: 1, actual: 2 })))
    if (mood === "down")
      return settle(Exit.fail(new StoreUnavailable({ operation: "commit", cause: new Error("gone") })))
    if (mood === "broken") return settle(Exit.die(new Error("broken")))
    if (mood === "interrupted") return settle(Exit.failCause(Cause.interrupt(1)))
    if (mood === "silent") return undefined
    const outcome = { _tag: "Submitted", callId, status: "Scheduled", dueAt: time.now, attempt: 0 }
    const answered = () => settle(Exit.succeed({ version: 1, replayed: false, outcome } as unknown as Answer))
    if (mood === "draining") health.phase = "draining"
    return void setImmediate(answered)
  })
)

const feeling = (mood: string): SubmitServiceCall => ({ ...later, tags: [mood] }) as SubmitServiceCall

const Name = Schema.Literals([
  "idempotency-key",
  "x-correlation-id",
  "prefer",
  "content-type",
  "traceparent",
  "accept",
  "host"
])
const Value = Schema.Union([
  Schema.Literals(["application/json", "one", "two", "wait=0", "0abc", "absent"]),
  Schema.String.check(Schema.isPattern(/^[\x21-\x7e]{1,40}$/u))
])
const Place = Schema.Literals([
  "whole",
  "dueAt",
  "delay",
  "request",
  "tags",
  "retry",
  "timeoutMs",
  "url",
  "headers",
  "body",
  "method"
])

const shaped = (place: typeof Place.Type, value: unknown): unknown => {
  if (place === "whole") return value
  const inner = ["url", "headers", "body", "method"].includes(place)
  return inner ? { ...later, request: { ...later.request, [place]: value } } : { ...later, [place]: value }
}

describe("the plain way and the router's", { tags: ["ADR-0007.9"] }, () => {
  layer(layerBothWays(), { excludeTestServices: true })("a submission that is plain", (it) => {
    it.effect("is answered as through the router, accepted, replayed or refused", () =>
      Effect.gen(function* () {
        yield* one({}, true, 202)
        yield* one(json(later, [["X-Correlation-Id", "mine"]]), true, 202)
        yield* one(json(later, [["X-Correlation-Id", "Not Mine"]]), true, 202)
        yield* one(json(later, [["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]]), true, 202)
        yield* one(json(later, [["Connection", "close"]]), true, 202)
        yield* one({ protocol: "HTTP/1.0" }, true, 202)
        yield* one({ ...json(later, [["Connection", "keep-alive"]]), protocol: "HTTP/1.0" }, true, 202)
        yield* one({ ...json(later), headers: [] }, true, 202)
        yield* one({ ...json(later), headers: [["content-type", 'application/json; charset="utf-8"']] }, true, 202)
        yield* one({ ...json(later), headers: [["Content-Type", "application/merge-patch+json"]] }, true, 202)
        assert.notMatch(yield* one(json(later, [key("k1")]), true, 202), /x-idempotent-replayed/iu)
        assert.match(yield* one(json(later, [key("k1")]), true, 202), /x-idempotent-replayed: true/iu)
        yield* one(json({ ...later, delay: "2h" }, [key("k1")]), true, 422)
        yield* one(json({ ...later, dueAt: "2026-02-01T00:00:00Z" }), true, 422)
        yield* one(json({ request: later.request, dueAt: "2020-01-01T00:00:00Z" }), true, 202)
        yield* one(json({ request: later.request, dueAt: "2090-01-01T00:00:00Z" }), true, 422)
        yield* one(json({ delay: "1h", request: { method: "GET", url: "http://127.0.0.1/" } }), true, 422)
        yield* one(json({ delay: "1h", request: { method: "TRACE", url: "https://example.com/é" } }), true, 422)
      })
    )

    it.effect("is answered as through the router, whatever its body is", () =>
      Effect.gen(function* () {
        const bodies: ReadonlyArray<readonly [string | Uint8Array, number]> = [
          ["", 400],
          ["{", 400],
          ["null", 422],
          ["[]", 422],
          ['"é"', 422],
          ["{}", 422],
          [Uint8Array.of(0x7b, 0xff, 0x7d), 400],
          [Buffer.from(`\ufeff${text}`), 202],
          [` \n${text}\t`, 202],
          [`{"delay":"1h","delay":"2h","request":{"method":"GET","url":"https://example.com/"}}`, 422],
          [`{"delay":1e400,"request":{"method":"GET","url":"https://example.com/"}}`, 422],
          [`{"delay":9007199254740993,"request":{"method":"GET","url":"https://example.com/"}}`, 422],
          [
            `{"delay":"1h","request":{"method":"POST","url":"https://example.com/","body":{"n":12345678901234567890}}}`,
            422
          ],
          [`{"delay":"1h","request":{"method":"POST","url":"https://example.com/","body":"\\u0000"}}`, 422],
          [`{"delay":"1h","request":{"method":"POST","url":"https://example.com/","body":"\\ud800"}}`, 422],
          [`{"__proto__":{},"delay":"1h","request":{"method":"GET","url":"https://example.com/"}}`, 422],
          [JSON.stringify({ ...later, unknown: 1, tags: ["not a tag"], timeoutMs: 1 }), 422],
          ["[".repeat(40) + "]".repeat(40), 422],
          [JSON.stringify(Array.from({ length: 1_001 }, (_, n) => n)), 422],
          [JSON.stringify({ ...later, request: { ...later.request, body: "x".repeat(200_000) } }), 202]
        ]
        for (const [body, status] of bodies) yield* one({ body }, true, status)
        yield* one({ body: "x".repeat(256 * 1024) }, true, 400)
        yield* one({ body: "x".repeat(256 * 1024 + 1) }, false, 413)
      })
    )

    it.effect("is answered as through the router when it is one of a batch", () =>
      Effect.gen(function* () {
        const broken = { delay: "1h", request: { method: "TRACE", url: "https://example.com/" } }
        const inside = { delay: "1h", request: { method: "GET", url: "http://127.0.0.1/" } }
        const poison = { delay: "1h", request: { method: "GET", url: "https://defect.example.com/" } }
        const list = [later, broken, inside, { ...later, dueAt: "2030-01-01T00:00:00Z" }, later, null, "é", poison]
        yield* one(items(list), true, 200)
        yield* one(items(list, [["X-Correlation-Id", "ours"]]), true, 200)
        const keyed = (idempotencyKey: string, more = {}) => ({ ...later, idempotencyKey, ...more })
        const batchOfKeys = [keyed("a"), keyed("b", { correlationId: "mine" }), keyed("b"), keyed("a", { delay: "2h" })]
        yield* one(items(batchOfKeys), true, 200)
        yield* one(items(batchOfKeys), true, 200)
        yield* one(items(Array.from({ length: 100 }, () => later)), true, 200)
        yield* one(items(Array.from({ length: 101 }, () => later)), true, 422)
        yield* one(items([]), true, 422)
        yield* one({ path: batch, body: "{" }, true, 400)
        yield* one({ path: batch, body: '{"items":[{}],"more":1}' }, true, 422)
      })
    )

    it.effect("is answered as through the router when it meets a defect", () =>
      Effect.gen(function* () {
        const poison = { delay: "1h", request: { method: "GET", url: "https://defect.example.com/" } }
        const told = yield* one(json(poison), true, 500)
        assert.notInclude(told, "asked for")
        yield* one({}, true, 202)
      })
    )

    it.effect("is answered as through the router however its bytes arrive", () =>
      Effect.gen(function* () {
        const inParts = (
          parts: (bytes: Buffer, headLength: number) => ReadonlyArray<Step>,
          answers = 1,
          written: Written = {}
        ) =>
          Effect.map(
            bothWays((edge) => parts(whole(edge, written), head(edge, written).length), answers),
            (told) => {
              same(told)
              return told
            }
          )
        const slow = yield* inParts((bytes, at) => [
          bytes.subarray(0, at),
          { pauseMs: 20 },
          bytes.subarray(at, at + 9),
          { pauseMs: 20 },
          bytes.subarray(at + 9)
        ])
        assert.strictEqual(slow.taken, 1)
        const split = yield* inParts((bytes) => [bytes.subarray(0, 30), { pauseMs: 5 }, bytes.subarray(30)])
        assert.strictEqual(split.taken, 1)
        const pipelined = yield* inParts((bytes) => [Buffer.concat([bytes, bytes, bytes])], 3)
        assert.strictEqual(pipelined.taken, 3)
        const mixed = yield* bothWays(
          (edge) => [
            Buffer.concat([
              whole(edge, json(later, [key("pipe")])),
              Buffer.from(head(edge, { method: "GET", body: null, length: null })),
              whole(edge, json(later, [key("pipe")])),
              whole(edge, { body: "{" })
            ])
          ],
          4
        )
        // What the list shows of what came before differs in nothing but the order of its reading.
        assert.strictEqual(mixed.taken, 3)
        const cut = yield* inParts((bytes, at) => [bytes.subarray(0, at + 5), { pauseMs: 20 }, "abort"])
        assert.deepStrictEqual([cut.plain, cut.taken], ["", 1])
        yield* one({}, true, 202)
      })
    )
  })

  layer(layerBothWays(), { excludeTestServices: true })("a request that is not plain", (it) => {
    it.effect("is left to the router", () =>
      Effect.gen(function* () {
        const more = (name: string, value: string): Written => json(later, [[name, value]])
        yield* one(more("Prefer", "wait=0"), false, 202)
        yield* one(more("X-Tenant-Id", tenant), false, 202)
        yield* one(more("X-Tenant-Id", otherTenant), false, 403)
        yield* one(more("Content-Encoding", "gzip"), false, 415)
        yield* one(more("Idempotency-Key", "with blanks in it"), false, 422)
        yield* one(more("Expect", "100-continue"), false, 202)
        yield* one(items([later], [key("for all")]), false, 422)
        yield* one({ headers: [["Content-Type", "text/plain"]] }, false, 415)
        yield* one({ headers: [["Content-Type", "application/json; charset=latin1"]] }, false, 415)
        yield* one({ headers: [jsonType, ["Host", "absent"]] }, false, 400)
        yield* one({ authorization: null }, false, 401)
        yield* one({ authorization: "Bearer " }, false, 401)
        yield* one({ authorization: "Bearer nonsense" }, false, 401)
        yield* one({ authorization: "Basic eDp5" }, false, 401)
        yield* one({ method: "PUT" }, false, 405)
        yield* one({ method: "GET", path: batch, body: null, length: null }, false)
        yield* one({ method: "OPTIONS", body: null, length: null }, false)
        yield* one({ path: `${path}/` }, false, 202)
        yield* one({ path: `${path}?a=1` }, false, 422)
        yield* one({ path: `${path}/${"x".repeat(300)}` }, false, 405)
        yield* one({ path: "/v1/%ff" }, false, 400)
        yield* one({ path: "http://elsewhere/v1/service-calls" }, false, 202)
        yield* one(
          { length: null, headers: [jsonType, ["Transfer-Encoding", "chunked"]], body: `3\r\n{"d\r\n0\r\n\r\n` },
          false,
          400
        )
        yield* one({ length: null, body: null }, false, 400)
      })
    )

    it.effect("is one whose token does not open everything", () =>
      Effect.gen(function* () {
        const { plain, routed } = yield* BothWays
        const minted = (settings: Partial<Parameters<Edge["Service"]["mint"]>[0]>) =>
          Effect.all(
            [plain, routed].map(({ mint }) =>
              atThatTime(mint({ subject: "other", tenantId: tenant, scopes, ttlSeconds: 60, ...settings }))
            )
          )
        const twice = (tokens: ReadonlyArray<string>, taken: ReadonlyArray<number>) =>
          Effect.gen(function* () {
            const seen: Array<number> = []
            for (let n = 0; n < 2; n += 1) {
              const told = yield* bothWays(
                (edge) => [whole({ token: (edge === plain ? tokens[0] : tokens[1]) ?? "" }, {})],
                1
              )
              same(told)
              seen.push(told.taken)
            }
            assert.deepStrictEqual(seen, taken)
          })
        const good = yield* minted({})
        yield* twice(good, [0, 1])
        yield* twice(yield* minted({ scopes: ["ops:calls.read"] }), [0, 0])
        yield* twice(yield* minted({ tenantId: unmadeTenant }), [0, 0])
        time.now += 70_000
        yield* twice(good, [0, 0])
        time.now -= 70_000
      })
    )

    it.effect("is any while the program stops", () =>
      Effect.gen(function* () {
        health.phase = "draining"
        assert.match(yield* one({}, false, 202), /^connection: close/imu)
      }).pipe(Effect.ensuring(Effect.sync(() => (health.phase = "serving"))))
    )
  })

  layer(layerBothWays({ limits: { deadlineMs: 300, requests: 2 } }, moody), { excludeTestServices: true })(
    "a submission that cannot be taken",
    (it) => {
      it.effect("is told so as through the router, alone and in a batch", () =>
        Effect.gen(function* () {
          const moods: ReadonlyArray<readonly [string, number]> = [
            ["well", 202],
            ["overloaded", 503],
            ["reused", 422],
            ["stale", 500],
            ["down", 503],
            ["broken", 500],
            ["interrupted", 503],
            ["silent", 503]
          ]
          for (const [mood, status] of moods) yield* one(json(feeling(mood)), true, status)
          yield* one(items(moods.map(([mood]) => feeling(mood))), true, 200)
          assert.match(yield* one(json(feeling("draining")), true, 202), /^connection: close/imu)
        }).pipe(Effect.ensuring(Effect.sync(() => (health.phase = "serving"))))
      )

      it.effect("has no place beside as many as there may be, and finds one when they have gone", () =>
        Effect.gen(function* () {
          // The first is answered at its deadline; of two places a tenant has one.
          const told = yield* bothWays(
            (edge) => [Buffer.concat([whole(edge, json(feeling("silent"))), whole(edge, {})])],
            2
          )
          same(told)
          assert.strictEqual(told.taken, 2)
          assert.match(told.plain, /^HTTP\/1\.1 503 [^]*HTTP\/1\.1 429 /u)
          yield* one({}, true, 202)
        })
      )
    }
  )

  describe("a submission that waits when the program has waited long enough for it to stop", () => {
    it.effect("is answered as through the router: the store may have done it", () =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const context = yield* Layer.buildWithScope(layerBothWays({}, moody), scope)
        const { plain, routed, taken } = Context.get(context, BothWays)
        const waiting = [plain, routed].map((edge) =>
          converse(edge.port, [whole(edge, json(feeling("silent")))], 1).pipe(Effect.map(comparable), Effect.forkChild)
        )
        const fibers = yield* Effect.all(waiting)
        yield* Effect.promise(async () => {
          while (taken() === 0) await new Promise((done) => setImmediate(done))
        })
        yield* Scope.close(scope, Exit.void)
        const [one = "", two] = yield* Effect.forEach(fibers, Fiber.join)
        assert.match(one, /^HTTP\/1\.1 503 [^]*"code":"unavailable"/u)
        assert.strictEqual(one, two)
      }).pipe(TestClock.withLive)
    )
  })

  layer(layerBothWays({ rates: { calls: 8 } }), { excludeTestServices: true })(
    "a submission under a rate limit",
    (it) => {
      it.effect("is counted and refused as through the router, and its body is read past", () =>
        Effect.gen(function* () {
          // One was counted when the token was verified.
          assert.match(yield* one({}, true, 202), /^ratelimit-remaining: 6/imu)
          yield* one({ body: "{" }, true, 400)
          yield* one(items([later, later]), true, 200)
          yield* one(items(Array.from({ length: 9 }, () => later)), true, 429)
          yield* one(items([later, later, later]), true, 429)
          for (let n = 0; n < 4; n += 1) yield* one({}, true)
          const long = json({ ...later, request: { ...later.request, body: "x".repeat(100_000) } })
          const told = yield* bothWays((edge) => [Buffer.concat([whole(edge, long), whole(edge, {})])], 2)
          same(told)
          assert.match(told.plain, /^HTTP\/1\.1 429 /u)
          assert.strictEqual(told.taken, 2)
        })
      )
    }
  )

  describe("generated requests", () => {
    layer(layerBothWays(), { excludeTestServices: true })("to both ways", (it) => {
      it.effect.prop(
        "any JSON in any place, alone or in a batch, is answered with the same bytes",
        { value: Schema.Json, place: Place, many: Schema.Boolean },
        ({ many, place, value }) => {
          const body = shaped(place, value)
          return one(many ? items([later, body]) : json(body), true)
        }
      )

      it.effect.prop(
        "any bytes as a body are answered with the same bytes",
        { bytes: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))) },
        ({ bytes }) => one({ body: Uint8Array.from(bytes) }, true)
      )

      it.effect.prop(
        "any headers, also twice, to any method and address are answered with the same bytes",
        {
          headers: Schema.Array(Schema.Tuple([Name, Value])).check(Schema.isMaxLength(4)),
          method: Schema.Literals(["POST", "POST", "POST", "PUT", "DELETE"]),
          path: Schema.Literals([path, path, batch, `${path}/`, `${path}?x=1`])
        },
        (written) => one({ ...written, body: written.path === batch ? `{"items":[${text}]}` : text }, null)
      )
    })
  })
})
