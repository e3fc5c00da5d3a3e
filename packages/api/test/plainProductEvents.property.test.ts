/** The plain way of reported product events against the router's: the same bytes in, the same bytes out. */
import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { gzipSync } from "node:zlib"
import { BothWays, bothWays, layerBothWays, time } from "./bothWays.ts"
import { type Edge, health } from "./Edge.ts"

const path = "/v1/events/batch"
const json = { "content-type": "application/json" }

/** One at each edge, which has been used once; a key is known to the plain way from then on. */
const newKey = (scope = "ops:events.write") =>
  Effect.gen(function* () {
    const { plain, routed } = yield* BothWays
    const made = new Map<Edge["Service"], { readonly id: string; readonly key: string }>()
    for (const edge of [plain, routed]) {
      const body = JSON.stringify({ name: "key", scopes: [scope] })
      const reply = yield* edge.send({ method: "POST", path: "/v1/api-keys", headers: json, body })
      const { id, key } = reply.json as { readonly id: string; readonly key: string }
      made.set(edge, { id, key })
      yield* edge.send({ method: "POST", path, headers: { ...json, authorization: "", "x-api-key": key }, body: "{}" })
    }
    return (edge: Edge["Service"]) => made.get(edge) ?? assert.fail("no key")
  })

type KeyOf = Effect.Success<ReturnType<typeof newKey>>

interface Written {
  readonly target?: string
  readonly method?: string
  readonly body: unknown
  readonly headers?: ReadonlyArray<readonly [string, string]>
  /** How the key is sent. */
  readonly as?: (key: string) => string
}

const written = (
  { as = (key) => `X-Api-Key: ${key}`, body, headers = [], method = "POST", target = path }: Written,
  key: string
) => {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body))
  const lines = ["Host: here", "Content-Type: application/json", ...headers.map(([name, value]) => `${name}: ${value}`)]
  const head = [`${method} ${target} HTTP/1.1`, ...lines, as(key), `Content-Length: ${bytes.byteLength}`]
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1"), bytes])
}

const one = (keyOf: KeyOf, sent: Written, taken: boolean, status?: number) =>
  Effect.gen(function* () {
    const answers = yield* bothWays((edge) => [written(sent, keyOf(edge).key)], 1)
    assert.strictEqual(answers.plain, answers.routed)
    assert.strictEqual(answers.taken, taken ? 1 : 0, answers.plain)
    if (status !== undefined) assert.match(answers.plain, new RegExp(`^HTTP/1\\.1 ${status} `, "u"))
    return answers.plain
  })

let serial = 0
const event = (more: object = {}) => ({ type: "track", event: "Shipped", event_id: `e-${(serial += 1)}`, ...more })

layer(layerBothWays(), { excludeTestServices: true })("reported product events", (it) => {
  it.effect(
    "are answered as through the router, whatever is right or wrong with them",
    () =>
      Effect.gen(function* () {
        const key = yield* newKey()
        const { type: _, ...track } = event({ properties: { a: 1 } })
        yield* one(key, { target: "/v1/events/track", body: track }, true, 200)
        yield* one(key, { target: "/v1/events/track", body: track }, true, 200)
        yield* one(key, { target: "/v1/events/track", body: {} }, true, 422)
        yield* one(key, { target: "/v1/events/identify", body: { userId: "u", traits: {} } }, true, 200)
        yield* one(
          key,
          { body: { batch: [event(), event({ other: 1 }), event({ properties: { x: "y".repeat(40_000) } })] } },
          true,
          200
        )
        const twice = event()
        yield* one(key, { body: { batch: [twice, twice, event()] } }, true, 200)
        yield* one(key, { body: { batch: [event()] }, as: (key) => `Authorization: Bearer ${key}` }, true, 200)
        yield* one(key, { body: { batch: [event()] }, headers: [["X-Correlation-Id", "ours"]] }, true, 200)
        yield* one(key, { body: { batch: [event()] }, headers: [["X-Event-Schema-Version", "1.4"]] }, true, 200)
        yield* one(key, { body: { batch: Array.from({ length: 51 }, () => event()) } }, true, 422)
        yield* one(key, { body: { batch: [] } }, true, 422)
        yield* one(key, { body: '{"batch":[],"batch":[]}' }, true, 422)
        yield* one(key, { body: "{" }, true, 400)
        yield* one(key, { body: "" }, true, 400)
      }),
    { tags: ["ADR-0032.8"] }
  )

  it.effect("that are not plain are left to the router", () =>
    Effect.gen(function* () {
      const key = yield* newKey()
      const body = { batch: [event()] }
      yield* one(key, { body: gzipSync(JSON.stringify(body)), headers: [["Content-Encoding", "gzip"]] }, false, 200)
      yield* one(key, { body, target: `${path}?a=1` }, false, 422)
      yield* one(key, { body, method: "PUT" }, false, 405)
      yield* one(key, { body, headers: [["X-Event-Schema-Version", "one"]] }, false, 422)
      yield* one(key, { body, as: (key) => `X-Api-Key: ${key.slice(0, -1)}` }, false, 401)
      yield* one(key, { body, as: (key) => `X-Api-Key: ${key}\r\nAuthorization: Bearer nonsense` }, false, 401)
      yield* one(key, { body, as: (key) => `X-Api-Key: ${key}\r\nX-Api-Key: ${key}` }, false, 401)
      yield* one(yield* newKey("ops:events.read"), { body }, false, 403)
      health.phase = "draining"
      yield* one(key, { body }, false, 200)
    }).pipe(Effect.ensuring(Effect.sync(() => (health.phase = "serving"))))
  )

  it.effect("under a key that was revoked, or was not used for a minute, are left to the router", () =>
    Effect.gen(function* () {
      const { plain, routed } = yield* BothWays
      const key = yield* newKey()
      yield* one(key, { body: { batch: [event()] } }, true, 200)
      time.now += 60_000
      yield* one(key, { body: { batch: [event()] } }, false, 200)
      yield* one(key, { body: { batch: [event()] } }, true, 200)
      for (const edge of [plain, routed]) yield* edge.send({ method: "DELETE", path: `/v1/api-keys/${key(edge).id}` })
      yield* one(key, { body: { batch: [event()] } }, false, 401)
    })
  )

  let known: KeyOf | null = null
  it.effect.prop(
    "with any JSON in any place are answered with the same bytes",
    {
      value: Schema.Json,
      place: Schema.Literals(["type", "event", "event_id", "userId", "properties", "timestamp", "context", "other"])
    },
    ({ place, value }) =>
      Effect.gen(function* () {
        known ??= yield* newKey()
        yield* one(known, { body: { batch: [event(), { ...event(), [place]: value }] } }, true)
      })
  )
})

layer(layerBothWays({ rates: { events: 4 } }), { excludeTestServices: true })(
  "product events under a rate limit",
  (it) => {
    it.effect("are counted by event and refused as through the router", () =>
      Effect.gen(function* () {
        // Its making and its first use are two.
        const key = yield* newKey()
        const batch = (count: number) => ({ body: { batch: Array.from({ length: count }, () => event()) } })
        assert.match(yield* one(key, batch(2), true, 200), /^ratelimit-remaining: 1/imu)
        yield* one(key, batch(2), true, 429)
        yield* one(key, batch(9), true, 429)
        yield* one(key, batch(1), true, 429)
      })
    )
  }
)
