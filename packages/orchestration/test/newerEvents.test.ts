/** What a program does with an event that a newer one wrote and it cannot read, as happens while processes are replaced one by one. */
import type { Persistence } from "@dueline/contracts/ports/Persistence"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { FaultyStore } from "./FaultyStore.ts"
import * as Call from "./ServiceCallSample.ts"
import { askAll, writerOn } from "./WriterUnderTest.ts"

const calls = [1, 2, 3, 4].map(Call.call)
const cancels = calls.map((callId) => Call.envelope(Call.cancel({ callId })))

/** As `store`, but one stream has an event of a kind that is not known here. */
const withNewerEvent = (store: FaultyStore, stream: string): FaultyStore => {
  const newer = new FaultyStore(store.memory)
  const { load } = newer.persistence
  const persistence: Persistence["Service"] = {
    ...newer.persistence,
    load: (requests) =>
      Effect.map(load(requests), (slices) =>
        slices.map((slice, at) =>
          requests[at]?.streamId === stream
            ? { ...slice, events: slice.events.map((event) => ({ ...event, payload: { _tag: "OfANewerRelease" } })) }
            : slice
        )
      )
  }
  return Object.assign(newer, { persistence })
}

it.effect(
  "a stream with an event of a newer release is not decided on, all others of the batch are, and a program that can read it goes on",
  () =>
    Effect.gen(function* () {
      const store = new FaultyStore()
      yield* askAll(
        yield* writerOn(store),
        calls.map((callId) => Call.envelope(Call.submit({ callId })))
      )
      const older = yield* writerOn(withNewerEvent(store, Call.call(2)))
      assert.deepStrictEqual(yield* askAll(older, cancels), ["Cancelled 2", "defect", "Cancelled 2", "Cancelled 2"])
      const newer = yield* writerOn(new FaultyStore(store.memory))
      assert.deepStrictEqual(yield* askAll(newer, cancels.slice(1, 2)), ["Cancelled 2"])
    }),
  { tags: ["ADR-0025.7"] }
)
