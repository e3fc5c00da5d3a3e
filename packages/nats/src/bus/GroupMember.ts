/** One member of one group: receives, keeps alive what it holds, works it off in lanes, and finds its way back by itself. */
import type { JsMsg } from "@nats-io/jetstream"
import { Clock, Effect, FiberSet, type Scope } from "effect"
import { type ConsumerRules, type Interest, takeoverMs } from "./BusConsumer.ts"
import type { StreamRefused } from "../ensureStream.ts"
import { readEvent } from "./eventWire.ts"
import { type Handler, type LaneRules, makeGroupLanes } from "./GroupLanes.ts"
import { makeGroupPlace } from "./GroupPlace.ts"
import { HeldMessages } from "./HeldMessages.ts"
import { retryForever, makeComplain } from "../retryForever.ts"
import type { Nats, NatsFailed } from "../Nats.ts"
import { makeConsumerPin } from "./ConsumerPin.ts"
import type { Topology } from "../Topology.ts"

export interface MemberOptions {
  readonly nats: Nats["Service"]
  readonly topology: Topology["Service"]
  readonly interest: Interest
  readonly handler: Handler
  readonly rules: LaneRules & ConsumerRules
}

/** Milliseconds after which a stream that is not as it must be is looked at again. */
const refusedMs = 10_000

/** Until the scope closes. What it holds then goes back to the server, and to the next member at once. */
export const makeGroupMember = Effect.fnUntraced(function* (
  options: MemberOptions
): Effect.fn.Return<void, NatsFailed | StreamRefused, Scope.Scope> {
  const { handler, interest, nats, rules, topology } = options
  const { group } = interest
  const clock = yield* Clock.Clock
  const now = () => Number(clock.monotonicTimeNanosUnsafe() / 1_000n) / 1_000
  const held = new HeldMessages(rules.ackWaitMs)
  const complain = makeComplain(`group ${group} has no place at the server`)

  const receive = (handle: JsMsg): void => {
    const message = readEvent(handle)
    if (message === undefined) {
      run(Effect.logError("a message of the bus cannot be read", { subject: handle.subject, sequence: handle.seq }))
      return handle.term("unreadable")
    }
    const pinId = handle.headers?.get("Nats-Pin-Id") ?? ""
    const one = held.take(handle, message)
    // Before anything is begun: with a new pin nothing may be, for a moment.
    if (pinId !== "") pin.heard(pinId)
    if (one !== undefined) lanes.add(one)
  }

  const keepAlive = Effect.suspend(() => {
    const answered = held.keepAlive(now())
    return Effect.map(
      nats.request(() => nats.connection.flush()),
      answered
    )
  })

  const place = yield* makeGroupPlace({
    nats,
    topology,
    interest,
    rules,
    receive,
    ready: keepAlive,
    onUnpinned: () => pin.lost(),
    onNewStream: () => {
      held.forgetAll()
      lanes.forget()
      if (interest.transient !== true) pin.reset()
    }
  })
  // When the scope closes these run from the last to the first: nothing more is asked for, handlers are interrupted, the rest goes back.
  yield* Effect.addFinalizer(() => {
    held.giveBackAll()
    return place.leave(pin.lasts())
  })
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const lanes = makeGroupLanes({ group, handler, held, now, rules, run })
  const patienceMs = rules.ackWaitMs + takeoverMs
  const pin = makeConsumerPin({ pending: place.pending, here: () => held.size, patienceMs, lanes, run })
  yield* Effect.addFinalizer(() => {
    lanes.hold()
    return place.stop
  })

  // A transient consumer is nobody else's: there is nothing to wait for.
  if (interest.transient === true) lanes.open()
  yield* place.take
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(rules.ackWaitMs / 3), Effect.ignore(keepAlive))))
  const takeAgain = Effect.catch(retryForever(nats, complain, place.take), (refused) =>
    Effect.andThen(complain(refused), Effect.sleep(refusedMs))
  )
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(place.closed, takeAgain)))
})
