/** Pauses over the edge: what can be paused, what a call that waits says of it, and what it is refused. */
import { maxPauses } from "@dueline/contracts/pause/Pause"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { layer as edge, Edge } from "./Edge.ts"
import { call, codeOf, made } from "./field.ts"

const pauses = "/v1/pauses"
const reason = "they are moving"
const make = (body: object, headers: Readonly<Record<string, string>> = {}) =>
  call("POST", pauses, { reason, ...body }, headers)
const resume = (id: string, body?: object) => call("POST", `${pauses}/${id}/resume`, body)

/** A call that is due long after the test. */
const submit = Effect.fnUntraced(function* (host: string, tags: ReadonlyArray<string> = []) {
  const reply = yield* call("POST", "/v1/service-calls", {
    delay: "1h",
    tags,
    request: { method: "GET", url: `https://${host}/a` }
  })
  assert.strictEqual(reply.status, 202, reply.body)
  return String(reply.json["id"])
})
const waitsFor = (id: string) =>
  Effect.map(call("GET", `/v1/service-calls/${id}`), ({ json }) => json["waitsFor"] as Record<string, unknown> | null)

layer(edge)("pauses", (it) => {
  it.effect(
    "a target is paused by its origin or host, and its calls say by whom, since when and why",
    () =>
      Effect.gen(function* () {
        const id = yield* submit("api.paused.example")
        const other = yield* submit("paused.example")
        assert.isNull(yield* waitsFor(id))
        const pause = made(yield* make({ of: "target", key: "HTTPS://API.paused.example/" }))
        assert.deepInclude(pause as object, {
          of: "target",
          key: "api.paused.example",
          status: "Active",
          releasePerSecond: null
        })
        const told = yield* waitsFor(id)
        assert.deepInclude(told, { kind: "pause", id: pause.id, reason, pausedBy: "tester" })
        assert.match(String(told?.["text"]), /^paused by tester since 1970-01-01T.*Z: they are moving$/u)
        assert.isNull(yield* waitsFor(other))
        assert.strictEqual((yield* resume(pause.id)).status, 200)
        assert.isNull(yield* waitsFor(id))
      }),
    { tags: ["ADR-0042.3"] }
  )

  it.effect("the whole tenant, a tag and a flow are paused too; a call that waits is cancelled and moved", () =>
    Effect.gen(function* () {
      const [plain, tagged] = [yield* submit("a.example"), yield* submit("a.example", ["invoice"])]
      const tag = made(yield* make({ of: "tag", key: "invoice" }))
      assert.isNull(yield* waitsFor(plain))
      assert.deepInclude(yield* waitsFor(tagged), { of: "tag", key: "invoice" })
      yield* TestClock.adjust("1 second")
      const tenant = made(yield* make({ of: "tenant" }))
      assert.deepInclude(yield* waitsFor(plain), { of: "tenant", key: null })
      assert.deepInclude(yield* waitsFor(tagged), { of: "tag" }, "the older one is told")
      const flow = made(yield* make({ of: "flow", key: "stripe" }))
      const moved = yield* call("PATCH", `/v1/service-calls/${plain}`, { delay: "2h" }, { "if-match": "*" })
      assert.strictEqual(moved.status, 200, moved.body)
      const cancelled = yield* call("POST", `/v1/service-calls/${tagged}/cancel`)
      assert.strictEqual(cancelled.json["status"], "Cancelled", cancelled.body)
      assert.isNull(yield* waitsFor(tagged))
      for (const { id } of [tag, tenant, flow]) yield* resume(id)
    })
  )

  it.effect("is resumed at a rate, again at another, and read in lists and as it was", () =>
    Effect.gen(function* () {
      const { id } = made(yield* make({ of: "tag", key: "slow" }))
      const resumed = yield* resume(id, { releasePerSecond: 5 })
      assert.deepInclude(resumed.json, { status: "Resumed", releasePerSecond: 5, resumedBy: "tester", version: 2 })
      assert.deepInclude((yield* resume(id, { releasePerSecond: 5 })).json, { version: 2 })
      assert.deepInclude((yield* resume(id)).json, { releasePerSecond: null, version: 3 })
      assert.deepInclude((yield* call("GET", `${pauses}/${id}?asOf=1`)).json, { status: "Active" })
      const listed = yield* call("GET", `${pauses}?of=tag&key=slow&status=Resumed`)
      assert.lengthOf(listed.json["items"] as ReadonlyArray<unknown>, 1)
    })
  )

  it.effect("what names nothing, or too much, is refused with what to do", () =>
    Effect.gen(function* () {
      for (const body of [
        { of: "tenant", key: "a" },
        { of: "tag" },
        { of: "tag", key: "a b" },
        { of: "target", key: "https://a.example/path" },
        { of: "target", key: "ftp://a.example" },
        { of: "queue", key: "a" },
        { of: "tag", key: "a", reason: "" }
      ])
        assert.strictEqual((yield* make(body)).status, 422, JSON.stringify(body))
      const { id } = made(yield* make({ of: "tag", key: "a" }))
      for (const body of [{ releasePerSecond: 0 }, { releasePerSecond: 10_001 }, { rate: 1 }])
        assert.strictEqual((yield* resume(id, body)).status, 422, JSON.stringify(body))
      assert.deepStrictEqual(codeOf(yield* resume("00000000-0000-7000-8000-000000000001")), [404, "pause_not_found"])
      yield* resume(id)
    })
  )

  it.effect("no more hold at a time than every process bears; a repeat of the last one is still its answer", () =>
    Effect.gen(function* () {
      const { store } = yield* Edge
      const held = store.dump().rows.filter((row) => row._tag === "PauseRow" && row.status === "Active").length
      for (let n = held; n < maxPauses - 1; n += 1) made(yield* make({ of: "tag", key: `n-${n}` }))
      const last = yield* make({ of: "tag", key: "last" }, { "idempotency-key": "last-pause" })
      assert.strictEqual(last.status, 201)
      assert.deepStrictEqual(codeOf(yield* make({ of: "tag", key: "more" })), [409, "too_many_pauses"])
      const again = yield* make({ of: "tag", key: "last" }, { "idempotency-key": "last-pause" })
      assert.deepStrictEqual([again.status, again.json["id"]], [201, last.json["id"]])
    })
  )
})
