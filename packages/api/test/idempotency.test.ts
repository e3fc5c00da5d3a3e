import { derivedCallId } from "@dueline/identity/derivedId"
import { IdempotencyKey } from "@dueline/contracts/Ids"
import { assert, layer, type Vitest } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { canonicalJson } from "../src/resources/asking.ts"
import { Edge, later, layer as edge, layerReplaying, tenant } from "./Edge.ts"
import type { Reply } from "./send.ts"

const own = new Set(["date", "x-correlation-id", "x-idempotent-replayed", "keep-alive", "connection"])
const lasting = (reply: Reply) => Object.fromEntries(Object.entries(reply.headers).filter(([name]) => !own.has(name)))

/** Status, body and headers of a repeat are those of the first answer, to the byte. */
const isReplayOf = (repeat: Reply, first: Reply) => {
  assert.strictEqual(repeat.status, first.status)
  assert.strictEqual(repeat.body, first.body)
  assert.deepStrictEqual(lasting(repeat), lasting(first))
  assert.strictEqual(repeat.headers["x-idempotent-replayed"], "true")
  assert.isUndefined(first.headers["x-idempotent-replayed"])
}

const sentences = (it: Vitest.MethodsNonLive<Edge>) => {
  it.effect(
    "a repeated submission is answered with the same bytes and makes no second call",
    () =>
      Effect.gen(function* () {
        const { store, submit } = yield* Edge
        const first = yield* submit(later, { "idempotency-key": "twice" })
        const events = store.dump().events.length
        const repeat = yield* submit(later, { "idempotency-key": "twice" })
        assert.strictEqual(first.status, 202)
        isReplayOf(repeat, first)
        assert.strictEqual(store.dump().events.length, events)
        assert.strictEqual(first.json["id"], derivedCallId(tenant, IdempotencyKey.make("twice")))
      }),
    { tags: ["ADR-0006.1"] }
  )

  it.effect(
    "a repeat is answered as the first time also after the call has changed",
    () =>
      Effect.gen(function* () {
        const { send, submit } = yield* Edge
        const first = yield* submit(later, { "idempotency-key": "changed" })
        yield* send({ method: "POST", path: `${first.headers["location"]}/cancel` })
        isReplayOf(yield* submit(later, { "idempotency-key": "changed" }), first)
      }),
    { tags: ["ADR-0006.1"] }
  )

  it.effect(
    "the order of names in the body does not make another request",
    () =>
      Effect.gen(function* () {
        const { submit } = yield* Edge
        const first = yield* submit(
          { request: later.request, delay: "1h", tags: ["a"] },
          { "idempotency-key": "order" }
        )
        const repeat = yield* submit(
          { tags: ["a"], delay: "1h", request: { ...later.request } },
          { "idempotency-key": "order" }
        )
        isReplayOf(repeat, first)
      }),
    { tags: ["ADR-0006.1"] }
  )

  it.effect(
    "the same key with another body is refused and changes nothing",
    () =>
      Effect.gen(function* () {
        const { store, submit } = yield* Edge
        yield* submit(later, { "idempotency-key": "reused" })
        const before = store.dump()
        const reply = yield* submit({ ...later, delay: "2h" }, { "idempotency-key": "reused" })
        assert.strictEqual(reply.status, 422)
        assert.strictEqual(reply.json["code"], "idempotency_key_reused")
        assert.deepStrictEqual(store.dump(), before)
      }),
    { tags: ["ADR-0006.2", "ADR-0007.1"] }
  )

  it.effect(
    "the same key for another operation is refused and changes nothing",
    () =>
      Effect.gen(function* () {
        const { send, store, submit } = yield* Edge
        const call = yield* submit(later, { "idempotency-key": "operation" })
        const before = store.dump()
        const reply = yield* send({
          method: "POST",
          path: `${call.headers["location"]}/cancel`,
          headers: { "idempotency-key": "operation" }
        })
        assert.strictEqual(reply.json["code"], "idempotency_key_reused", reply.body)
        assert.deepStrictEqual(store.dump(), before)
      }),
    { tags: ["ADR-0006.2"] }
  )

  it.effect(
    "twins that arrive together make one call",
    () =>
      Effect.gen(function* () {
        const { store, submit } = yield* Edge
        const before = store.dump().rows.length
        const replies = yield* Effect.all(
          Array.from({ length: 10 }, () => submit(later, { "idempotency-key": "twins" })),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(new Set(replies.map(({ body }) => body)).size, 1)
        assert.strictEqual(replies.filter(({ headers }) => headers["x-idempotent-replayed"] === undefined).length, 1)
        assert.strictEqual(store.dump().rows.length, before + 1)
      }),
    { tags: ["ADR-0006.4"] }
  )

  it.effect(
    "a repeated cancellation and a repeated move are answered as the first time",
    () =>
      Effect.gen(function* () {
        const { send, submit } = yield* Edge
        const call = yield* submit(later)
        const path = call.headers["location"] ?? ""
        const move = send({
          method: "PATCH",
          path,
          headers: {
            "content-type": "application/json",
            "if-match": call.headers["etag"] ?? "",
            "idempotency-key": "move"
          },
          body: JSON.stringify({ delay: "2h" })
        })
        const moved = yield* move
        assert.strictEqual(moved.status, 200, moved.body)
        isReplayOf(yield* move, moved)
        const cancel = send({ method: "POST", path: `${path}/cancel`, headers: { "idempotency-key": "cancel" } })
        const cancelled = yield* cancel
        assert.strictEqual(cancelled.status, 200, cancelled.body)
        isReplayOf(yield* cancel, cancelled)
      }),
    { tags: ["ADR-0006.1"] }
  )

  it.effect.prop(
    "canonical JSON means the same and does not depend on the order of names",
    { value: Schema.Json },
    ({ value }) =>
      Effect.sync(() => {
        const shuffled = (part: Schema.Json): Schema.Json =>
          Array.isArray(part)
            ? part.map(shuffled)
            : typeof part === "object" && part !== null
              ? Object.fromEntries(
                  Object.entries(part)
                    .toReversed()
                    .map(([name, member]) => [name, shuffled(member)])
                )
              : part
        const text = canonicalJson(value)
        assert.strictEqual(canonicalJson(shuffled(value)), text)
        assert.deepStrictEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)))
      })
  )
}

layer(edge, { excludeTestServices: true })("idempotency keys", sentences)
layer(layerReplaying, { excludeTestServices: true })("idempotency keys, with repeats from a cache", sentences)
