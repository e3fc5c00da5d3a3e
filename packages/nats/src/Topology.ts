/**
 * Keeps the streams of the bus and the timer as they must be. A stream can vanish while the program runs (a wiped disk): it is made
 * again then by the first process that notices, and listeners are called, since what lay in it is gone.
 */
import { Context, Effect, Layer, Queue, Semaphore } from "effect"
import { ensureStream, isMissing, type StreamRefused } from "./ensureStream.ts"
import { retryForever, throttledWarning } from "./retryForever.ts"
import { Nats, type NatsFailed } from "./Nats.ts"
import { type WantedStreams, wantedStreams } from "./wantedStreams.ts"

/** Which streams these are: others after a wipe, even under the same names. */
export type Incarnations = Readonly<Record<keyof WantedStreams, string>>

export class Topology extends Context.Service<
  Topology,
  {
    readonly wanted: WantedStreams
    /** Makes both streams as they must be. Safe to ask at any time, from many processes at once. */
    readonly ensure: Effect.Effect<Incarnations, NatsFailed | StreamRefused>
    /** Runs a publish. When no stream takes the message, perhaps since the server has lost its disk, makes the streams and runs it again. */
    readonly publishing: <A>(send: Effect.Effect<A, NatsFailed>) => Effect.Effect<A, NatsFailed | StreamRefused>
    /** Called, synchronously, when a stream has been found to be another one: what lay in the old one is gone. Must not throw. */
    readonly onLost: (listener: (lost: keyof WantedStreams) => void) => void
  }
>()("@dueline/nats/Topology") {}

/** No stream has the subject of a publish. A server that has just started says so too, before it has loaded its streams. */
const isUnheard = (cause: unknown): boolean => cause instanceof Error && cause.name === "JetStreamNotEnabled"

export interface TopologyOptions {
  /** Servers that keep each message: 1, or 3 on a cluster. */
  readonly replicas?: number
}

export const make = Effect.fnUntraced(function* ({ replicas = 1 }: TopologyOptions = {}) {
  const nats = yield* Nats
  const wanted = wantedStreams(nats.prefix, replicas)
  const turn = yield* Semaphore.make(1)
  const listeners: Array<(lost: keyof WantedStreams) => void> = []
  let known: Incarnations | undefined

  const compare = Effect.fnUntraced(function* (found: Incarnations) {
    const before = known ?? found
    known = found
    for (const which of ["events", "due"] as const) {
      if (before[which] === found[which]) continue
      yield* Effect.logWarning(`stream ${wanted[which].name} was lost and is a new one`)
      for (const listener of listeners) listener(which)
    }
    return found
  })

  const ensure = Effect.gen(function* () {
    const events = yield* ensureStream(nats, wanted.events)
    const due = yield* ensureStream(nats, wanted.due)
    return yield* compare({ events: events.created, due: due.created })
  }).pipe(turn.withPermits(1))
  const publishing = <A>(send: Effect.Effect<A, NatsFailed>) =>
    Effect.catchTag(send, "NatsFailed", (failed) =>
      isUnheard(failed.cause) || isMissing(failed.cause) ? Effect.andThen(ensure, send) : Effect.fail(failed)
    )
  return Topology.of({ wanted, ensure, publishing, onLost: (listener) => void listeners.push(listener) })
})

const trouble = throttledWarning("the streams of NATS cannot be looked after yet")

/** A server that is back may have lost its streams, and without a publish or a consumer no one would notice. */
const lookAfterReturn = Effect.fnUntraced(function* ({ ensure }: Topology["Service"]) {
  const nats = yield* Nats
  const returned = yield* Queue.sliding<void>(1)
  const stop = nats.watch((event) => {
    if (event === "reconnected") Queue.offerUnsafe(returned, undefined)
  })
  yield* Effect.addFinalizer(() => Effect.sync(stop))
  const look = Effect.andThen(Queue.take(returned), retryForever(nats, trouble, ensure))
  yield* Effect.forkScoped(
    Effect.forever(Effect.catch(look, (refused) => Effect.logError("a stream is not as it must be", refused)))
  )
})

/** The streams are there when the layer is built; waits while NATS is away, fails when a stream is refused. */
export const layer = (options?: TopologyOptions): Layer.Layer<Topology, StreamRefused, Nats> =>
  Layer.effect(
    Topology,
    make(options).pipe(
      Effect.tap(({ ensure }) => Effect.flatMap(Nats, (nats) => retryForever(nats, trouble, ensure))),
      Effect.tap(lookAfterReturn)
    )
  )
