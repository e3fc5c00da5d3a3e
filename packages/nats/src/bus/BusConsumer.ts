/**
 * One member of one group, until its scope closes: it makes the group's consumer at the server, asks for messages, keeps alive what it
 * holds, and takes its place again when connection, consumer or stream were lost. What it holds at the end goes back to the server, and
 * to the next member at once.
 */
import type { ConsumerInfo, ConsumerMessages, JsMsg } from "@nats-io/jetstream"
import { Clock, Effect, FiberSet, Random, type Scope } from "effect"
import { ensureConsumer, stopConsuming } from "../consumer.ts"
import type { StreamRefused } from "../ensureStream.ts"
import type { Nats, NatsFailed } from "../Nats.ts"
import { throttledWarning, retryForever } from "../retryForever.ts"
import { tenantIn } from "../Subjects.ts"
import type { Topology } from "../Topology.ts"
import {
  type ConsumerRules,
  durableConsumer,
  type Interest,
  pinGroup,
  pullMs,
  takeoverMs,
  transientConsumer
} from "./consumerConfig.ts"
import { isFor } from "@dueline/contracts/ports/EventBus"
import { readEvent } from "./eventWire.ts"
import { type DeliveryRules, type Handler, makeTenantSerialiser } from "./TenantSerialiser.ts"

export interface BusConsumerOptions {
  readonly nats: Nats["Service"]
  readonly topology: Topology["Service"]
  readonly interest: Interest
  readonly handler: Handler
  readonly rules: DeliveryRules & ConsumerRules
}

/** Messages asked for at once. */
const pullLimit = 200

/** Milliseconds between two questions of how many messages other members hold. */
const lookMs = 100

/** Milliseconds after which a stream that is not as it must be is looked at again. */
const refusedMs = 10_000

interface SubscriptionOptions extends Pick<BusConsumerOptions, "nats" | "topology" | "interest" | "rules"> {
  readonly receive: (handle: JsMsg) => void
  /** The stream is another one: what came from the old one is not to be acknowledged any more. */
  readonly onNewStream: () => void
  /** Another member is to have the messages. */
  readonly onUnpinned: () => void
  /** Run before messages are asked for, each time. */
  readonly ready: Effect.Effect<void, NatsFailed>
}

const followPins = async (messages: ConsumerMessages, unpinned: () => void): Promise<void> => {
  for await (const event of messages.status()) if (event.type === "consumer_unpinned") unpinned()
}

/** The consumer at the server and the requests for its messages. `take` makes what the server has lost. */
const makeSubscription = Effect.fnUntraced(function* (options: SubscriptionOptions) {
  const { interest, nats, onNewStream, onUnpinned, ready, receive, rules, topology } = options
  const { connection, jetstream, manager, prefix } = nats
  const stream = topology.wanted.events.name
  const own = `member-${Math.floor((yield* Random.next) * 2 ** 48).toString(36)}`
  let incarnation: string | undefined
  let consumer: ConsumerInfo | undefined
  let messages: ConsumerMessages | undefined
  /** Where a transient consumer goes on when it has to be made again. */
  let receivedUpTo: number | undefined

  const callback = (handle: JsMsg): void => {
    receivedUpTo = Math.max(receivedUpTo ?? 0, handle.seq)
    receive(handle)
  }

  const ask = (of: ConsumerInfo) =>
    Effect.promise(() =>
      jetstream.consumers.getConsumerFromInfo(of).consume({
        ...(interest.transient === true ? {} : { group: pinGroup }),
        max_messages: pullLimit,
        expires: pullMs,
        idle_heartbeat: pullMs / 2,
        abort_on_missing_resource: true,
        callback
      })
    )

  const take: Effect.Effect<void, NatsFailed | StreamRefused> = Effect.gen(function* () {
    const { events } = yield* topology.ensure
    if (incarnation !== undefined && incarnation !== events) {
      onNewStream()
      receivedUpTo = 0
    }
    incarnation = events
    const config =
      interest.transient === true
        ? transientConsumer(prefix, interest, rules, own, receivedUpTo)
        : durableConsumer(prefix, interest, rules)
    const found = yield* ensureConsumer(nats, stream, config)
    consumer = found
    receivedUpTo ??= found.delivered.stream_seq
    yield* ready
    yield* Effect.uninterruptible(Effect.map(ask(found), (pulls) => void (messages = pulls)))
    if (messages !== undefined) void followPins(messages, onUnpinned)
  })

  /** What there is to say to the server once nothing more is asked for. */
  const farewell = (pinned: boolean): Effect.Effect<unknown, NatsFailed> => {
    const name = consumer?.name
    if (name === undefined) return Effect.void
    if (interest.transient === true) return nats.request(() => manager.consumers.delete(stream, name))
    if (pinned) return nats.request(() => manager.consumers.unpin(stream, name, pinGroup))
    return nats.request(() => connection.flush())
  }

  return {
    take,
    /** Messages of the group that the server waits for, whichever members have them. */
    pending: nats
      .request(() => manager.consumers.info(stream, consumer?.name ?? ""))
      .pipe(Effect.map((info) => info.num_ack_pending)),
    /** Waits until messages come no longer. */
    closed: Effect.promise(async () => void (await messages?.closed())),
    stop: Effect.suspend(() => (messages === undefined ? Effect.void : stopConsuming(nats, messages))),
    leave: (pinned: boolean) => Effect.ignore(Effect.timeoutOption(farewell(pinned), 2_000))
  }
})

