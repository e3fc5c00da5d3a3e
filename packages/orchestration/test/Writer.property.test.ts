/** Whatever the store does and however little is remembered: the answers are those of a store that never fails. */
import { assert, it } from "@effect/vitest"
import type { Envelope } from "@dueline/contracts/Envelope"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { propertyRunsTimes } from "@dueline/port-contracts/propertyRuns"
import { Effect, Schema } from "effect"
import { type Fault, FaultyStore } from "./FaultyStore.ts"
import * as Call from "./ServiceCallSample.ts"
import { ask, askAll, streamsIn, writerOn } from "./WriterUnderTest.ts"

const runs = { arbitrary: { ...propertyRunsTimes(0.3), size: 60 } }
const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

/** Commands on three calls, crude on purpose: most of them meet a state they do not fit. */
const Ask = Schema.Struct({
  call: between(1, 3),
  what: between(0, 8),
  epoch: between(1, 3),
  keyed: Schema.Boolean,
  key: between(0, 5)
})
type Ask = typeof Ask.Type
const Asks = Schema.Array(Ask).check(Schema.isMinLength(1), Schema.isMaxLength(25))

const commandOf = ({ call, epoch, what }: Ask): ServiceCallCommand => {
  const callId = Call.call(call)
  const kinds = [
    () => Call.submit({ callId }),
    () => Call.due({ callId, revision: epoch }),
    () => Call.due({ callId, revision: epoch }),
    () => Call.failure({ callId, epoch, retryable: epoch < 2, at: Call.ms(Call.dueAt - 1_000) }),
    () => Call.success({ callId, epoch }),
    () => Call.handBack({ callId, epoch, reason: "draining", retryAt: Call.t0, at: Call.ms(Call.dueAt - 1_000) }),
    () => Call.cancel({ callId }),
    () => Call.reschedule({ callId, dueAt: Call.ms(Call.dueAt - epoch) }),
    () => Call.rerun({ callId, at: Call.t0 })
  ]
  return (kinds[what] ?? kinds[0] ?? Call.submit)()
}

/** A key says nothing about the request but that it is the same one: so it is made of it. */
const envelopeOf = (one: Ask, alwaysKeyed: boolean, n: number): Envelope<ServiceCallCommand> => {
  const command = commandOf(one)
  if (alwaysKeyed) return Call.envelope(command, { key: `key-${n}` })
  return Call.envelope(command, one.keyed ? { key: `key-${one.key}`, fingerprint: JSON.stringify(command) } : {})
}

const plain = Effect.fnUntraced(function* (envelopes: ReadonlyArray<Envelope<ServiceCallCommand>>) {
  const store = new FaultyStore()
  const writer = yield* writerOn(store)
  const answers = yield* Effect.forEach(envelopes, (one) => ask(writer, one))
  return { answers, streams: streamsIn(store) }
})

it.effect.prop(
  "remembering less changes no answer and no event",
  { asks: Asks, cacheLimit: between(0, 2) },
  ({ asks, cacheLimit }) =>
    Effect.gen(function* () {
      const envelopes = asks.map((one, n) => envelopeOf(one, false, n))
      const store = new FaultyStore()
      const writer = yield* writerOn(store, { cacheLimit })
      const answers = yield* Effect.forEach(envelopes, (one) => ask(writer, one))
      assert.deepStrictEqual({ answers, streams: streamsIn(store) }, yield* plain(envelopes))
    }),
  runs
)

it.effect.prop(
  "two writers taking turns answer as one would",
  { asks: Asks, turns: Schema.Array(Schema.Boolean), cacheLimit: Schema.Literals([0, 1, 100]) },
  ({ asks, cacheLimit, turns }) =>
    Effect.gen(function* () {
      const envelopes = asks.map((one, n) => envelopeOf(one, false, n))
      const store = new FaultyStore()
      const [a, b] = [yield* writerOn(store, { cacheLimit }), yield* writerOn(store)]
      const answers = yield* Effect.forEach(envelopes, (one, i) => ask((turns[i] ?? i % 2 === 0) ? a : b, one))
      assert.deepStrictEqual({ answers, streams: streamsIn(store) }, yield* plain(envelopes))
    }),
  { ...runs, tags: ["ADR-0005.2"] }
)

