/**
 * Publishes claimed outbox entries, tenants beside each other. Entries of one tenant leave in the order of their positions, several at a
 * time, yet never two of one stream at once: whatever happens to a publication, a stream stays in order. Within a tenant an entry that
 * got no answer may be overtaken by those of other streams that had left before that was known, or that a probe took; one that was refused,
 * by all that its retry does not hold up. Knows nothing of the outbox table.
 *
 * While the bus is away nothing is published but one probe after another, with growing pauses, and no entry is charged for it.
 */
import { backoff, type Backoff } from "@dueline/contracts/backoff"
import type { BusUnavailable, EventBus } from "@dueline/contracts/ports/EventBus"
import type { OutboxEntry, Settlement } from "@dueline/contracts/ports/Outbox"
import { Metrics } from "@dueline/contracts/telemetry/Metrics"
import { takeTrace, Tracing } from "@dueline/contracts/telemetry/Tracing"
import { Cause, Clock, Effect, Exit, FiberSet, Option } from "effect"
import { ClaimedEntries, streamOf, TenantOutbox } from "./TenantOutbox.ts"

/** Publications without an answer in a row, of whatever messages, after which the bus counts as away. */
const patience = 3

/** Times that a message got no answer although others had got one since the last time, before it is blamed. */
const benefitOfDoubt = 3

interface Miss {
  readonly times: number
  /** How many answers the bus had given by then. */
  readonly answers: number
  /** How often it missed although the bus had answered others since its last miss. */
  readonly alone: number
}

/**
 * Whether the bus takes anything at all, and whether a message itself is to blame. No message is charged for a time without any answers.
 */
class BusHealth {
  #answers = 0
  #inARow = 0
  #away = false
  readonly #misses = new Map<number, Miss>()

  /** True while nothing should be published but a probe. */
  get away(): boolean {
    return this.#away
  }

  /** The bus took this entry, or refused it: either way it is there. Answers whether it was away until now. */
  answered(position: number): boolean {
    const back = this.#away
    this.#misses.delete(position)
    this.#answers += 1
    this.#inARow = 0
    this.#away = false
    return back
  }

