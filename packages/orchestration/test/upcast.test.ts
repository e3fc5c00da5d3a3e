/** Events that were written by older programs, read by this one: what is stored stays as it is, and what is read is of today. */
import { assert, describe, it } from "@effect/vitest"
import type { RecordedEvent } from "@dueline/contracts/Envelope"
import { CommandId, CorrelationId, type StreamId } from "@dueline/contracts/Ids"
import { propertyRuns } from "@dueline/port-contracts/propertyRuns"
import { Result, Schema } from "effect"
import type { Aggregate } from "../src/engine/Aggregate.ts"
import { decideBatch, requestOf } from "../src/engine/decideBatch.ts"
import { currentVersion, restorer, snapshotCodec, upcast, type Upcasters } from "../src/engine/storedForms.ts"
import { t0 } from "./ServiceCallSample.ts"
import { binId, envelope, retire } from "./FieldSample.ts"

/** Once a weight in pounds; then in kilograms; now in grams, and with the name of whoever weighed. */
const Weighed = Schema.TaggedUnion({ Weighed: { grams: Schema.Int, by: Schema.String }, Emptied: {} })
type Weighed = typeof Weighed.Type

interface V1 {
  readonly pounds: number
}
interface V2 {
  readonly kilograms: number
}

const upcasters: Upcasters = {
  Weighed: [
    (payload) => ({ _tag: "Weighed", kilograms: (payload as V1).pounds * 0.5 }),
    (payload) => ({ _tag: "Weighed", grams: (payload as V2).kilograms * 1_000, by: "nobody" })
  ]
}

const State = Schema.TaggedUnion({ Scale: { grams: Schema.Int } })
type State = typeof State.Type

/** A scale that anybody may step on: the smallest aggregate with a past. */
const scaleWith = (
  steps: Upcasters
): Aggregate<ReturnType<typeof retire>, State, Weighed, never, { readonly _tag: "Told" }> => ({
  category: "scale",
  event: Weighed,
  upcasters: steps,
  snapshot: { form: 1, state: State },
  streamOf: () => binId as string as StreamId,
  opens: () => false,
  ended: () => false,
  initial: { _tag: "Scale", grams: 0 },
  correlation: () => CorrelationId.make("0abc"),
  evolve: (state, event) => (event._tag === "Weighed" ? { ...state, grams: event.grams } : { ...state, grams: 0 }),
  decide: () => Result.succeed([{ _tag: "Weighed", grams: 70_000, by: "Jo" }, { _tag: "Emptied" }]),
  respond: () => ({ _tag: "Told" }),
  attachment: () => null,
  ruled: false,
  requires: () => [],
  refuse: () => null,
  project: () => null,
  announce: () => null,
  intend: () => []
})
const scale = scaleWith(upcasters)

const stored = (eventVersion: number, payload: unknown, version = 1): RecordedEvent => ({
  eventId: `event-${version}`,
  type: "Weighed",
  eventVersion,
  payload,
  metadata: {
    commandId: CommandId.make(`command-${version}`),
    correlationId: CorrelationId.make("0abc"),
    actor: { kind: "user", id: "user-1" },
    traceparent: null
  },
  recordedAt: t0,
  version
})
const slice = (...events: ReadonlyArray<RecordedEvent>) => ({
  ...{ version: events.length, snapshot: null, events, sealed: null, receipt: null }
})

describe("an event of an older version", () => {
  it("goes through every step from its version on, in their order, and no other", () => {
    const trail: Upcasters = { T: [1, 2, 3].map((n) => (payload) => `${String(payload)} ${n}`) }
    const read = [1, 2, 3, 4].map((version) => upcast(trail, "T", version, "from"))
    assert.deepStrictEqual(read, ["from 1 2 3", "from 2 3", "from 3", "from"])
  })

  it("is read as one of today, and what is stored is left alone", () => {
    const restore = restorer(scale)
    const pounds = Object.freeze({ _tag: "Weighed", pounds: 160 })
    assert.strictEqual(restore(slice(stored(1, pounds))).state.grams, 80_000)
    assert.strictEqual(restore(slice(stored(2, { _tag: "Weighed", kilograms: 81 }))).state.grams, 81_000)
    assert.strictEqual(restore(slice(stored(3, { _tag: "Weighed", grams: 7, by: "Jo" }))).state.grams, 7)
  })

  it("stands in one stream with newer ones", () => {
    const events = [
      stored(1, { _tag: "Weighed", pounds: 160 }, 1),
      stored(3, { _tag: "Weighed", grams: 5, by: "Jo" }, 2)
    ]
    const { recent, state } = restorer(scale)(slice(...events))
    assert.strictEqual(state.grams, 5)
    assert.deepStrictEqual(recent[0]?.events, [{ _tag: "Weighed", grams: 80_000, by: "nobody" }])
  })

  it("is not decided on when it is newer than the program, or of no version at all", () => {
    const restore = restorer(scale)
    const today = { _tag: "Weighed", grams: 7, by: "Jo" }
    assert.throws(() => restore(slice(stored(4, today))), /version 4 is newer than this program, which knows 3/)
    assert.throws(() => restore(slice(stored(0, today))), /versions begin at 1/)
    assert.throws(() => upcast({}, "Emptied", 2, {}), /version 2 is newer than this program, which knows 1/)
  })

  it("is not decided on when a step leaves it in a form that nobody knows", () => {
    assert.throws(() => restorer(scale)(slice(stored(3, { _tag: "Weighed", pounds: 160 }))))
  })
})

describe("the version of a type", () => {
  it.prop(
    "is 1 for every type that no step is known for, whatever its name",
    { type: Schema.String },
    ({ type }) => {
      if (type === "Weighed") return
      assert.strictEqual(currentVersion(upcasters, type), 1)
      assert.strictEqual(upcast(upcasters, type, 1, "as it was"), "as it was")
    },
    { arbitrary: propertyRuns }
  )

  it("is 1 for names that every object has", () => {
    for (const type of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
      assert.strictEqual(currentVersion(upcasters, type), 1)
      assert.strictEqual(upcast(upcasters, type, 1, "as it was"), "as it was")
    }
  })

  it("is what a writer writes: the newest of each type", () => {
    const nothing = { cached: [], streams: new Map(), receipts: new Map() }
    const { commits } = decideBatch(scale, [requestOf(scale.streamOf, envelope(retire()))], nothing, 1)
    const written = commits[0]?.events.map(({ eventVersion, type }) => `${type}.v${eventVersion}`)
    assert.deepStrictEqual(written, ["Weighed.v3", "Emptied.v1"])
    const again = (commits[0]?.events ?? []).map((event, i) => ({ ...event, version: i + 1 }))
    assert.strictEqual(restorer(scale)({ ...slice(), version: 2, events: again }).state.grams, 0)
  })
})

describe("a snapshot", () => {
  it("that holds events as they were is not taken for one of today: each new step makes another form", () => {
    const memory = {
      state: { _tag: "Scale" as const, grams: 5 },
      version: 128,
      sealed: null,
      recent: [{ commandId: "c", events: [{ _tag: "Emptied" as const }] }]
    }
    const forms = [{}, { Weighed: (upcasters.Weighed ?? []).slice(0, 1) }, upcasters].map(
      (steps) => snapshotCodec(scaleWith(steps)).due(127, memory)?.form
    )
    assert.deepStrictEqual(forms, [1, 2, 3])
    assert.isAbove(snapshotCodec({ ...scale, snapshot: { form: 2, state: State } }).form, 3)
  })
})
