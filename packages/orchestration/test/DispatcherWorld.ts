/** A dispatcher on the memory outbox, with a bus that fails as it is told and an outbox that does so too. */
import * as MemoryStore from "@dueline/port-contracts/memory/MemoryStore"
import { type BusMessage, BusUnavailable, EventBus } from "@dueline/contracts/ports/EventBus"
import { Outbox } from "@dueline/contracts/ports/Outbox"
import { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import * as Sample from "@dueline/port-contracts/Sample"
import { Context, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Dispatcher from "../src/dispatcher/Dispatcher.ts"

type Publish = EventBus["Service"]["publish"]

/** The bus does not take this message. */
export const refused = Effect.fail(new BusUnavailable({ scope: "message", cause: new Error("refused") }))

/** The bus takes nothing. */
export const away = Effect.fail(new BusUnavailable({ cause: new Error("away") }))

/** A bus that does what the script says and keeps what went through. */
export const scripted = (script: (message: BusMessage, attempt: number) => ReturnType<Publish>) => {
  const attempts = new Map<string, number>()
  const arrived: Array<BusMessage> = []
  const publish: Publish = (message) =>
    Effect.suspend(() => {
      const attempt = (attempts.get(message.eventId) ?? 0) + 1
      attempts.set(message.eventId, attempt)
      return Effect.tap(script(message, attempt), () => Effect.sync(() => arrived.push(message)))
    })
  return { arrived, attempts, bus: EventBus.of({ publish, consume: () => Effect.void }) }
}

interface World {
  readonly bus: EventBus["Service"]
  readonly outbox?: (outbox: Outbox["Service"]) => Outbox["Service"]
  readonly options?: Dispatcher.Options
}

/** A store and a dispatcher on it that runs until the test ends. */
export const world = Effect.fnUntraced(function* ({ bus, options, outbox = (same) => same }: World) {
  const store = MemoryStore.make()
  const ports = Layer.mergeAll(Layer.succeed(EventBus, bus), Layer.succeed(Outbox, outbox(store.outbox)))
  const context = yield* Layer.build(Layer.provide(Dispatcher.layer(options), ports))
  const { wake } = Context.get(context, Dispatcher.Dispatcher)
  /** One commit per payload, then a wake. */
  const commit = Effect.fnUntraced(function* (call: Sample.Target, ...payloads: ReadonlyArray<unknown>) {
    for (const payload of payloads) {
      const [slice] = yield* store.persistence.load([Sample.loadRequest(call)])
      yield* store.persistence.commit([
        Sample.commit(call, { expectedVersion: slice?.version ?? 0, outbox: [Sample.message(payload)] })
      ])
    }
    yield* wake
  })
  return { store, wake, commit }
})

export const payloadsOf = (messages: ReadonlyArray<BusMessage>) => messages.map(({ payload }) => payload)

/** The test clock waits for those it wakes, but not for what was set going before: that gets its turns first. */
export const pass = (ms: number, turns = 200) =>
  Effect.andThen(Effect.repeat(Effect.yieldNow, { times: turns }), TestClock.adjust(ms))

/** An outbox whose next calls fail, and the number of calls that reached it. */
export const flaky = () => {
  const calls = { claim: 0, settle: 0, failing: 0 }
  const failing = <A>(effect: Effect.Effect<A, StoreUnavailable>) =>
    Effect.suspend((): Effect.Effect<A, StoreUnavailable> => {
      if (calls.failing === 0) return effect
      calls.failing -= 1
      return Effect.fail(new StoreUnavailable({ operation: "outbox", cause: new Error("gone") }))
    })
  const outbox = (inner: Outbox["Service"]): Outbox["Service"] => ({
    claim: (options) =>
      Effect.suspend(() => {
        calls.claim += 1
        return failing(inner.claim(options))
      }),
    settle: (settlements) =>
      Effect.suspend(() => {
        calls.settle += 1
        return failing(inner.settle(settlements))
      })
  })
  return { calls, outbox }
}