  /** This entry got no answer. Answers with what that means: for the bus, and whether the entry is to blame. */
  unanswered(position: number): { readonly leaves: boolean; readonly blamed: boolean } {
    this.#inARow += 1
    const leaves = !this.#away && this.#inARow >= patience
    this.#away ||= leaves
    const last = this.#misses.get(position)
    const alone = (last?.alone ?? 0) + (last !== undefined && last.answers < this.#answers ? 1 : 0)
    const blamed = alone >= benefitOfDoubt
    if (blamed) this.#misses.delete(position)
    else this.#misses.set(position, { times: this.missesOf(position) + 1, answers: this.#answers, alone })
    return { leaves, blamed }
  }

  /** How often this entry got no answer lately: the oldest is not always the best probe. */
  missesOf(position: number): number {
    return this.#misses.get(position)?.times ?? 0
  }

  /** The entry is not published here any more. */
  forget(position: number): void {
    this.#misses.delete(position)
  }
}

type Outcome =
  | { readonly _tag: "Delivered" }
  /** The bus does not take this one: the entry's own failure, as is a defect of the bus that it set off. */
  | { readonly _tag: "Refused"; readonly error: string }
  /** The bus takes nothing at the moment, or did not say: the entry may be no cause of it. */
  | { readonly _tag: "Unanswered"; readonly error: string }

const none = () => 0

/** Seconds since the event was decided on, whose id begins with that time (a UUID of version 7). */
const lagOf = (eventId: string, now: number): number =>
  Math.max(0, now - Number.parseInt(eventId.replace("-", "").slice(0, 12), 16)) / 1_000

/** What went wrong, cut to a length that a table and a log line can bear. */
export const errorOf = (cause: Cause.Cause<unknown>): string => Cause.pretty(cause).slice(0, 1_000)

const outcomeOf = (cause: Cause.Cause<BusUnavailable>): Outcome => {
  const failure = Option.getOrUndefined(Cause.findErrorOption(cause))
  return { _tag: failure?.scope === "bus" ? "Unanswered" : "Refused", error: errorOf(cause) }
}

const publishOne = (bus: EventBus["Service"], tracing: Tracing | null, entry: OutboxEntry): Effect.Effect<Outcome> =>
  Effect.suspend(() => {
    const { eventId, streamId, tenantId, topic } = entry
    const { payload, traceparent } = takeTrace(entry.payload)
    const message = { eventId, tenantId, streamId, topic, payload }
    if (traceparent === null) return bus.publish(message)
    const span = tracing?.child("producer", `send ${topic}`, traceparent, {
      "dueline.tenant.id": tenantId,
      "messaging.destination.name": topic,
      "messaging.message.id": eventId,
      "messaging.operation.name": "send",
      "messaging.operation.type": "send"
    })
    const publishing = bus.publish({ ...message, traceparent: span?.traceparent ?? traceparent })
    if (span === undefined || span === null) return publishing
    return Effect.onExit(publishing, (exit) =>
      Effect.sync(() => span.end(Exit.isSuccess(exit) ? null : outcomeOf(exit.cause)._tag))
    )
  }).pipe(
    Effect.as<Outcome>({ _tag: "Delivered" }),
    Effect.catchCause((cause) => Effect.succeed(outcomeOf(cause)))
  )

interface Patience {
  /** Between two attempts on one entry, and between two probes of a bus that is away. */
  readonly backoff: Backoff
  /** Failed publications after which an entry becomes a dead letter. */
  readonly maxFailures: number
}

/** Charges the entry with one failure. */
const afterFailure = Effect.fnUntraced(function* (
  entry: OutboxEntry,
  error: string,
  patience: Patience
): Effect.fn.Return<Settlement> {
  const failures = entry.failures + 1
  if (failures < patience.maxFailures) {
    const retryAt = (yield* Clock.currentTimeMillis) + (yield* backoff(patience.backoff, failures))
    return { _tag: "Failed", entry, retryAt, error }
  }
  const { eventId, tenantId, topic } = entry
  yield* Effect.annotateLogs(Effect.logError("outbox entry given up"), { eventId, tenantId, topic, failures, error })
  return { _tag: "Dead", entry, error }
})

export interface Rules extends Patience {
  /** Publications of one tenant that may be on their way at once. */
  readonly window: number
  /** Asked before every publication. Once it says no, nothing more is published. */
  readonly mayPublish: () => boolean
}

/** Of what could leave, that which had no answer least often, so that one entry that never gets any does not stand for the bus. */
const probeOf = (outboxes: Iterable<TenantOutbox>, health: BusHealth) => {
  const ready = [...outboxes].flatMap((outbox) => outbox.ready().map((entry) => ({ outbox, entry })))
  const misses = ready.map(({ entry }) => health.missesOf(entry.position))
  return ready[misses.indexOf(Math.min(...misses))]
}

/** Its publications end with the scope. `onSettled` is called after every outcome, when `claimed` already has it. */
export const makePublisher = Effect.fnUntraced(function* (
  bus: EventBus["Service"],
  rules: Rules,
  onSettled: () => void
) {
  const fork = yield* FiberSet.makeRuntime<never>()
  const { deadLetters, outboxHeld, outboxLag, publishFailures, published } = yield* Metrics
  const tracing = yield* Tracing
  const counters = { Delivered: published, Failed: publishFailures, Dead: deadLetters.of("outbox") }
  const health = new BusHealth()
  const claimed = new ClaimedEntries()
  const outboxes = new Map<string, TenantOutbox>()
  const pumping = new Set<TenantOutbox>()
  let probing = false
  const clock = yield* Clock.Clock
  outboxHeld.read = () => claimed.size
  outboxLag.read = () => (claimed.oldest === undefined ? 0 : lagOf(claimed.oldest, clock.currentTimeMillisUnsafe()))
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      outboxHeld.read = none
      outboxLag.read = none
    })
  )

  const conclude = (outbox: TenantOutbox, settlement: Settlement): void => {
    const { _tag, entry } = settlement
    counters[_tag].add()
    // What stands behind a failed entry of its stream comes again with it.
    for (const behind of _tag === "Failed" ? outbox.letGo(streamOf(entry)) : []) {
      claimed.drop(behind)
      health.forget(behind.position)
    }
    outbox.arrived(entry)
    claimed.conclude(settlement)
    onSettled()
  }

  const judge = Effect.fnUntraced(function* (outbox: TenantOutbox, entry: OutboxEntry, outcome: Outcome) {
    if (outcome._tag === "Unanswered") {
      const { blamed, leaves } = health.unanswered(entry.position)
      if (leaves) yield* holdOn(outcome.error)
      if (!blamed) return outbox.returned(entry)
    } else if (health.answered(entry.position)) yield* goOn
    const delivered = outcome._tag === "Delivered"
    conclude(outbox, delivered ? { _tag: "Delivered", entry } : yield* afterFailure(entry, outcome.error, rules))
  })

  const publish = (outbox: TenantOutbox, entry: OutboxEntry) =>
    publishOne(bus, tracing, entry).pipe(
      Effect.flatMap((outcome) => judge(outbox, entry, outcome)),
      Effect.andThen(Effect.sync(() => pump(outbox)))
    )

  /** Sends what may leave now. A publication may be over before its fiber is out of hand, hence the guard. */
  const pump = (outbox: TenantOutbox): void => {
    if (pumping.has(outbox)) return
    pumping.add(outbox)
    while (!health.away && rules.mayPublish()) {
      const entry = outbox.next()
      if (entry === undefined) break
      fork(publish(outbox, entry))
    }
    pumping.delete(outbox)
    if (outbox.empty && outboxes.get(outbox.tenantId) === outbox) outboxes.delete(outbox.tenantId)
  }

  const probe = Effect.gen(function* () {
    for (let step = 1; health.away; step += 1) {
      yield* Effect.sleep(yield* backoff(rules.backoff, step))
      const found = probeOf(outboxes.values(), health)
      if (health.away && found !== undefined && rules.mayPublish())
        yield* publish(found.outbox, found.outbox.send(found.entry))
    }
    probing = false
  })

  const holdOn = (error: string) =>
    Effect.suspend(() => {
      if (!probing) fork(probe)
      probing = true
      return Effect.annotateLogs(Effect.logWarning("the bus does not answer: publishing waits for it"), { error })
    })

  const goOn = Effect.suspend(() => {
    for (const outbox of outboxes.values()) pump(outbox)
    return Effect.logInfo("the bus answers again")
  })

  /** Puts a claimed entry into its tenant's outbox, unless it is on its way already or has to wait behind a failure. */
  const take = (entry: OutboxEntry): void => {
    if (!claimed.take(entry)) return
    const outbox = outboxes.get(entry.tenantId) ?? new TenantOutbox(entry.tenantId, rules.window)
    outboxes.set(entry.tenantId, outbox)
    outbox.add(entry)
    pump(outbox)
  }

  return { claimed, take }
})