it.effect.prop(
  "asking all at once is asking one after the other",
  { asks: Asks, batchLimit: between(1, 9) },
  ({ asks, batchLimit }) =>
    Effect.gen(function* () {
      const envelopes = asks.map((one, n) => envelopeOf(one, false, n))
      const store = new FaultyStore()
      const answers = yield* askAll(yield* writerOn(store, { batchLimit }), envelopes)
      assert.deepStrictEqual({ answers, streams: streamsIn(store) }, yield* plain(envelopes))
    }),
  runs
)

it.effect.prop(
  "two writers at once leave no gap, no twin and nobody without an answer",
  { asks: Asks },
  ({ asks }) =>
    Effect.gen(function* () {
      const store = new FaultyStore()
      const writers = [yield* writerOn(store), yield* writerOn(store, { cacheLimit: 1 })]
      const envelopes = asks.map((one, n) => envelopeOf(one, true, n))
      const heard = yield* Effect.forEach(writers, (writer) => askAll(writer, envelopes), { concurrency: 2 })
      const streams = streamsIn(store)
      assert.notInclude(heard.flat(), "defect")
      assert.notInclude(heard.flat(), "StoreUnavailable")
      // Each key took effect once, at one of the two; the other heard of it by the receipt.
      const { receipts } = store.memory.dump()
      for (const { receipt } of receipts) {
        const told = heard.map((answers) => answers[envelopes.findIndex((one) => one.idempotency?.key === receipt.key)])
        const truth = `${(receipt.answer as { readonly _tag: string })._tag} ${receipt.version}`
        assert.include(told, truth)
      }
      for (const types of Object.values(streams)) {
        const starts = types.filter((type) => type === "ExecutionStarted").length
        const results = types.filter((type) =>
          ["ExecutionSucceeded", "ExecutionFailed", "ExecutionHandedBack"].includes(type)
        ).length
        assert.isAtMost(results, starts)
        assert.strictEqual(types.filter((type) => type === "ServiceCallSubmitted").length, 1)
      }
    }),
  { ...runs, tags: ["ADR-0005.2"] }
)

const faults: ReadonlyArray<Fault> = ["none", "before", "after", "conflict"]
const faulty = { asks: Asks, faults: Schema.Array(between(0, 3)), loads: Schema.Array(Schema.Boolean) }

/** Never so many of them that the writer gives up: six times unavailable and two conflicts at the most. */
const failing = (given: { readonly faults: ReadonlyArray<number>; readonly loads: ReadonlyArray<boolean> }) => {
  const store = new FaultyStore()
  let conflicts = 0
  for (const i of given.faults.slice(0, 4)) {
    const fault = faults[i] ?? "none"
    if (fault === "conflict") conflicts += 1
    store.commitFaults.push(conflicts > 2 ? "none" : fault)
  }
  store.loadFaults.push(...given.loads.slice(0, 2).map((bad) => (bad ? ("before" as const) : ("none" as const))))
  return store
}

it.effect.prop(
  "a store that loses commits and acknowledgements changes no answer and no event",
  faulty,
  (given) =>
    Effect.gen(function* () {
      const envelopes = given.asks.map((one, n) => envelopeOf(one, true, n))
      const store = failing(given)
      const writer = yield* writerOn(store)
      const answers = yield* Effect.forEach(envelopes, (one) => ask(writer, one))
      const truth = yield* plain(envelopes)
      assert.deepStrictEqual(streamsIn(store), truth.streams)
      assert.deepStrictEqual(
        answers.map((answer) => answer?.replace(" replayed", "")),
        truth.answers
      )
    }),
  { ...runs, tags: ["ADR-0006.3", "ADR-0005.1"] }
)

it.effect.prop(
  "whatever fails, whoever asked together hears what the receipts say",
  faulty,
  (given) =>
    Effect.gen(function* () {
      const envelopes = given.asks.map((one, n) => envelopeOf(one, true, n))
      const store = failing(given)
      const answers = yield* askAll(yield* writerOn(store), envelopes)
      streamsIn(store)
      const heard = new Map(
        envelopes.map(({ idempotency }, i) => [idempotency?.key as string, answers[i]?.replace(" replayed", "")])
      )
      for (const { receipt } of store.memory.dump().receipts) {
        assert.strictEqual(
          heard.get(receipt.key),
          `${(receipt.answer as { readonly _tag: string })._tag} ${receipt.version}`
        )
      }
      assert.notInclude(answers, "defect")
      assert.notInclude(answers, "StoreUnavailable")
    }),
  { ...runs, tags: ["ADR-0006.3"] }
)
