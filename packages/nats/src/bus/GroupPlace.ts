/**
 * The server's side of one member: the group's consumer, and the requests for its messages. When the server has lost the consumer or the
 * whole stream, taking the place again makes both anew.
 */
import type { ConsumerInfo, ConsumerMessages, JsMsg } from "@nats-io/jetstream"
import { Effect, Random } from "effect"
import {
  type ConsumerRules,
  durableConsumer,
  type Interest,
  pinGroup,
  pullMs,
  transientConsumer
} from "./BusConsumer.ts"
import { ensureConsumer, stopConsuming } from "../consumer.ts"
import type { StreamRefused } from "../ensureStream.ts"
import type { Nats, NatsFailed } from "../Nats.ts"
import type { Topology } from "../Topology.ts"

export interface GroupPlaceOptions {
  readonly nats: Nats["Service"]
  readonly topology: Topology["Service"]
  readonly interest: Interest
  readonly rules: ConsumerRules
  readonly receive: (handle: JsMsg) => void
  /** The stream is another one: what came from the old one is not to be acknowledged any more. */
  readonly onNewStream: () => void
  /** Another member is to have the messages. */
  readonly onUnpinned: () => void
  /** Run before messages are asked for, each time. */
  readonly ready: Effect.Effect<void, NatsFailed>
}

/** Messages asked for at once. */
const pullLimit = 200

const followPins = async (messages: ConsumerMessages, unpinned: () => void): Promise<void> => {
  for await (const event of messages.status()) if (event.type === "consumer_unpinned") unpinned()
}

export const makeGroupPlace = Effect.fnUntraced(function* (options: GroupPlaceOptions) {
  const { interest, nats, onNewStream, onUnpinned, ready, receive, rules, topology } = options
  const { connection, jetstream, manager, prefix } = nats
  const stream = topology.wanted.events.name
  const own = `member-${Math.floor((yield* Random.next) * 2 ** 48).toString(36)}`
  let incarnation: string | undefined
  let consumer: ConsumerInfo | undefined
  let messages: ConsumerMessages | undefined
  /** Where a transient consumer goes on when it has to be made again. */
  let heardUpTo: number | undefined

  const hear = (handle: JsMsg): void => {
    heardUpTo = Math.max(heardUpTo ?? 0, handle.seq)
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
        callback: hear
      })
    )

  const take: Effect.Effect<void, NatsFailed | StreamRefused> = Effect.gen(function* () {
    const { events } = yield* topology.ensure
    if (incarnation !== undefined && incarnation !== events) {
      onNewStream()
      heardUpTo = 0
    }
    incarnation = events
    const config =
      interest.transient === true
        ? transientConsumer(prefix, interest, rules, own, heardUpTo)
        : durableConsumer(prefix, interest, rules)
    const found = yield* ensureConsumer(nats, stream, config)
    consumer = found
    heardUpTo ??= found.delivered.stream_seq
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
    /** Messages that the server waits for, whoever has them. */
    pending: nats
      .request(() => manager.consumers.info(stream, consumer?.name ?? ""))
      .pipe(Effect.map((info) => info.num_ack_pending)),
    /** Waits until messages come no longer. */
    closed: Effect.promise(async () => void (await messages?.closed())),
    stop: Effect.suspend(() => (messages === undefined ? Effect.void : stopConsuming(nats, messages))),
    leave: (pinned: boolean) => Effect.ignore(Effect.timeoutOption(farewell(pinned), 2_000))
  }
})
