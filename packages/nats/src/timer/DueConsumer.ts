/**
 * Receives the alarms whose time is near, for the partitions that this process serves. Each partition has one consumer (`prioritized`),
 * which delivers to the process with the first rank while that one pulls, else to the next.
 *
 * A wake-up is acknowledged when its alarm's time has come: should this process die before, the server delivers it to the next one.
 */
import { ShortLivedSet } from "@dueline/contracts/ShortLived"
import { partitionCount } from "@dueline/contracts/partition"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import { AckPolicy, type JsMsg } from "@nats-io/jetstream"
import { nanos } from "@nats-io/nats-core"
import { Clock, Effect, Exit, Latch, Queue, Scope } from "effect"
import { ensureConsumer, stopConsuming } from "../consumer.ts"
import { type Warn, retryForever, throttledWarning } from "../retryForever.ts"
import type { Nats } from "../Nats.ts"
import { dueFilter } from "../Subjects.ts"
import type { Topology } from "../Topology.ts"
import { readAlarm } from "./ScheduleWriter.ts"

export interface Ranks {
  /** Place of this process among those that serve the partition: 0 is the first; undefined when it does not serve it. */
  readonly rankOf: (partition: number) => number | undefined
  /** Called with what is to be called after every change. */
  readonly onChange: (listener: () => void) => unknown
}

export interface DueConsumerOptions {
  readonly nats: Nats["Service"]
  readonly topology: Topology["Service"]
  readonly ranks: Ranks
  readonly leadMs: number
  /** Milliseconds after which what this process had when it died comes to the next. */
  readonly ackWaitMs: number
  /** Wake-ups of one partition that may be with a process. */
  readonly maxHeld: number
  /** False for what need not ring any more. Called synchronously. */
  readonly ring: (alarm: Alarm) => boolean
}

const group = "wake"
const lowestRank = 9
const consumerOf = (prefix: string, partition: number, { ackWaitMs, maxHeld }: DueConsumerOptions) => ({
  durable_name: `wake-${partition}`,
  filter_subject: dueFilter(prefix, partition),
  ack_policy: AckPolicy.Explicit,
  ack_wait: nanos(ackWaitMs),
  max_ack_pending: maxHeld,
  max_deliver: -1,
  priority_policy: "prioritized" as const,
  priority_groups: [group]
})

/** Asks for wake-ups of one partition until it is interrupted; failures are retried without end. */
const servePartition = (
  options: DueConsumerOptions,
  partition: number,
  rank: number,
  receive: (handle: JsMsg) => void,
  warn: Warn
): Effect.Effect<never> => {
  const { nats, topology } = options
  const establish = Effect.gen(function* () {
    yield* topology.ensure
    return yield* ensureConsumer(nats, topology.wanted.due.name, consumerOf(nats.prefix, partition, options))
  })
  const session = Effect.gen(function* () {
    const consumer = yield* retryForever(nats, warn, establish)
    yield* Effect.acquireUseRelease(
      Effect.promise(() =>
        nats.jetstream.consumers.getConsumerFromInfo(consumer).consume({
          group,
          priority: Math.min(rank, lowestRank),
          max_messages: 100,
          expires: 10_000,
          idle_heartbeat: 2_500,
          abort_on_missing_resource: true,
          callback: receive
        })
      ),
      (messages) => Effect.promise(() => messages.closed()),
      (messages) => stopConsuming(nats, messages)
    )
  })
  return Effect.forever(
    Effect.catch(session, (refused) =>
      Effect.andThen(Effect.logError("wake-ups cannot be had", refused), Effect.sleep(10_000))
    )
  )
}

/** Milliseconds between two looks at what has come due. */
const lookMs = 100

interface WakeUp {
  readonly handle: JsMsg
  readonly dueAt: number
}

/**
 * Wake-ups that are acknowledged when the time of their alarms has come. The answer takes one in. Those that are left when the scope
 * closes go back to the server, and so at once to the process that serves the partition next.
 */
const makePendingAcks = Effect.fnUntraced(function* () {
  const held = new ShortLivedSet<WakeUp>()
  const some = yield* Latch.make(false)
  const settle = Effect.gen(function* () {
    yield* some.await
    const now = yield* Clock.currentTimeMillis
    for (const one of held) {
      if (one.dueAt > now) continue
      held.delete(one)
      one.handle.ack()
    }
    if (held.size === 0) some.closeUnsafe()
    yield* Effect.sleep(lookMs)
  })
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const { handle } of held) handle.nak()
    })
  )
  yield* Effect.forkScoped(Effect.forever(settle))
  return (one: WakeUp): void => {
    held.add(one)
    some.openUnsafe()
  }
})

/** Serves what the ranks say, until the scope closes. */
export const consumeDue = Effect.fnUntraced(function* (options: DueConsumerOptions) {
  const { ackWaitMs, leadMs, ranks, ring } = options
  const clock = yield* Clock.Clock
  const ackWhenDue = yield* makePendingAcks()
  const warn = throttledWarning("partitions get no wake-ups from NATS")
  const serving = new Map<number, { readonly rank: number; readonly scope: Scope.Closeable }>()

  const receive = (handle: JsMsg): void => {
    const alarm = readAlarm(handle.string())
    if (alarm === undefined) return handle.term("unreadable")
    const early = alarm.dueAt - clock.currentTimeMillisUnsafe()
    // The server's clock is ahead: it is to speak again when the time is near here too.
    if (early > leadMs + ackWaitMs / 2) return handle.nak(early - leadMs)
    if (ring(alarm)) ackWhenDue({ handle, dueAt: alarm.dueAt })
    else handle.ack()
  }

  const adjust = Effect.fnUntraced(function* (partition: number) {
    const rank = ranks.rankOf(partition)
    const now = serving.get(partition)
    if (now?.rank === rank) return
    if (now !== undefined) yield* Scope.close(now.scope, Exit.void)
    serving.delete(partition)
    if (rank === undefined) return
    const scope = yield* Scope.make()
    serving.set(partition, { rank, scope })
    yield* Effect.forkIn(servePartition(options, partition, rank, receive, warn), scope)
  })

  const partitions = Array.from({ length: partitionCount }, (_, partition) => partition)
  const everywhere = <E, R>(each: (partition: number) => Effect.Effect<void, E, R>) =>
    Effect.forEach(partitions, each, { concurrency: 8, discard: true })
  const changed = yield* Queue.sliding<void>(1)
  ranks.onChange(() => void Queue.offerUnsafe(changed, undefined))
  yield* Effect.addFinalizer(() =>
    everywhere((partition) => Scope.close(serving.get(partition)?.scope ?? Scope.makeUnsafe(), Exit.void))
  )
  yield* everywhere(adjust)
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Queue.take(changed), everywhere(adjust))))
})
