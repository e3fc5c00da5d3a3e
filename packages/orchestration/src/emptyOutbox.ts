/**
 * The loop between outbox and bus. One fiber alone speaks to the outbox, settling before it claims, so that no entry is seen again between
 * its delivery and its settlement. It asks when woken, when a retry is due, when the last claim was full, and otherwise at the pace of the
 * poll.
 */
import { backoff } from "@dueline/contracts/backoff"
import { EventBus } from "@dueline/contracts/ports/EventBus"
import { Outbox } from "@dueline/contracts/ports/Outbox"
import { isStoreTrouble } from "@dueline/contracts/storeTrouble"
import { Clock, Effect, Queue, type Scope } from "effect"
import { errorOf } from "./attempt.ts"
import { makeTenantLanes, type Rules } from "./TenantLanes.ts"

export interface Pace extends Rules {
  /** New entries asked for at once. */
  readonly batch: number
  /** Entries that may be on their way at once; a slow tenant's pile up here, so it also bounds what is read again with each claim. */
  readonly held: number
  /** Milliseconds between two claims when nothing happens. */
  readonly pollMs: number
  /** Milliseconds from one round to the next under load, so that its statements carry many entries. The first after a rest is at once. */
  readonly lingerMs: number
}

/** Tells the loop that there may be something to claim. Told while nobody listens, it is remembered. */
export interface Bell {
  readonly signal: Queue.Queue<void>
  rung: boolean
}

export const makeBell: Effect.Effect<Bell> = Effect.map(Queue.dropping<void>(1), (signal) => ({ signal, rung: true }))

export const ring = (bell: Bell): void => {
  bell.rung = true
  Queue.offerUnsafe(bell.signal, undefined)
}

interface Memory {
  retries: ReadonlyArray<number>
  polledAt: number
  roundAt: number
  troubles: number
}

/** Never ends by itself. Its publications end with the scope; what is on its way then is claimed again by whoever comes next. */
export const emptyOutbox = Effect.fnUntraced(function* (
  pace: Pace,
  bell: Bell
): Effect.fn.Return<never, never, Outbox | EventBus | Scope.Scope> {
  const outbox = yield* Outbox
  const tell = () => void Queue.offerUnsafe(bell.signal, undefined)
  const { claimed, take } = yield* makeTenantLanes(yield* EventBus, pace, tell)
  const memory: Memory = { retries: [], polledAt: 0, roundAt: 0, troubles: 0 }
  bell.rung = true

  const settle = Effect.gen(function* () {
    const { unsettled } = claimed
    if (unsettled.length === 0) return
    yield* outbox.settle(unsettled)
    claimed.settled(unsettled.length)
    const coming = unsettled.flatMap((settlement) => (settlement._tag === "Failed" ? [settlement.retryAt] : []))
    // The poll finds those that are not remembered here.
    if (coming.length > 0) memory.retries = [...memory.retries, ...coming].sort((a, b) => a - b).slice(0, pace.held)
  })

  const claim = Effect.fnUntraced(function* (now: number) {
    const limit = claimed.size + pace.batch
    bell.rung = false
    const entries = yield* Effect.onError(outbox.claim({ now, limit }), () => Effect.sync(() => (bell.rung = true)))
    memory.polledAt = now
    memory.retries = memory.retries.filter((retryAt) => retryAt > now)
    bell.rung ||= entries.length >= limit
    entries.forEach(take)
  })

  const linger = Effect.gen(function* () {
    const wait = memory.roundAt + pace.lingerMs - (yield* Clock.currentTimeMillis)
    if (wait > 0) yield* Effect.sleep(wait)
    memory.roundAt = yield* Clock.currentTimeMillis
  })

  const round = Effect.gen(function* () {
    if (pace.lingerMs > 0) yield* linger
    if (!pace.mayPublish()) return yield* Effect.never
    yield* settle
    const now = yield* Clock.currentTimeMillis
    const dueAt = bell.rung ? now : Math.min(memory.polledAt + pace.pollMs, memory.retries[0] ?? Infinity)
    const hasRoom = claimed.size + pace.batch <= pace.held
    if (dueAt <= now && hasRoom) yield* claim(now)
    // Without room a claim would change nothing before a lane has moved, and a lane that moves tells.
    else yield* hasRoom ? Effect.timeoutOption(Queue.take(bell.signal), dueAt - now) : Queue.take(bell.signal)
    memory.troubles = 0
  })

  const patiently = Effect.catchCause(
    round,
    Effect.fnUntraced(function* (cause) {
      memory.troubles += 1
      const facts = { troubles: memory.troubles, error: errorOf(cause) }
      // Said once, however long it lasts: what comes of it is in the metrics and in the readiness of the process.
      const say = memory.troubles === 1 && !isStoreTrouble(cause) ? Effect.logWarning : Effect.logDebug
      yield* Effect.annotateLogs(say("the outbox does not answer"), facts)
      yield* Effect.sleep(yield* backoff(pace.backoff, memory.troubles))
    })
  )
  return yield* Effect.forever(patiently)
})
