/** Calls of flows over the edge: what is taken in, and what one that waits says. */
import type { EpochMillis } from "@dueline/contracts/Ids"
import * as Sample from "@dueline/port-contracts/Sample"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Edge, layer as edge, tenant } from "./Edge.ts"
import { call, made } from "./field.ts"

const request = { method: "GET", url: "https://example.com/a" }
const submit = (flow: object) => call("POST", "/v1/service-calls", { flow, request })

layer(edge)("calls of flows", (it) => {
  it.effect(
    "one that is due and has no place says which flow it waits for and how many are under way",
    () =>
      Effect.gen(function* () {
        const { store } = yield* Edge
        const flow = { key: "stripe", concurrency: 1, ratePerSecond: 2 }
        const due = { flow, createdAt: 0 as EpochMillis, ...Sample.due(0) }
        const running = Sample.target(tenant)
        yield* Effect.orDie(
          store.persistence.commit([
            Sample.commit(running, { row: { ...due, ...Sample.running(Sample.workerId(), 1, 10) } })
          ])
        )
        const waiting = yield* submit(flow)
        assert.strictEqual(waiting.status, 202, waiting.body)
        const { json } = yield* call("GET", `/v1/service-calls/${String(waiting.json["id"])}`)
        assert.deepInclude(json, { flow })
        assert.deepInclude(json["waitsFor"] as object, {
          kind: "flow",
          running: 1,
          waiting: 1,
          text: "waits for flow stripe: 1 of 1, 2 a second"
        })
        const free = yield* submit({ key: "stripe" })
        const { json: unbound } = yield* call("GET", `/v1/service-calls/${String(free.json["id"])}`)
        assert.isNull(unbound["waitsFor"])
      }),
    { tags: ["ADR-0042.5"] }
  )

  it.effect("a flow without a key, or with bounds beyond what there is, is refused", () =>
    Effect.gen(function* () {
      for (const flow of [
        {},
        { key: "a b" },
        { key: "a", concurrency: 0 },
        { key: "a", ratePerSecond: 1_001 },
        { key: "a", rate: 1 }
      ])
        assert.strictEqual((yield* submit(flow)).status, 422, JSON.stringify(flow))
    })
  )

  it.effect("a flow is defined under its key, again with other bounds, shown with what is under way, and removed", () =>
    Effect.gen(function* () {
      const define = (body: object) => call("POST", "/v1/flows", { key: "defined", ...body })
      const first = made<{ readonly concurrency: number }>(yield* define({ concurrency: 1 }))
      const again = made(yield* define({ concurrency: 2 }))
      assert.deepStrictEqual([again.id, again.version], [first.id, 2])
      const { store } = yield* Edge
      const running = Sample.target(tenant)
      const flow = { key: "defined" }
      const due = { flow, createdAt: 0 as EpochMillis, ...Sample.due(0) }
      yield* Effect.orDie(
        store.persistence.commit([
          Sample.commit(running, { row: { ...due, ...Sample.running(Sample.workerId(), 1, 10) } })
        ])
      )
      const waiting = yield* submit(flow)
      const { json: detail } = yield* call("GET", `/v1/service-calls/${String(waiting.json["id"])}`)
      assert.deepInclude(detail["waitsFor"] as object, { text: "waits for flow defined: 1 of 2" })
      const shown = yield* call("GET", `/v1/flows/${first.id}`)
      assert.deepInclude(shown.json, { concurrency: 2, text: "running 1 of 2, waiting 1" })
      const listed = yield* call("GET", "/v1/flows?key=defined")
      assert.deepInclude((listed.json["items"] as ReadonlyArray<object>)[0], { running: 1, waiting: 1 })
      const removed = yield* call("DELETE", `/v1/flows/${first.id}`)
      assert.deepInclude(removed.json, { status: "Removed", version: 3 })
      const { json: unbound } = yield* call("GET", `/v1/service-calls/${String(waiting.json["id"])}`)
      assert.isNull(unbound["waitsFor"])
      assert.strictEqual((yield* define({ concurrency: 0 })).status, 422)
    })
  )
})
