/**
 * The messages that JetStream has delivered to this process and that are not acknowledged yet, handled one at a time for each tenant in
 * the order of the stream, tenants in parallel. A message that has to be tried again stays at the head of its tenant's queue and
 * unacknowledged, so that no later one overtakes it.
 *
 * A message belongs to this process for as long as the server waits for its acknowledgement. The server's clock cannot be read, but two
 * bounds are known: it waits at least `ackWaitMs` from the start of a keep-alive round (`working` for every message) that it answered,
 * and a message that arrives after such an answer was sent after the round's start. So a process that was stopped or cut off for longer
 * finds its messages expired when it resumes, those in its socket's buffer too, and drops them: another process has them by then.
 */
import { ShortLivedMap } from "@dueline/contracts/ShortLived"
import { backoff, type Backoff } from "@dueline/contracts/backoff"
import type { DeadLetter } from "@dueline/contracts/ports/DeadLetters"
import type { BusMessage, Delivery, Verdict } from "@dueline/contracts/ports/EventBus"
import { Recent } from "@dueline/contracts/Recent"
import type { JsMsg } from "@nats-io/jetstream"
import { Cause, Deferred, Effect } from "effect"

export type Handler = (delivery: Delivery) => Effect.Effect<Verdict>

export interface DeliveryRules {
  /** Deliveries of one message to the group, those to dead processes included, before it is given up. */
  readonly maxAttempts: number
  readonly backoff: Backoff
  /** Milliseconds that a handler may take; then it is interrupted and the message comes again. */
  readonly timeoutMs: number
  readonly onDead: (letter: DeadLetter) => Effect.Effect<void>
}

interface Unacked {
  readonly message: BusMessage
  /** Place in the stream. */
  readonly sequence: number
  /** How often the server had delivered it when it came, this time included. */
  readonly deliveries: number
  handle: JsMsg
  /** Monotonic milliseconds until which no other process can have it. */
  oursUntil: number
}

/** Sequences of acknowledged messages, in case an acknowledgement is lost and the message comes again. */
const rememberedAcks = 10_000

/** Of one dead letter; the last ones are kept. */
const reasonLimit = 20

/** The handler's verdict; one that dies or takes too long asks for a retry by it. */
const verdictOf = (handler: Handler, delivery: Delivery, timeoutMs: number): Effect.Effect<Verdict> =>
  Effect.suspend(() => handler(delivery)).pipe(
    Effect.catchCause((cause) => Effect.succeed<Verdict>({ _tag: "Retry", reason: Cause.pretty(cause) })),
    Effect.timeoutOrElse({
      duration: timeoutMs,
      orElse: () => Effect.succeed<Verdict>({ _tag: "Retry", reason: `no verdict within ${timeoutMs} ms` })
    })
  )

/** For the server's advisory, which is a line of text. */
const oneLine = (reason: string): string => reason.replaceAll(/\s+/gu, " ").slice(0, 200)

