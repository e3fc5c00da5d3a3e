/** The plain way of a courier's event against the router's: the same bytes in, the same bytes out. */
import { schemePresets } from "@dueline/contracts/courierSource/SignatureScheme"
import { signRequest } from "@dueline/secrets/requestSignature"
import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { BothWays, bothWays, layerBothWays, time } from "./bothWays.ts"
import { health } from "./Edge.ts"

const path = "/v1/events/courier"
const secret = `whsec_${Buffer.alloc(32, 5).toString("base64")}`
const nobodys = "00000000-0000-7000-8000-00000000dead"

let serial = 0

/** One with this secret at each edge, under the same id. */
const newSource = Effect.gen(function* () {
  const { plain, routed } = yield* BothWays
  const body = JSON.stringify({ name: `source-${(serial += 1)}`, scheme: "standard-webhooks", secret })
  const headers = { "content-type": "application/json" }
  const made = yield* Effect.forEach([plain, routed], ({ send }) =>
    send({ method: "POST", path: "/ops/courier-sources", headers, body })
  )
  const [one, other] = made.map(({ json }) => String(json["id"]))
  assert.strictEqual(one, other)
  return one ?? ""
})

const event = (more: object = {}) => ({
  id: `evt-${(serial += 1)}`,
  type: "shipment.in_transit",
  trackingReference: "NX-0042",
  occurredAt: "2026-01-31T08:35:00Z",
  ...more
})

interface Written {
  readonly target: string
  readonly body: string | Uint8Array
  readonly method?: string
  readonly at?: number
  readonly headers?: ReadonlyArray<readonly [string, string]>
  readonly signed?: boolean
}

const written = ({ at = time.now, body, headers = [], method = "POST", signed = true, target }: Written): Buffer => {
  const bytes = Buffer.from(body as string)
  const signature = signed
    ? signRequest(schemePresets["standard-webhooks"], secret, {
        at,
        body: new Uint8Array(bytes),
        headers: { "webhook-id": "msg-1" }
      })
    : {}
  const lines = [["Host", "here"], ["Content-Type", "application/json"], ...Object.entries(signature), ...headers]
  const head = [
    `${method} ${target} HTTP/1.1`,
    ...lines.map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${bytes.byteLength}`
  ]
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1"), bytes])
}

/** `taken`: whether it is plain; null where that is all one. */
const one = (sent: Written, taken: boolean | null, status?: number) =>
  Effect.gen(function* () {
    const bytes = written(sent)
    const answers = yield* bothWays(() => [bytes], 1)
    assert.strictEqual(answers.plain, answers.routed)
    if (taken !== null) assert.strictEqual(answers.taken, taken ? 1 : 0, answers.plain)
    if (status !== undefined) assert.match(answers.plain, new RegExp(`^HTTP/1\\.1 ${status} `, "u"))
    return answers.plain
  })

layer(layerBothWays(), { excludeTestServices: true })("a courier's event", (it) => {
  it.effect("is answered as through the router, whatever is right or wrong with it", () =>
    Effect.gen(function* () {
      const target = `${path}/${yield* newSource}`
      const body = JSON.stringify(event())
      yield* one({ target, body }, true, 202)
      yield* one({ target, body }, true, 202)
      yield* one({ target: target.toUpperCase().replace(path.toUpperCase(), path), body }, true, 202)
      yield* one({ target, body: JSON.stringify({ ...JSON.parse(body), type: "label.created" }) }, true, 409)
      yield* one({ target, body, headers: [["X-Correlation-Id", "ours"]] }, true, 202)
      yield* one({ target, body, headers: [["Authorization", "Bearer nonsense"]] }, true, 202)
      yield* one({ target, body, at: time.now - 600_000 }, true, 401)
      yield* one({ target, body, signed: false }, true, 401)
      yield* one({ target, body, headers: [["webhook-id", "msg-2"]] }, true, 401)
      yield* one({ target: `${path}/${nobodys}`, body }, true, 401)
      yield* one({ target, body: JSON.stringify(event({ type: "lost" })) }, true, 422)
      yield* one({ target, body: '{"id":"a","id":"b"}' }, true, 422)
      yield* one({ target, body: "{" }, true, 400)
      yield* one({ target, body: "" }, true, 400)
    })
  )

  it.effect("that is not plain is left to the router", () =>
    Effect.gen(function* () {
      const id = yield* newSource
      const target = `${path}/${id}`
      const body = JSON.stringify(event())
      yield* one({ target: path, body, headers: [["X-Dueline-Source", id]] }, false, 202)
      yield* one({ target: `${target}?a=1`, body }, false, 422)
      yield* one({ target: `${path}/no-id-at-all`, body }, false, 401)
      yield* one({ target, body, method: "PUT" }, false, 405)
      yield* one({ target, body, headers: [["Content-Encoding", "gzip"]] }, false, 415)
      yield* one({ target, body: "x".repeat(256 * 1024 + 1) }, false, 413)
      health.phase = "draining"
      yield* one({ target, body }, false, 202)
    }).pipe(Effect.ensuring(Effect.sync(() => (health.phase = "serving"))))
  )

  let known: string | null = null
  it.effect.prop(
    "with any JSON in any place is answered with the same bytes",
    {
      value: Schema.Json,
      place: Schema.Literals(["id", "type", "trackingReference", "occurredAt", "orderId", "details", "other"]),
      signed: Schema.Boolean
    },
    ({ place, signed, value }) =>
      Effect.gen(function* () {
        known ??= yield* newSource
        const target = `${path}/${known}`
        yield* one({ target, body: JSON.stringify(event({ [place]: value })), signed }, true)
      })
  )
})

layer(layerBothWays({ rates: { courier: 2 } }), { excludeTestServices: true })(
  "courier events under a rate limit",
  (it) => {
    it.effect("are counted and refused as through the router", () =>
      Effect.gen(function* () {
        const target = `${path}/${yield* newSource}`
        assert.match(yield* one({ target, body: JSON.stringify(event()) }, true, 202), /^ratelimit-remaining: 1/imu)
        yield* one({ target, body: JSON.stringify(event()) }, true, 202)
        assert.match(yield* one({ target, body: JSON.stringify(event()) }, true, 429), /^retry-after: 30/imu)
      })
    )
  }
)
