/** Two dispatchers, a bus that goes away and comes back, refuses and dawdles, and pauses of either of them, on a seed. */
import { BusUnavailable, EventBus } from "@dueline/contracts/ports/EventBus"
import { propertyRunsTimes } from "@dueline/port-contracts/propertyRuns"
import * as Sample from "@dueline/port-contracts/Sample"
import { assert, it } from "@effect/vitest"
import { Effect, Random, Schema } from "effect"
import * as Pair from "./DispatcherPair.ts"
import { pass, payloadsOf } from "./DispatcherWorld.ts"

const small = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))
const Action = Schema.Struct({
  call: small(4),
  messages: small(4),
  trouble: Schema.Literals(["none", "outage", "pause a", "pause b", "both"]),
  /** Milliseconds that the trouble lasts, up to more than a lease does. */
  lasts: small(9_000),
  /** Milliseconds of peace afterwards: enough for each message that was on its way to be tried again. */
  peace: small(2_000)
})
type Action = typeof Action.Type
const Story = { seed: small(1_000_000), actions: Schema.Array(Action).check(Schema.isMaxLength(12)) }

/** Refusals that a message may meet; one more than nine would be its end. */
const refusals = 4

/** A bus that takes its time, refuses some messages some times, and is away when told so, which it says as `scope`. */
const moody = (scope: "bus" | "message") => {
  const consumers = Pair.consumers()
  const state = { away: false }
  const refused = new Map<string, number>()
  const fail = (why: "bus" | "message") => Effect.fail(new BusUnavailable({ scope: why, cause: new Error(why) }))
  const bus = EventBus.of({
    consume: () => Effect.void,
    publish: (message) =>
      Effect.gen(function* () {
        yield* Effect.sleep(yield* Random.nextIntBetween(0, 40))
        if (state.away) return yield* fail(scope)
        const before = refused.get(message.eventId) ?? 0
        if (before < refusals && (yield* Random.next) < 0.15) {
          refused.set(message.eventId, before + 1)
          return yield* fail("message")
        }
        consumers.hear(message)
        // The answer is lost on its way as often.
        if (before < refusals && (yield* Random.next) < 0.1) {
          refused.set(message.eventId, before + 1)
          return yield* fail("message")
        }
      })
  })
  return { ...consumers, bus, refused, state }
}

/** Lets time pass in pieces, since those who wait for it wake one after the other. */
const live = (ms: number, piece = 250) =>
  Effect.gen(function* () {
    for (let left = ms; left > 0; left -= piece) yield* pass(Math.min(piece, left), 40)
  })

const tell = Effect.fnUntraced(function* (actions: ReadonlyArray<Action>, scope: "bus" | "message") {
  const bus = moody(scope)
  const at = Pair.installation(bus.bus)
  const options = { batch: 3, held: 12, window: 3 }
  const [a, b] = [yield* Pair.process("a", at, options), yield* Pair.process("b", at, options)]
  const tenants = [Sample.tenantId(), Sample.tenantId()] as const
  const targets = [0, 1, 2, 3, 4].map((n) => Sample.target(tenants[n % 2]))
  const written = targets.map((): Array<number> => [])
  for (const { call, lasts, messages, peace, trouble } of actions) {
    const [target, log] = [targets[call], written[call]]
    if (target === undefined || log === undefined) continue
    for (let n = 0; n < messages; n += 1) {
      const commit = Sample.commit(target, { expectedVersion: log.length, outbox: [Sample.message(log.length)] })
      yield* at.store.persistence.commit([commit])
      log.push(log.length)
    }
    yield* Effect.andThen(a.wake, b.wake)
    yield* pass(20)
    bus.state.away = trouble === "outage" || trouble === "both"
    if (trouble === "pause a" || trouble === "both") yield* a.pause
    if (trouble === "pause b") yield* b.pause
    yield* live(lasts)
    bus.state.away = false
    yield* Effect.andThen(a.goOn, b.goOn)
    yield* live(peace + 250)
  }
  yield* live(120_000, 1_000)
  const settled = [...a.settled, ...b.settled]
  const charges = (eventId: string) =>
    settled.filter(({ _tag, entry }) => _tag !== "Delivered" && entry.eventId === eventId).length
  return {
    store: at.store.dump(),
    /** What was written to each stream, and what its consumers saw first, in that order. */
    streams: targets.map(({ callId }, index) => ({
      written: written[index] ?? [],
      seen: payloadsOf(bus.seen.filter(({ streamId }) => streamId === Sample.streamOf(callId)))
    })),
    /** Messages that were charged with more than the bus had against them. */
    wronged: [...bus.times.keys()].filter((eventId) => charges(eventId) > (bus.refused.get(eventId) ?? 0))
  }
})

it.effect.prop(
  "whoever is paused and whenever the bus is away, every message arrives, those of a stream in order, and none pays for an outage",
  Story,
  ({ actions, seed }) =>
    Effect.gen(function* () {
      const { store, streams, wronged } = yield* tell(actions, "bus")
      for (const { seen, written } of streams) assert.deepStrictEqual(seen, written)
      assert.lengthOf(store.outbox, 0)
      assert.lengthOf(store.dead, 0)
      assert.deepStrictEqual(wronged, [])
    }).pipe(Effect.scoped, Random.withSeed(seed)),
  { arbitrary: propertyRunsTimes(0.25), tags: ["ADR-0008.2"], timeout: 60_000 }
)

it.effect(
  "were an outage held against messages, they would be charged in the same story, and given up in a long one",
  () =>
    Effect.gen(function* () {
      const action = { call: 0, messages: 3, trouble: "outage", peace: 0 } as const
      const short = yield* tell([{ ...action, lasts: 2_000 }], "message")
      assert.isNotEmpty(short.wronged)
      assert.lengthOf(short.store.dead, 0)
      const long = yield* tell([{ ...action, lasts: 120_000 }], "message")
      assert.isNotEmpty(long.store.dead)
      const fair = yield* tell([{ ...action, lasts: 120_000 }], "bus")
      assert.lengthOf(fair.store.dead, 0)
      assert.isEmpty(fair.wronged)
    }).pipe(Effect.scoped, Random.withSeed(1))
)