/** Handling is paused at first. */
export const makeTenantSerialiser = (options: {
  readonly group: string
  readonly handler: Handler
  readonly rules: DeliveryRules & { readonly ackWaitMs: number }
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly run: (work: Effect.Effect<void>) => void
}) => {
  const { group, handler, now, rules, run } = options
  const unacked = new ShortLivedMap<number, Unacked>()
  const acked = new Recent<number, true>(rememberedAcks)
  /** What is not with a handler, in the order of the stream. */
  const queues = new Map<string, Array<Unacked>>()
  const busy = new Set<string>()
  let roundStartedAt = Number.NEGATIVE_INFINITY
  let running = false
  let givenBack = Deferred.makeUnsafe<void>()

  const isHere = (one: Unacked): boolean => unacked.get(one.sequence) === one

  /** For good. The server is told last. */
  const finish = (one: Unacked, settle: (handle: JsMsg) => void): void => {
    if (!isHere(one)) return
    unacked.delete(one.sequence)
    acked.set(one.sequence, true)
    settle(one.handle)
  }

  /** The server delivers it again at once, to another member or to this one. */
  const giveBack = (one: Unacked): void => {
    if (!isHere(one)) return
    unacked.delete(one.sequence)
    one.handle.nak()
  }

  const deliver = Effect.fnUntraced(function* (one: Unacked) {
    const reasons: Array<string> = []
    const interlude = givenBack
    let waits = 0
    for (;;) {
      if (!isHere(one)) return
      if (now() >= one.oursUntil) {
        // The server has given it to another process, or is about to: it is told nothing.
        unacked.delete(one.sequence)
        return
      }
      const attempt = one.deliveries + reasons.length
      const verdict = yield* verdictOf(handler, { ...one.message, attempt }, rules.timeoutMs)
      if (verdict._tag === "Ack") return finish(one, (handle) => handle.ack())
      if (verdict._tag === "Wait") waits += 1
      else {
        reasons.push(verdict.reason)
        if (verdict._tag === "Dead" || attempt >= rules.maxAttempts) {
          yield* rules.onDead({ group, message: one.message, reasons: reasons.slice(-reasonLimit) })
          return finish(one, (handle) => handle.term(oneLine(verdict.reason)))
        }
      }
      const pause = Effect.sleep(yield* backoff(rules.backoff, verdict._tag === "Wait" ? waits : attempt))
      yield* Effect.raceFirst(pause, Deferred.await(interlude))
      if (Deferred.isDoneUnsafe(interlude)) return giveBack(one)
    }
  })

  const next = (queue: Array<Unacked>): Unacked | undefined => (running ? queue.shift() : undefined)

  const work = (tenant: string, queue: Array<Unacked>) =>
    Effect.gen(function* () {
      for (let one = next(queue); one !== undefined; one = next(queue)) yield* deliver(one)
    }).pipe(
      Effect.catchCause((cause) =>
        Cause.hasInterrupts(cause)
          ? Effect.interrupt
          : Effect.logError("a tenant's queue of the bus broke", { tenantId: tenant }, cause)
      ),
      Effect.ensuring(
        Effect.sync(() => {
          busy.delete(tenant)
          // Something may have come between the last look and here.
          if (queue.length === 0) queues.delete(tenant)
          else start(tenant, queue)
        })
      )
    )

  const start = (tenant: string, queue: Array<Unacked>): void => {
    if (!running || queue.length === 0 || busy.has(tenant)) return
    busy.add(tenant)
    run(work(tenant, queue))
  }

  /** In the order of the stream. Begins with it when the tenant's queue is at rest. */
  const enqueue = (one: Unacked): void => {
    const { tenantId } = one.message
    const queue = queues.get(tenantId) ?? []
    queues.set(tenantId, queue)
    const before = queue.findLastIndex(({ sequence }) => sequence < one.sequence)
    queue.splice(before + 1, 0, one)
    start(tenantId, queue)
  }

  /** Takes what the server sent. Undefined when it is known: one that was acknowledged is acknowledged again, one that waits goes on. */
  const admit = (handle: JsMsg, message: BusMessage): Unacked | undefined => {
    const sequence = handle.seq
    if (acked.has(sequence)) {
      handle.ack()
      return undefined
    }
    const oursUntil = roundStartedAt + rules.ackWaitMs
    const known = unacked.get(sequence)
    if (known !== undefined) {
      known.handle = handle
      known.oursUntil = oursUntil
      return undefined
    }
    const one: Unacked = { message, sequence, deliveries: handle.info.deliveryCount, handle, oursUntil }
    unacked.set(sequence, one)
    return one
  }

  const pause = (): void => {
    running = false
  }

  return {
    admit,
    enqueue,
    /** Messages not acknowledged, those with a handler included. */
    size: (): number => unacked.size,
    resume: (): void => {
      running = true
      for (const [tenant, queue] of queues) start(tenant, queue)
    },
    /** No handler begins; those that run go on. */
    pause,
    /** Pauses, and gives back to the server what is not with a handler. */
    giveBackWaiting: (): void => {
      pause()
      for (const queue of queues.values()) for (const one of queue.splice(0)) giveBack(one)
      Deferred.doneUnsafe(givenBack, Effect.void)
      givenBack = Deferred.makeUnsafe<void>()
    },
    giveBackAll: (): void => {
      for (const one of unacked.values()) giveBack(one)
    },
    /** The stream is another one: the old sequences mean other messages now, and acknowledging them would lose those. */
    forget: (): void => {
      unacked.clear()
      acked.clear()
      for (const queue of queues.values()) queue.length = 0
    },
    /** Tells the server of every message that it is being worked on. Call the answer when the server has answered a later request. */
    keepAlive: (): (() => void) => {
      const startedAt = now()
      const round = [...unacked.values()]
      for (const { handle } of round) handle.working()
      return () => {
        roundStartedAt = startedAt
        for (const one of round) one.oursUntil = startedAt + rules.ackWaitMs
      }
    }
  }
}
