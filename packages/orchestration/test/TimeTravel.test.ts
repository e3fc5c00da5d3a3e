/** Corners of the past: streams longer than a page, clocks that step back, pages of a timeline. */
import type { Envelope } from "@dueline/contracts/Envelope"
import type { BinCommand } from "@dueline/contracts/bin/Bin"
import * as MemoryStore from "@dueline/port-contracts/memory/MemoryStore"
import { type AsOf, TimeTravel } from "@dueline/contracts/ports/History"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Bin } from "../src/aggregates/Bin.ts"
import * as TimeTravelLayer from "../src/TimeTravel.ts"
import { AggregateUnderTest } from "./AggregateUnderTest.ts"
import { binId, createBin, envelope, updateCapacity } from "./FieldSample.ts"
import { ms, streamOf, t0, tenantId } from "./ServiceCallSample.ts"

const streamId = streamOf(binId as string as Parameters<typeof streamOf>[0])

/** A bin whose capacity was changed at each of these moments, to 1, 2, 3 litres and so on. */
const binChangedAt = Effect.fnUntraced(function* (moments: ReadonlyArray<number>) {
  const store = MemoryStore.make()
  const on = new AggregateUnderTest(Bin, envelope as (command: BinCommand) => Envelope<BinCommand>)
  const changes = moments.map((at, i) => updateCapacity(i + 1, { at: ms(at) }))
  for (const command of [createBin(), ...changes]) {
    const { commit } = on.ask(command)
    if (commit !== null) yield* store.persistence.commit([{ ...commit, requires: [], snapshot: null }])
  }
  return yield* Effect.provide(TimeTravel, TimeTravelLayer.layer.pipe(Layer.provide(MemoryStore.layerOf(store))))
})

const capacity = (travel: TimeTravel["Service"], asOf: AsOf) =>
  Effect.map(travel.at({ tenantId, category: "bin", streamId, asOf }), (row) =>
    row?._tag === "BinRow" ? [row.version, row.capacityLitres] : null
  )

it.effect("a stream of many pages is folded to any version and any instant of it", () =>
  Effect.gen(function* () {
    const changes = 1_050
    const travel = yield* binChangedAt(Array.from({ length: changes }, (_, i) => t0 + i + 1))
    for (const n of [1, 998, 999, 1_000, 1_001, changes]) {
      assert.deepStrictEqual(yield* capacity(travel, { _tag: "Version", version: n + 1 }), [n + 1, n])
      assert.deepStrictEqual(yield* capacity(travel, { _tag: "Instant", at: t0 + n }), [n + 1, n])
    }
    assert.deepStrictEqual(yield* capacity(travel, { _tag: "Instant", at: t0 + 9_999 }), [changes + 1, changes])
    assert.isNull(yield* capacity(travel, { _tag: "Version", version: changes + 2 }))
  })
)

it.effect("when clocks differ, an instant is the last event that was recorded no later, with all before it", () =>
  Effect.gen(function* () {
    const travel = yield* binChangedAt([t0 + 10, t0 + 30, t0 + 20, t0 + 40])
    const at = (after: number) => capacity(travel, { _tag: "Instant", at: t0 + after })
    assert.deepStrictEqual(yield* at(10), [2, 1])
    assert.deepStrictEqual(yield* at(20), [4, 3])
    assert.deepStrictEqual(yield* at(39), [4, 3])
    assert.deepStrictEqual(yield* at(40), [5, 4])
    assert.isNull(yield* at(-1))
  })
)

it.effect("a timeline has a next page exactly when there is more", () =>
  Effect.gen(function* () {
    const travel = yield* binChangedAt([t0 + 10, t0 + 20])
    const { correlationId } = envelope(createBin())
    const page = (limit: number, after: Parameters<typeof travel.timeline>[0]["after"] = null) =>
      travel.timeline({ tenantId, correlationId, after, limit })
    const first = yield* page(2)
    assert.deepStrictEqual(
      first.events.map(({ version }) => version),
      [1, 2]
    )
    const second = yield* page(2, first.next)
    assert.deepStrictEqual(
      second.events.map(({ category, version }) => `${category} ${version}`),
      ["bin 3"]
    )
    assert.isNull(second.next)
    assert.isNull((yield* page(3)).next)
  })
)
