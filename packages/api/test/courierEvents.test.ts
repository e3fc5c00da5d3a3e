/** Couriers' events over the edge: taken in when they are signed, refused alike when not, and on record either way. */
import { assert, layer } from "@effect/vitest"
import { schemePresets, type SchemePreset } from "@dueline/contracts/courierSource/SignatureScheme"
import { type CourierSourceCommand, CourierSourceId } from "@dueline/contracts/courierSource/CourierSource"
import type { EpochMillis } from "@dueline/contracts/Ids"
import { systemActor } from "@dueline/contracts/Envelope"
import { courierSecretContext, SecretVault } from "@dueline/contracts/ports/Vaults"
import { drawSecret, signRequest } from "@dueline/secrets/requestSignature"
import { Effect, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { recordsPerMinute } from "../src/intake/signatureRejections.ts"
import { Edge, layer as edge, layerLimited, secretVault, tenant } from "./Edge.ts"
import { call, codeOf, made } from "./field.ts"
import { type Reply, sendRaw } from "./send.ts"

interface Source {
  readonly id: string
  readonly secret: string
  readonly scheme: SchemePreset
}

let serial = 0
const newSource = (scheme: SchemePreset = "standard-webhooks") =>
  Effect.map(call("POST", "/ops/courier-sources", { name: `source-${(serial += 1)}`, scheme }), (reply) => ({
    ...made<{ readonly secret: string }>(reply),
    scheme
  }))

const event = (more: object = {}) => ({
  id: `evt-${(serial += 1)}`,
  type: "shipment.in_transit",
  trackingReference: "NX-0042",
  occurredAt: "2026-01-31T09:35:00Z",
  details: { signedBy: "Jo Novak" },
  ...more
})

const signed = ({ scheme, secret }: Source, body: string, at = Date.now()) =>
  signRequest(schemePresets[scheme], secret, {
    at,
    body: new Uint8Array(Buffer.from(body)),
    headers: scheme === "standard-webhooks" ? { "webhook-id": "msg-1" } : {}
  })

/** Without a token. */
const post = (
  path: string,
  body: string,
  headers: Readonly<Record<string, string>> = {}
): Effect.Effect<Reply, never, Edge> =>
  Effect.flatMap(Edge, ({ send }) =>
    send({
      method: "POST",
      path,
      headers: { authorization: "", "content-type": "application/json", ...headers },
      body
    })
  )

const report = (source: Source, body: unknown, at?: number) => {
  const text = typeof body === "string" ? body : JSON.stringify(body)
  return post(`/v1/events/courier/${source.id}`, text, signed(source, text, at))
}

const recordsOf = ({ id }: Source, status = "Rejected") =>
  Effect.map(
    call("GET", `/ops/ingestions?sourceId=${id}&status=${status}&limit=200`),
    (reply) =>
      reply.json["items"] as ReadonlyArray<{
        readonly rejection: { readonly reason: string; readonly unrecorded: number }
      }>
  )

/** Records are written after the answers. */
const eventually = <A, E, R>(look: Effect.Effect<A, E, R>, enough: (found: A) => boolean) =>
  Effect.repeat(look, { until: enough, schedule: Schedule.spaced("5 millis"), times: 400 }).pipe(Effect.andThen(look))

const alike = ({ body, headers, status }: Reply) => [
  status,
  headers["www-authenticate"],
  body.replace(/"correlationId":"[^"]+"/u, "")
]

layer(edge, { excludeTestServices: true })("courier events", (it) => {
  it.effect(
    "an event that is signed is taken in, without a token, under its source's tenant, and can be read",
    () =>
      Effect.gen(function* () {
        for (const scheme of Object.keys(schemePresets) as ReadonlyArray<SchemePreset>) {
          const source = yield* newSource(scheme)
          const sent = event()
          const text = JSON.stringify(sent)
          const ids = schemePresets[scheme].delivery
          const headers = { ...signed(source, text), ...(ids === null ? {} : { [ids]: "msg-1" }) }
          const answer = yield* post(`/v1/events/courier/${source.id}`, text, headers)
          assert.strictEqual(answer.status, 202, `${scheme}: ${answer.body}`)
          const self = `/ops/ingestions/${String(answer.json["id"])}`
          assert.strictEqual(answer.headers["location"], self)
          const read = yield* call("GET", self)
          assert.deepInclude(read.json, { status: "Received", sourceId: source.id, rejection: null })
          assert.deepInclude(read.json["event"] as object, { id: sent.id, trackingReference: "NX-0042" })
        }
      }),
    { tags: ["ADR-0030.3"] }
  )

  it.effect("the source may stand in a header, and its id in either case", () =>
    Effect.gen(function* () {
      const source = yield* newSource()
      const text = JSON.stringify(event())
      const headers = { ...signed(source, text), "x-dueline-source": source.id.toUpperCase() }
      assert.strictEqual((yield* post("/v1/events/courier", text, headers)).status, 202)
      assert.strictEqual((yield* post("/v1/events/courier", text, signed(source, text))).status, 422)
    })
  )

  it.effect(
    "the same event again is the same ingestion, also at the same time; another body under its id is refused",
    () =>
      Effect.gen(function* () {
        const source = yield* newSource()
        const sent = event()
        const replies = yield* Effect.all(
          Array.from({ length: 8 }, () => report(source, sent)),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(new Set(replies.map(({ json, status }) => `${status} ${String(json["id"])}`)).size, 1)
        const later = yield* report(source, sent, Date.now() + 1_000)
        assert.strictEqual(later.json["id"], replies[0]?.json["id"])
        assert.lengthOf(yield* recordsOf(source, "Received"), 1)
        const other = yield* report(source, { ...sent, type: "shipment.delivered" })
        assert.deepStrictEqual(codeOf(other), [409, "event_id_reused"])
      }),
    { tags: ["ADR-0030.3"] }
  )

  it.effect(
    "a wrong signature, a stale time, a missing header and a source that is not there are answered alike, with nothing taken in",
    () =>
      Effect.gen(function* () {
        const source = yield* newSource()
        const text = JSON.stringify(event())
        const { store } = yield* Edge
        const good = signed(source, text)
        const path = `/v1/events/courier/${source.id}`
        const { "webhook-id": _, ...without } = good
        const answers = yield* Effect.all([
          post(path, `${text} `, good),
          post(path, text, signed(source, text, Date.now() - 600_000)),
          post(path, text, signed(source, text, Date.now() + 3_600_000)),
          post(path, text, without),
          post(path, text, { ...good, "webhook-signature": "v1,nonsense" }),
          post(path, text),
          post("/v1/events/courier/00000000-0000-7000-8000-00000000dead", text, good),
          post("/v1/events/courier/no-id-at-all", text, good),
          post("/v1/events/courier", text, { ...good, "x-dueline-source": "nobody" })
        ])
        for (const answer of answers) assert.deepStrictEqual(alike(answer), alike(answers[0]))
        assert.deepStrictEqual(codeOf(answers[0]), [401, "signature_refused"])
        const records = yield* eventually(recordsOf(source), (found) => found.length === 6)
        assert.sameMembers(
          records.map(({ rejection }) => rejection.reason),
          [
            "signature_wrong",
            "timestamp_out_of_range",
            "timestamp_out_of_range",
            "header_missing",
            "signature_malformed",
            "header_missing"
          ]
        )
        assert.notInclude(JSON.stringify(store.dump().events), "Jo Novak")
        assert.lengthOf(yield* recordsOf(source, "Received"), 0)
      }),
    { tags: ["ADR-0030.4"] }
  )

  it.effect(
    "of what is refused so many are recorded in a minute, and no more",
    () =>
      Effect.gen(function* () {
        const source = yield* newSource()
        const refused = post(`/v1/events/courier/${source.id}`, "{}")
        for (let n = 0; n < recordsPerMinute + 10; n += 1) yield* refused
        yield* eventually(recordsOf(source), (found) => found.length >= recordsPerMinute)
        assert.lengthOf(yield* recordsOf(source), recordsPerMinute)
      }),
    { tags: ["ADR-0030.4"] }
  )

  it.effect("a header that was sent twice is refused, though it was right each time", () =>
    Effect.gen(function* () {
      const { port } = yield* Edge
      const source = yield* newSource("github")
      const text = JSON.stringify(event())
      const signature = signed(source, text)["x-hub-signature-256"] ?? ""
      const lines = [
        `POST /v1/events/courier/${source.id} HTTP/1.1`,
        "host: x",
        "connection: close",
        "content-type: application/json",
        `content-length: ${Buffer.byteLength(text)}`,
        "x-github-delivery: d-1"
      ]
      const answerTo = (signatures: ReadonlyArray<string>) =>
        sendRaw(port, [...lines, ...signatures.map((each) => `x-hub-signature-256: ${each}`), "", text].join("\r\n"))
      assert.match(yield* answerTo([signature, signature]), /^HTTP\/1\.1 401 /u)
      assert.match(yield* answerTo([signature]), /^HTTP\/1\.1 202 /u)
      const [record] = yield* eventually(recordsOf(source), (found) => found.length === 1)
      assert.strictEqual(record?.rejection.reason, "header_repeated")
    })
  )

  it.effect("what is signed and of no form that is known is told by its place, and recorded without its contents", () =>
    Effect.gen(function* () {
      const source = yield* newSource()
      const { store } = yield* Edge
      const refused = [
        [JSON.stringify({ ...event(), type: "shipment.lost" }), 422, "body.type"],
        [JSON.stringify({ ...event(), occurredAt: "yesterday" }), 422, "body.occurredAt"],
        [JSON.stringify({ ...event(), "a name of Jo Novak": 1 }), 422, "body"],
        [
          '{"id":"a","id":"b","type":"label.created","trackingReference":"T","occurredAt":"2026-01-31T09:35:00Z"}',
          422,
          "twice"
        ],
        ["not JSON", 400, "malformed_json"],
        ["", 400, "malformed_json"]
      ] as const
      for (const [text, status, told] of refused) {
        const answer = yield* report(source, text)
        assert.strictEqual(answer.status, status, answer.body)
        assert.include(answer.body, told)
        assert.notInclude(answer.body, "Jo Novak")
      }
      const records = yield* eventually(recordsOf(source), (found) => found.length === refused.length)
      assert.deepStrictEqual([...new Set(records.map(({ rejection }) => rejection.reason))], ["body_invalid"])
      assert.notInclude(JSON.stringify(store.dump()), "Jo Novak")
    })
  )

  it.effect("a body that is coded, of another type or too large is not even checked", () =>
    Effect.gen(function* () {
      const source = yield* newSource()
      const path = `/v1/events/courier/${source.id}`
      const text = JSON.stringify(event())
      const coded = yield* post(path, text, { ...signed(source, text), "content-encoding": "gzip" })
      assert.deepStrictEqual(codeOf(coded), [415, "unsupported_media_type"])
      const typed = yield* post(path, text, { ...signed(source, text), "content-type": "text/plain" })
      assert.deepStrictEqual(codeOf(typed), [415, "unsupported_media_type"])
      const large = JSON.stringify(event({ details: "x".repeat(256 * 1024) }))
      assert.strictEqual((yield* post(path, large, signed(source, large))).status, 413)
    })
  )

  it.effect("while a secret is replaced both are good, and one that has ended is not", () =>
    Effect.gen(function* () {
      const source = yield* newSource()
      const rotate = (overlap: string) =>
        Effect.map(call("POST", `/ops/courier-sources/${source.id}/secret`, { overlap }), ({ json }) => ({
          ...source,
          secret: String(json["secret"])
        }))
      const next = yield* rotate("1h")
      for (const each of [source, next]) assert.strictEqual((yield* report(each, event())).status, 202)
      const last = yield* rotate("0s")
      for (const each of [source, next]) assert.strictEqual((yield* report(each, event())).status, 401)
      assert.strictEqual((yield* report(last, event())).status, 202)
      yield* call("DELETE", `/ops/courier-sources/${source.id}`)
      assert.strictEqual((yield* report(last, event())).status, 401)
      const records = yield* eventually(recordsOf(source), (found) => found.length === 3)
      assert.include(
        records.map(({ rejection }) => rejection.reason),
        "source_disabled"
      )
    })
  )

  it.effect(
    "a source is remembered until the bus tells that it was changed elsewhere, and what is refused is refused by the store",
    () =>
      Effect.gen(function* () {
        const source = yield* newSource()
        const { bus, orchestrator, store } = yield* Edge
        const elsewhere = (commandId: string, command: CourierSourceCommand) =>
          Effect.orDie(
            orchestrator.ask({
              tenantId: tenant,
              commandId: `${commandId}:${source.id}` as never,
              correlationId: "0" as never,
              actor: systemActor("test"),
              traceparent: null,
              idempotency: null,
              expectedVersion: null,
              command
            })
          )
        const target = { courierSourceId: CourierSourceId.make(source.id), at: Date.now() as EpochMillis }
        assert.strictEqual((yield* report(source, event())).status, 202)
        const secretId = "0198c0de-0e01-7000-8000-0000000005ec"
        const next = { ...source, secret: drawSecret(schemePresets[source.scheme]) }
        const sealed = yield* Effect.provide(
          Effect.map(SecretVault, ({ seal }) =>
            seal(next.secret, courierSecretContext(tenant, target.courierSourceId, secretId))
          ),
          secretVault
        )
        yield* elsewhere("rotate", { _tag: "RotateCourierSecret", ...target, secretId, sealed, overlapMs: 3_600_000 })
        // Not what is remembered, and good for the store.
        assert.strictEqual((yield* report(next, event())).status, 202)
        yield* elsewhere("disable", { _tag: "DisableCourierSource", ...target })
        assert.strictEqual((yield* report(next, event())).status, 202)
        const told = store
          .dump()
          .outbox.find(({ streamId, topic }) => topic === "ops.courier-source.disabled" && streamId === source.id)
        if (told === undefined) return assert.fail("nothing was told")
        yield* Effect.orDie(bus.publish({ ...told, tenantId: tenant }))
        assert.deepStrictEqual(codeOf(yield* report(next, event())), [401, "signature_refused"])
      }),
    { tags: ["ADR-0030.1"] }
  )

  it.effect("what a courier sent stands nowhere in clear", () =>
    Effect.gen(function* () {
      const source = yield* newSource()
      const { store } = yield* Edge
      const answer = yield* report(source, event({ details: { signedBy: "Ada Unheard-Of" } }))
      assert.strictEqual(answer.status, 202)
      assert.notInclude(JSON.stringify(store.dump()), "Ada Unheard-Of")
      const read = yield* call("GET", `/ops/ingestions/${String(answer.json["id"])}`)
      assert.notInclude(read.body, "Ada Unheard-Of")
    })
  )
})

layer(edge)("courier events, while time passes", (it) => {
  it.effect(
    "a secret that was replaced is good until its time, and not after it",
    () =>
      Effect.gen(function* () {
        const source = yield* newSource("aftership")
        yield* call("POST", `/ops/courier-sources/${source.id}/secret`, { overlap: "1m" })
        yield* TestClock.adjust("59 seconds")
        const occurredAt = "1970-01-01T00:00:00Z"
        assert.strictEqual((yield* report(source, event({ occurredAt }))).status, 202)
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* report(source, event({ occurredAt }))).status, 401)
      }),
    { tags: ["ADR-0030.1"] }
  )
})

layer(layerLimited({ courier: 2 }), { excludeTestServices: true })("courier events with a limit", (it) => {
  it.effect(
    "signed events count for their tenant, unsigned ones for nobody, and one too many is refused with the time to wait",
    () =>
      Effect.gen(function* () {
        const source = yield* newSource()
        for (let n = 0; n < 3; n += 1) {
          assert.strictEqual((yield* post(`/v1/events/courier/${source.id}`, JSON.stringify(event()))).status, 401)
        }
        const first = yield* report(source, event())
        assert.deepStrictEqual([first.status, first.headers["ratelimit-policy"]], [202, '"courier";q=2;w=60'])
        assert.strictEqual((yield* report(source, event())).status, 202)
        const refused = yield* report(source, event())
        assert.deepStrictEqual(codeOf(refused), [429, "rate_limited"])
        assert.strictEqual(refused.headers["retry-after"], "30")
      }),
    { tags: ["ADR-0020.1", "ADR-0020.2"] }
  )
})
