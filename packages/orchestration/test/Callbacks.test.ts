/** The end of a call is told to whom its submission names: by one call for each end, whatever fails at any step. */
import { assert, describe, it } from "@effect/vitest"
import type { WorkerId } from "@dueline/contracts/Ids"
import type { CallbackOn } from "@dueline/contracts/serviceCall/Spec"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import { propertyRunsTimes } from "@dueline/port-contracts/propertyRuns"
import { Effect, Schema } from "effect"
import * as Call from "./ServiceCallSample.ts"
import { makeWorld } from "./SubscriptionWorld.ts"

const { callId } = Call

const Fates = Schema.Array(Schema.Literals(["happens", "happens", "fails", "is not heard of", "dies"])).check(
  Schema.isMaxLength(6)
)
/** How a call ends; one that failed may be run again. */
const Ends = Schema.Array(
  Schema.Struct({ end: Schema.Literals(["fails", "cancelled", "succeeds"]), fates: Fates })
).check(Schema.isMaxLength(4))

const world = Effect.fnUntraced(function* (on: CallbackOn) {
  const here = yield* makeWorld({ topics: ["ops.bin.created"] })
  const spec = { ...Call.spec(), onEnd: { url: "https://example.com/ended", on } }
  yield* here.tell(Call.submit({ spec, dueAt: Call.t0, sealed: "request" }))
  const rows = () => here.store.dump().rows.filter((row): row is ServiceCallRow => row._tag === "ServiceCallRow")
  const row = () => rows().find((each) => each.callId === callId) ?? assert.fail("there is no call")
  const callbacks = () => rows().filter(({ tags }) => tags.includes(`callback-of:${callId}`))
  const end = Effect.fnUntraced(function* (how: "fails" | "cancelled" | "succeeds") {
    const at = Call.ms(here.now())
    if (row().status === "Failed") yield* here.tell({ _tag: "RerunServiceCall", callId, at })
    if (how === "cancelled") return yield* here.tell({ _tag: "CancelServiceCall", callId, at })
    yield* here.tell({ _tag: "DueTimeReached", callId, at, revision: row().revision, worker: "w" as WorkerId })
    const { epoch } = row()
    return yield* here.tell(
      how === "fails" ? Call.failure({ callId, epoch, at, retryable: false }) : Call.success({ callId, epoch, at })
    )
  })
  const sealed = () => here.store.dump().sealed[`${row().tenantId}/${callId}`]
  const looks = (times: number) => Effect.repeat(Effect.andThen(here.look, here.pass(1_000)), { times: times - 1 })
  return { ...here, callbacks, end, looks, row, sealed }
})

describe("a callback", () => {
  it.effect.prop(
    "is one call for each end, whatever fails at any step; then nothing is kept of whom it was told",
    [Ends],
    ([ends]) =>
      Effect.gen(function* () {
        const here = yield* world("ended")
        let told = 0
        for (const { end, fates } of ends) {
          if (here.row().status === "Succeeded" || here.row().status === "Cancelled") break
          yield* here.end(end)
          told += 1
          here.fates.push(...fates)
          yield* here.looks(2)
        }
        here.fates.splice(0)
        yield* here.looks(3)
        assert.lengthOf(here.callbacks(), told)
        const settled = here.store.dump().events.filter(({ event }) => event.type === "CallbackSettled")
        assert.lengthOf(settled, told)
        const isOver = here.row().status === "Succeeded" || here.row().status === "Cancelled"
        assert.strictEqual(here.sealed(), isOver ? undefined : "request")
      }),
    { arbitrary: propertyRunsTimes(0.2), tags: ["ADR-0043.6"] }
  )

  it.effect("goes where the submission says, in the flow it names, with its headers and what became of the call", () =>
    Effect.gen(function* () {
      const here = yield* world("ended")
      yield* here.end("succeeds")
      yield* here.looks(1)
      const [callback] = here.callbacks()
      assert.deepStrictEqual(callback?.flow, { key: "ends" })
      assert.deepInclude(callback?.request, { method: "POST", url: "https://example.com/request" })
      assert.deepInclude(callback?.request.headers, { "x-of": "caller", "content-type": "application/json" })
      const body = JSON.parse(callback?.request.bodySnippet ?? "") as { type: string; data: object }
      assert.strictEqual(body.type, "ops.service-call.succeeded")
      assert.deepInclude(body.data, { callId, status: "Succeeded" })
    })
  )

  it.effect("on failure alone is not made of other ends", () =>
    Effect.gen(function* () {
      const here = yield* world("failed")
      yield* here.end("fails")
      yield* here.end("succeeds")
      yield* here.looks(3)
      assert.lengthOf(here.callbacks(), 1)
      assert.isUndefined(here.sealed())
    })
  )
})
