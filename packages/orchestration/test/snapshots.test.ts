/** What an aggregate's age costs the next command: nothing that grows. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { aggregates } from "../src/aggregates.ts"
import type { Aggregate, Command as Asked, Tagged } from "../src/engine/Aggregate.ts"
import { decideBatch, requestOf } from "../src/engine/decideBatch.ts"
import { type CachedStream, restorer, snapshotCodec, snapshotEvery } from "../src/engine/storedForms.ts"
import { FaultyStore } from "./FaultyStore.ts"
import * as Field from "./FieldSample.ts"
import { lives } from "./kindSamples.ts"
import { askAll, askOne, said, writersOn } from "./WritersUnderTest.ts"

const { envelope } = Field

/** Grows the aggregate in commits of up to `size` events, as a writer would, and ends at this version. */
const grow = Effect.fnUntraced(function* (
  store: FaultyStore,
  category: keyof typeof lives,
  versions: number,
  size: number
) {
  const aggregate = aggregates[category] as unknown as Aggregate<Asked, unknown, Tagged, unknown, unknown>
  const [first, next] = lives[category]
  const snapshots = snapshotCodec(aggregate)
  const { persistence } = store.memory
  let memory: CachedStream<unknown, Tagged> | undefined
  for (let n = 1; (memory?.version ?? 0) < versions; ) {
    const many = Math.min(size, versions - (memory?.version ?? 0))
    const batch = Array.from({ length: many }, () => envelope(n++ === 1 ? first : next(n)))
    const [one] = batch
    const key = `${one?.tenantId}/${aggregate.streamOf(first)}`
    const streams = new Map(memory === undefined ? [] : [[key, memory]])
    const requests = batch.map((asked) => requestOf(aggregate.streamOf, asked))
    const decided = decideBatch(aggregate, requests, { cached: [], streams, receipts: new Map() }, 1_000, snapshots.due)
    yield* persistence.commit(decided.commits.map((commit) => ({ ...commit, requires: [] })))
    memory = decided.streams.get(key)?.current
  }
  return memory
})

const load = (store: FaultyStore, category: keyof typeof lives, snapshotForm: number | null) => {
  const aggregate = aggregates[category] as unknown as Aggregate<Asked, unknown, Tagged, unknown, unknown>
  const [first] = lives[category]
  const streamId = aggregate.streamOf(first)
  const { tenantId } = Field
  return Effect.map(
    store.memory.persistence.load([{ tenantId, streamId, receiptKey: null, wantEvents: true, snapshotForm }]),
    ([slice]) => {
      if (slice === undefined) throw new Error("an answer for every request")
      return { slice, ...restorer(aggregate)(slice) }
    }
  )
}

describe("a snapshot", () => {
  for (const category of Object.keys(lives) as ReadonlyArray<keyof typeof lives>) {
    it.effect(
      `of a ${category} is written at every ${snapshotEvery} versions, and stands for all that came before`,
      () =>
        Effect.gen(function* () {
          for (const version of [127, 128, 129, 255, 256, 384, 500]) {
            const store = new FaultyStore()
            const memory = yield* grow(store, category, version, 1)
            const { slice, ...restored } = yield* load(store, category, aggregates[category].snapshot.form)
            const last = version - (version % snapshotEvery)
            assert.strictEqual(slice.snapshot?.version ?? 0, last)
            assert.lengthOf(slice.events, version - last)
            assert.deepStrictEqual(restored, memory)
            const { slice: whole, ...again } = yield* load(store, category, null)
            assert.lengthOf(whole.events, version)
            assert.deepStrictEqual(again, memory)
          }
        })
    )

    it.effect(
      `keeps a command to a ${category} of 1,000 versions from reading more than ${snapshotEvery} events`,
      () =>
        Effect.gen(function* () {
          for (const size of [1, 7, 256]) {
            const store = new FaultyStore()
            yield* grow(store, category, 1_000, size)
            yield* askAll(
              yield* writersOn(store),
              category === "order" ? [envelope(Field.register()), envelope(Field.createBin())] : []
            )
            const [, next, accepted] = lives[category]
            const told = yield* askOne(yield* writersOn(store), envelope(next(77_777)))
            assert.strictEqual(said(told), `${accepted} 1001`)
            assert.isBelow(store.eventsRead, snapshotEvery)
          }
        }),
      { tags: ["ADR-0018.1"] }
    )
  }

  it.effect(
    "keeps the next command from reading more after 100,000 versions than after 1,000",
    () =>
      Effect.gen(function* () {
        const store = new FaultyStore()
        yield* grow(store, "bin", 100_000, 100)
        const told = yield* askOne(yield* writersOn(store), envelope(Field.updateCapacity(899, { at: later })))
        assert.strictEqual(said(told), "BinAccepted 100001")
        assert.isBelow(store.eventsRead, snapshotEvery)
        assert.strictEqual(store.loads, 1)
      }),
    { tags: ["ADR-0018.1"] }
  )

  it.effect("lets a fresh writer recognise the command that it has just carried out", () =>
    Effect.gen(function* () {
      const store = new FaultyStore()
      yield* grow(store, "customer", 127, 1)
      const request = envelope(Field.updateCustomer({ sealed: "key.last" }))
      assert.strictEqual(said(yield* askOne(yield* writersOn(store), request)), "CustomerAccepted 128")
      const again = yield* writersOn(store)
      store.eventsRead = 0
      assert.strictEqual(said(yield* askOne(again, request)), "CustomerAccepted 128")
      assert.strictEqual(store.eventsRead, 0, "all of it stands in the snapshot")
    })
  )
})

const later = Field.ms(Field.t0 + 10)
