/** What the writer remembers saves queries, and is never the last word. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { FaultyStore } from "./FaultyStore.ts"
import * as Call from "./ServiceCallSample.ts"
import { ask, one, writerOn } from "./WriterUnderTest.ts"

const { envelope } = Call

describe("what is remembered", () => {
  it.effect("is looked up before it is said, and costs those who come later nothing", () =>
    Effect.gen(function* () {
      const store = new FaultyStore()
      const writer = yield* writerOn(store)
      yield* ask(writer, envelope(Call.submit(), { key: "k0" }))
      assert.strictEqual(yield* ask(writer, envelope(Call.reschedule({ dueAt: Call.dueAt }))), "Rescheduled 1")
      assert.strictEqual(store.loads, 1)
      for (const n of [2, 3]) yield* ask(writer, envelope(Call.submit({ callId: Call.call(n) }), { key: `k${n}` }))
      assert.strictEqual(store.loads, 1, "a newcomer with a key is still taken to be the first under it")
    })
  )

  it.effect("is not taken for new because it had to be looked up", () =>
    Effect.gen(function* () {
      const store = new FaultyStore()
      const writer = yield* writerOn(store)
      yield* ask(writer, one().submit)
      store.commitFaults.push("dies")
      assert.strictEqual(yield* ask(writer, one().submit), "Submitted 1")
      assert.lengthOf(store.commitFaults, 1, "nothing was there to be committed")
    })
  )

  it.effect("is doubted for a while after a commit that failed: newcomers with keys are looked up first", () =>
    Effect.gen(function* () {
      const store = new FaultyStore()
      const writer = yield* writerOn(store)
      store.commitFaults.push("conflict")
      yield* ask(writer, envelope(Call.submit(), { key: "k1" }))
      const loads = store.loads
      yield* ask(writer, envelope(Call.submit({ callId: Call.call(2) }), { key: "k2" }))
      assert.strictEqual(store.loads, loads + 1)
    })
  )
})
