/**
 * Two dispatchers in two processes on one outbox, of which the one that has the lease works, and consumers that recognise repeats. A
 * process can be paused: whatever it asks meanwhile is asked when it goes on, whatever has become of the asker.
 */
import * as LeasesMemory from "@dueline/port-contracts/memory/LeasesMemory"
import * as MemoryStore from "@dueline/port-contracts/memory/MemoryStore"
import { type BusMessage, EventBus } from "@dueline/contracts/ports/EventBus"
import { Leases } from "@dueline/contracts/ports/Leases"
import { Outbox, type Settlement } from "@dueline/contracts/ports/Outbox"
import { Context, Effect, Exit, Latch, Layer, Scope } from "effect"
import * as Dispatcher from "../src/dispatcher/Dispatcher.ts"

/** What the consumers saw first of every message, in that order, and how often each came. */
export const consumers = () => {
  const seen: Array<BusMessage> = []
  const times = new Map<string, number>()
  const hear = (message: BusMessage): void => {
    const count = times.get(message.eventId) ?? 0
    if (count === 0) seen.push(message)
    times.set(message.eventId, count + 1)
  }
  return { seen, times, hear }
}

type Bus = EventBus["Service"]

interface Installation {
  readonly store: MemoryStore.MemoryStore["Service"]
  readonly leases: Leases["Service"]
  readonly bus: Bus
}

export const installation = (bus: Bus): Installation => ({
  store: MemoryStore.make(),
  leases: LeasesMemory.make(),
  bus
})

/** A process with a dispatcher of its own, until it is closed or the test ends. */
export const process = Effect.fnUntraced(function* (
  holder: string,
  { bus, leases, store }: Installation,
  options: Dispatcher.Options = {}
) {
  const going = Latch.makeUnsafe(true)
  const settled: Array<Settlement> = []
  const claims: Array<number> = []
  const through = <A, E>(ask: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.uninterruptible(
      Effect.andThen(
        going.await,
        Effect.tap(ask, () => going.await)
      )
    )
  const ports = Layer.mergeAll(
    Layer.succeed(EventBus, EventBus.of({ ...bus, publish: (message) => through(bus.publish(message)) })),
    Layer.succeed(Outbox, {
      claim: (what) => {
        claims.push(what.now)
        return through(store.outbox.claim(what))
      },
      settle: (settlements) => {
        settled.push(...settlements)
        return through(store.outbox.settle(settlements))
      }
    }),
    Layer.succeed(Leases, {
      take: (what) => through(leases.take(what)),
      release: (what) => through(leases.release(what))
    })
  )
  const scope = yield* Scope.fork(yield* Effect.scope)
  // What is asked while paused cannot be taken back, so that a test could not end.
  yield* Effect.addFinalizer(() => going.open)
  const layer = Layer.provide(Dispatcher.layerLed({ ...options, holder }), ports)
  const { wake } = Context.get(yield* Layer.buildWithScope(layer, scope), Dispatcher.Dispatcher)
  return {
    wake,
    claims,
    settled,
    pause: going.close,
    goOn: going.open,
    /** In order, as on SIGTERM. */
    close: Scope.close(scope, Exit.void)
  }
})
