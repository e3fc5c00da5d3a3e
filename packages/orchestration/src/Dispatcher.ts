/**
 * Carries what was committed from the outbox to the bus: in order within a tenant, tenants beside each other, at least once.
 *
 * One fiber alone speaks to the outbox, settling before it claims, so that no entry is seen again between its delivery and its
 * settlement. It asks when woken, when a retry is due, when the last claim was full, and otherwise at the pace of the poll.
 */
import { backoff, type Backoff, defaultBackoff } from "@dueline/contracts/backoff"
import { EventBus } from "@dueline/contracts/ports/EventBus"
import { Outbox } from "@dueline/contracts/ports/Outbox"
import { Clock, Context, Effect, Layer, Queue } from "effect"
import { errorOf, makeTenantLanes } from "./TenantLanes.ts"

export interface Options {
  /** New entries asked for at once. */
  readonly batch?: number
  /** Entries that may be on their way at once; a slow tenant's pile up here, so it also bounds what is read again with each claim. */
  readonly held?: number
  /** Milliseconds between two claims when nothing happens. */
  readonly pollMs?: number
  /** Milliseconds from one round to the next under load, so that its statements carry many entries. The first after a rest is at once. */
  readonly lingerMs?: number
  /** Between two attempts on one entry, and between two on a store that does not answer. */
  readonly backoff?: Backoff
  /** Failed publications after which an entry becomes a dead letter. */
  readonly maxFailures?: number
}

export class Dispatcher extends Context.Service<
  Dispatcher,
  {
    /** Says that there may be new entries. Returns at once; many calls make one claim. */
    readonly wake: Effect.Effect<void>
  }
>()("@dueline/orchestration/Dispatcher") {}

/** The dispatcher and its loop, which never ends by itself; its lanes end with the scope. */
export const make = Effect.fnUntraced(function* (options: Options = {}) {
  const {
    batch = 128,
    backoff: wait = defaultBackoff,
    held: maxHeld = 1_024,
    maxFailures = 10,
    pollMs = 5_000,
    lingerMs = 0
  } = options
  const outbox = yield* Outbox
  const signal = yield* Queue.dropping<void>(1)
  const tell = (): void => void Queue.offerUnsafe(signal, undefined)
  const lanes = yield* makeTenantLanes(yield* EventBus, { backoff: wait, maxFailures }, tell)
  let retries: ReadonlyArray<number> = []
  let claimNow = true
  let polledAt = 0
  let roundAt = 0
  let troubles = 0

  const settle = Effect.gen(function* () {
    const unsettled = lanes.unsettled()
    if (unsettled.length === 0) return
    yield* outbox.settle(unsettled)
    lanes.settled(unsettled.length)
    const coming = unsettled.flatMap((settlement) => (settlement._tag === "Failed" ? [settlement.retryAt] : []))
    // The poll finds those that are not remembered here.
    if (coming.length > 0) retries = [...retries, ...coming].sort((a, b) => a - b).slice(0, maxHeld)
  })

  const claim = Effect.fnUntraced(function* (now: number) {
    const limit = lanes.held() + batch
    claimNow = false
    const entries = yield* Effect.onError(outbox.claim({ now, limit }), () => Effect.sync(() => (claimNow = true)))
    polledAt = now
    retries = retries.filter((retryAt) => retryAt > now)
    claimNow ||= entries.length >= limit
    entries.forEach(lanes.take)
  })

  const linger = Effect.gen(function* () {
    const wait = roundAt + lingerMs - (yield* Clock.currentTimeMillis)
    if (wait > 0) yield* Effect.sleep(wait)
    roundAt = yield* Clock.currentTimeMillis
  })

  const round = Effect.gen(function* () {
    if (lingerMs > 0) yield* linger
    yield* settle
    const now = yield* Clock.currentTimeMillis
    const dueAt = claimNow ? now : Math.min(polledAt + pollMs, retries[0] ?? Number.POSITIVE_INFINITY)
    const hasRoom = lanes.held() + batch <= maxHeld
    if (dueAt <= now && hasRoom) yield* claim(now)
    // Without room a claim would change nothing before a lane has moved, and a lane that moves tells.
    else yield* hasRoom ? Effect.timeoutOption(Queue.take(signal), dueAt - now) : Queue.take(signal)
    troubles = 0
  })

  const run = round.pipe(
    Effect.catchCause(
      Effect.fnUntraced(function* (cause) {
        troubles += 1
        yield* Effect.annotateLogs(Effect.logWarning("the outbox does not answer"), { troubles, error: errorOf(cause) })
        yield* Effect.sleep(yield* backoff(wait, troubles))
      })
    ),
    Effect.forever
  )

  const wake = Effect.sync(() => {
    claimNow = true
    tell()
  })
  return { dispatcher: Dispatcher.of({ wake }), run }
})

/** Runs until the scope closes. What is on its way then comes again with the next start. */
export const layer = (options?: Options) =>
  Layer.effect(
    Dispatcher,
    Effect.gen(function* () {
      const { dispatcher, run } = yield* make(options)
      yield* Effect.forkScoped(run)
      return dispatcher
    })
  )
