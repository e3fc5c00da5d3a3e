import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Edge, later, layer as edge, layerLimited } from "./Edge.ts"
import type { Reply } from "./send.ts"

interface Item {
  readonly status: number
  readonly call?: { readonly id: string; readonly version: number }
  readonly correlationId?: string
  readonly replayed?: boolean
  readonly problem?: {
    readonly code: string
    readonly correlationId: string
    readonly errors?: ReadonlyArray<{ readonly path: string }>
  }
}

const itemsOf = (reply: Reply): ReadonlyArray<Item> => reply.json["items"] as ReadonlyArray<Item>

const submitBatch = (items: ReadonlyArray<unknown>, headers: Readonly<Record<string, string>> = {}) =>
  Effect.flatMap(Edge, ({ send }) =>
    send({
      method: "POST",
      path: "/v1/service-calls/batch",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ items })
    })
  )

const many = (count: number): ReadonlyArray<unknown> => Array.from({ length: count }, () => later)

const stored = Effect.map(Edge, ({ store }) => store.dump().events.length)

const inside = { delay: "1h", request: { method: "GET", url: "http://127.0.0.1/" } }

layer(edge, { excludeTestServices: true })("a batch of submissions", (it) => {
  it.effect(
    "is answered item by item, in order, and one that is refused holds up none of the others",
    () =>
      Effect.gen(function* () {
        const { send } = yield* Edge
        const broken = { delay: "1h", request: { method: "TRACE", url: "https://example.com/" } }
        const before = yield* stored
        const reply = yield* submitBatch([later, broken, inside, { ...later, dueAt: "2030-01-01T00:00:00Z" }, later])
        assert.strictEqual(reply.status, 200, reply.body)
        const items = itemsOf(reply)
        assert.deepStrictEqual(
          items.map(({ problem, status }) => [status, problem?.code, problem?.errors?.[0]?.path]),
          [
            [202, undefined, undefined],
            [422, "invalid_request", "body.items.1.request.method"],
            [422, "request_refused", "body.items.2.request.url"],
            [422, "invalid_request", "body.items.3.delay"],
            [202, undefined, undefined]
          ]
        )
        assert.strictEqual(yield* stored, before + 2)
        for (const { call } of items) {
          if (call === undefined) continue
          const detail = yield* send({ method: "GET", path: `/v1/service-calls/${call.id}` })
          assert.deepInclude(detail.json, { status: "Scheduled", version: 1 })
        }
      }),
    { tags: ["ADR-0022.1"] }
  )

  it.effect(
    "knows the keys of single submissions and the other way round, and those of its own items",
    () =>
      Effect.gen(function* () {
        const { submit } = yield* Edge
        const alone = yield* submit(later, { "idempotency-key": "alone" })
        const key = (idempotencyKey: string, more = {}) => ({ ...later, idempotencyKey, ...more })
        const first = itemsOf(
          yield* submitBatch([
            key("alone"),
            key("new"),
            key("new"),
            key("alone", { delay: "2h" }),
            key("new", { tags: ["other"] })
          ])
        )
        assert.deepStrictEqual(
          first.map(({ problem, replayed, status }) => [status, replayed, problem?.code]),
          [
            [202, true, undefined],
            [202, false, undefined],
            [202, true, undefined],
            [422, undefined, "idempotency_key_reused"],
            [422, undefined, "idempotency_key_reused"]
          ]
        )
        assert.deepStrictEqual(first[0]?.call, alone.json as unknown as Item["call"])
        assert.deepStrictEqual(first[1]?.call, first[2]?.call)
        const again = yield* submit(later, { "idempotency-key": "new" })
        assert.strictEqual(again.headers["x-idempotent-replayed"], "true")
        assert.strictEqual(again.json["id"], first[1]?.call?.id)
        const events = yield* stored
        assert.deepStrictEqual(
          itemsOf(yield* submitBatch([key("alone"), key("new")])).map(({ replayed }) => replayed),
          [true, true]
        )
        assert.strictEqual(yield* stored, events)
      }),
    { tags: ["ADR-0022.2"] }
  )

  it.effect("has 1 to 100 items and no key of its own; otherwise nothing of it is stored", () =>
    Effect.gen(function* () {
      const before = yield* stored
      for (const reply of [
        yield* submitBatch([]),
        yield* submitBatch(many(101)),
        yield* submitBatch(many(2), { "idempotency-key": "for-all" })
      ]) {
        assert.strictEqual(reply.status, 422, reply.body)
        assert.strictEqual(reply.json["code"], "invalid_request")
      }
      assert.strictEqual(yield* stored, before)
      assert.strictEqual(itemsOf(yield* submitBatch(many(100))).length, 100)
      assert.strictEqual(yield* stored, before + 100)
    })
  )

  it.effect("gives each call a correlation of its own, unless the item or else the request names one", () =>
    Effect.gen(function* () {
      const correlations = (reply: Reply) => itemsOf(reply).map(({ correlationId }) => correlationId)
      const own = correlations(yield* submitBatch([later, later, { ...later, correlationId: "mine" }]))
      assert.strictEqual(new Set(own).size, 3)
      assert.strictEqual(own[2], "mine")
      const named = yield* submitBatch([later, { ...later, correlationId: "mine" }], { "x-correlation-id": "ours" })
      assert.deepStrictEqual(correlations(named), ["ours", "mine"])
      const { send } = yield* Edge
      const detail = yield* send({ method: "GET", path: `/v1/service-calls/${itemsOf(named)[0]?.call?.id}` })
      assert.strictEqual(detail.json["correlationId"], "ours")
    })
  )
})

layer(edge, { excludeTestServices: true })("an item that meets a defect", (it) => {
  it.effect(
    "is answered as such, with the correlation that the log has, and the others are accepted",
    () =>
      Effect.gen(function* () {
        const poison = { delay: "1h", request: { method: "GET", url: "https://defect.example.com/" } }
        const before = yield* stored
        const reply = yield* submitBatch([later, poison, later], { "x-correlation-id": "batch7" })
        assert.strictEqual(reply.status, 200, reply.body)
        const items = itemsOf(reply)
        assert.deepStrictEqual(
          items.map(({ status }) => status),
          [202, 500, 202]
        )
        assert.deepInclude(items[1]?.problem, { code: "internal", correlationId: "batch7" })
        assert.notInclude(reply.body, "asked for")
        assert.strictEqual(yield* stored, before + 2)
      }),
    { tags: ["ADR-0022.1"] }
  )
})

layer(layerLimited({ calls: 10 }), { excludeTestServices: true })("a batch under a rate limit", (it) => {
  it.effect(
    "counts as many changes as it has items, and is taken whole or not at all",
    () =>
      Effect.gen(function* () {
        const whole = yield* submitBatch(many(7))
        assert.strictEqual(whole.headers["ratelimit-remaining"], "3")
        const events = yield* stored
        const refused = yield* submitBatch(many(4))
        assert.strictEqual(refused.status, 429)
        assert.strictEqual(refused.json["code"], "rate_limited")
        assert.isDefined(refused.headers["retry-after"])
        const tooLarge = yield* submitBatch(many(11))
        assert.strictEqual(tooLarge.status, 429)
        assert.include(String(tooLarge.json["detail"]), "fewer at once")
        assert.isUndefined(tooLarge.headers["retry-after"], "who waits for it would wait for ever")
        assert.strictEqual(yield* stored, events)
        assert.strictEqual((yield* submitBatch(many(1))).status, 200)
      }),
    { tags: ["ADR-0022.3"] }
  )
})
