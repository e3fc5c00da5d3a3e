/**
 * The bus on JetStream. `publish` returns when the server has the message on disk.
 *
 * In order for each tenant and group, at least once. Order holds inside a process because a tenant's messages are handled one at a time
 * (`TenantSerialiser`), and between processes because JetStream pins a group's consumer to one member (`consumerConfig`), which begins
 * when no other member holds messages (`BusConsumer`). No broker can promise exclusivity: a handler in a process that was taken for dead
 * runs on, so its message may be handled twice, and out of order. Consumers recognise the repeat by its event id.
 *
 * Ends of calls, of which there are as many as of calls, go by it only while somebody takes them (`SparedEnds`).
 *
 * A tenant that is stuck holds up no other, until `maxHeld` messages of the group wait.
 */
import { type Backoff, defaultBackoff } from "@dueline/contracts/backoff"
import type { DeadLetter } from "@dueline/contracts/ports/DeadLetters"
import { type BusMessage, BusUnavailable, EventBus } from "@dueline/contracts/ports/EventBus"
import { JetStreamApiError } from "@nats-io/jetstream"
import { InvalidArgumentError } from "@nats-io/nats-core"
import { Cause, Effect, Layer } from "effect"
import { eventBody, eventHeaders, messageId } from "./eventWire.ts"
import { type BusConsumerOptions, makeBusConsumer } from "./BusConsumer.ts"
import type { StreamRefused } from "../ensureStream.ts"
import type { HeardTimes } from "./HeardTopics.ts"
import { Nats, type NatsFailed } from "../Nats.ts"
import { makePublications } from "./Publications.ts"
import { makeSparedEnds } from "./SparedEnds.ts"
import { eventSubject } from "../Subjects.ts"
import { Topology } from "../Topology.ts"

export interface Options {
  /** Deliveries of one message to one group before it is given up. */
  readonly maxAttempts?: number
  /** Between two attempts. */
  readonly backoff?: Backoff
  /** Milliseconds that a handler may take before the attempt counts as failed. */
  readonly timeoutMs?: number
  /** Told of every message that is given up. It has all the time it needs; a defect in it is logged, and the tenant's queue moves on. */
  readonly onDead?: (letter: DeadLetter) => Effect.Effect<void>
  /** Milliseconds after which what a process held that died comes to another. */
  readonly ackWaitMs?: number
  /** Messages that one group may hold in memory. */
  readonly maxHeld?: number
  /** Milliseconds that the server may take to store a message. */
  readonly publishTimeoutMs?: number
  readonly heard?: HeardTimes
}

const logDead = ({ group, message, reasons }: DeadLetter) =>
  Effect.logError("message given up").pipe(
    Effect.annotateLogs({
      tenantId: message.tenantId,
      group,
      eventId: message.eventId,
      topic: message.topic,
      reason: reasons.at(-1)
    })
  )

const rulesOf = (options: Options): BusConsumerOptions["rules"] => {
  const { ackWaitMs = 15_000, maxHeld = 10_000, onDead = logDead } = options
  return {
    maxAttempts: options.maxAttempts ?? 10,
    backoff: options.backoff ?? defaultBackoff,
    timeoutMs: options.timeoutMs ?? 60_000,
    ackWaitMs,
    maxHeld,
    onDead: (letter) =>
      Effect.catchCause(onDead(letter), (cause) =>
        Effect.logError("dead letter not kept", Cause.pretty(cause)).pipe(
          Effect.annotateLogs({ tenantId: letter.message.tenantId, eventId: letter.message.eventId })
        )
      )
  }
}

/** This message will be refused again as it is, e.g. for being too large; others may well be taken. */
const isAboutTheMessage = (cause: unknown): boolean =>
  cause instanceof InvalidArgumentError || (cause instanceof JetStreamApiError && cause.status === 400)

const unavailable = (failed: NatsFailed | StreamRefused) => {
  const cause = failed._tag === "NatsFailed" ? failed.cause : failed
  return new BusUnavailable({ cause, scope: isAboutTheMessage(cause) ? "message" : "bus" })
}

export const make = Effect.fnUntraced(function* (options: Options = {}) {
  const nats = yield* Nats
  const topology = yield* Topology
  const rules = rulesOf(options)
  const { publishTimeoutMs = 5_000 } = options

  const send = yield* makePublications(publishTimeoutMs)
  const publish = (message: BusMessage): Effect.Effect<void, BusUnavailable> => {
    const publication = {
      subject: eventSubject(nats.prefix, message),
      body: eventBody(message),
      id: messageId(message),
      headers: () => eventHeaders(message)
    }
    return Effect.mapError(topology.publishing(send(publication)), unavailable)
  }

  const consume: EventBus["Service"]["consume"] = (interest, handler) =>
    Effect.mapError(makeBusConsumer({ nats, topology, interest, handler, rules }), unavailable)

  return EventBus.of({ publish, consume, spared: yield* makeSparedEnds(options.heard) })
})

export const layer = (options?: Options): Layer.Layer<EventBus, never, Nats | Topology> =>
  Layer.effect(EventBus, make(options))