interface PinOptions {
  /** Messages of the group that the server waits for, whichever members have them. */
  readonly pending: Effect.Effect<number, NatsFailed>
  readonly messages: Pick<ReturnType<typeof makeTenantSerialiser>, "size" | "resume" | "pause" | "giveBackWaiting">
  /** Milliseconds after which messages of other members are not waited for any longer. */
  readonly patienceMs: number
  readonly run: (work: Effect.Effect<void>) => void
}

/**
 * Whether JetStream has pinned the group's consumer to this member. A new pin begins with a pause: what the member before still has, or
 * died with, must be done or come here first, else the messages behind it would overtake it.
 */
const makeConsumerPin = ({ messages, patienceMs, pending, run }: PinOptions) => {
  let current: string | undefined

  /** Whether other members still hold messages; false once that is not waited for any longer. */
  const isHeldElsewhere = Effect.fnUntraced(function* (deadline: number) {
    // Counted before asking: if the server knows of no more than these, then it knows of none elsewhere.
    const mine = messages.size()
    const others = yield* Effect.match(pending, { onFailure: () => true, onSuccess: (all) => all > mine })
    if (!others) return false
    if ((yield* Clock.currentTimeMillis) < deadline) return true
    yield* Effect.logWarning("another member of the group is not done with its messages; going on without it")
    return false
  })

  const isCurrent = (pinId: string): boolean => current === pinId

  const settle = Effect.fnUntraced(function* (pinId: string) {
    const deadline = (yield* Clock.currentTimeMillis) + patienceMs
    while (isCurrent(pinId) && (yield* isHeldElsewhere(deadline))) yield* Effect.sleep(lookMs)
    if (isCurrent(pinId)) messages.resume()
  })

  return {
    /** A message came with this pin. */
    received: (pinId: string): void => {
      if (pinId === current) return
      current = pinId
      messages.pause()
      run(settle(pinId))
    },
    /** Another member is to have the messages. */
    lost: (): void => {
      current = undefined
      messages.giveBackWaiting()
    },
    /** The stream is another one, and no member is pinned. */
    reset: (): void => {
      current = undefined
      messages.pause()
    },
    /** As far as is known here. */
    isOurs: (): boolean => current !== undefined
  }
}

export const makeBusConsumer = Effect.fnUntraced(function* (
  options: BusConsumerOptions
): Effect.fn.Return<void, NatsFailed | StreamRefused, Scope.Scope> {
  const { handler, interest, nats, rules, topology } = options
  const { group } = interest
  const clock = yield* Clock.Clock
  const now = () => Number(clock.monotonicTimeNanosUnsafe() / 1_000n) / 1_000
  const warn = throttledWarning(`group ${group} has no place at the server`)

  const receive = (handle: JsMsg): void => {
    const message = readEvent(handle)
    if (message === undefined) {
      const { seq: sequence, subject } = handle
      run(Effect.logError("a message of the bus cannot be read", { ...tenantIn(subject), subject, sequence }))
      return handle.term("unreadable")
    }
    if (!isFor(message, group)) return handle.ack()
    const pinId = handle.headers?.get("Nats-Pin-Id") ?? ""
    const admitted = messages.admit(handle, message)
    // Before a handler begins: with a new pin none may for a moment.
    if (pinId !== "") pin.received(pinId)
    if (admitted !== undefined) messages.enqueue(admitted)
  }

  const keepAlive = Effect.suspend(() => {
    const answered = messages.keepAlive()
    return Effect.map(
      nats.request(() => nats.connection.flush()),
      answered
    )
  })

  const subscription = yield* makeSubscription({
    nats,
    topology,
    interest,
    rules,
    receive,
    ready: keepAlive,
    onUnpinned: () => pin.lost(),
    onNewStream: () => {
      messages.forget()
      if (interest.transient !== true) pin.reset()
    }
  })
  // When the scope closes these run from the last to the first: nothing more is asked for, handlers are interrupted, the rest goes back.
  yield* Effect.addFinalizer(() => {
    messages.giveBackAll()
    return subscription.leave(pin.isOurs())
  })
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const messages = makeTenantSerialiser({ group, handler, rules, now, run })
  const patienceMs = rules.ackWaitMs + takeoverMs
  const pin = makeConsumerPin({ pending: subscription.pending, messages, patienceMs, run })
  yield* Effect.addFinalizer(() => {
    messages.pause()
    return subscription.stop
  })

  // A transient consumer has one member: there is nothing to wait for.
  if (interest.transient === true) messages.resume()
  yield* subscription.take
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(rules.ackWaitMs / 3), Effect.ignore(keepAlive))))
  const takeAgain = Effect.catch(retryForever(nats, warn, subscription.take), (refused) =>
    Effect.andThen(warn(refused), Effect.sleep(refusedMs))
  )
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(subscription.closed, takeAgain)))
})
