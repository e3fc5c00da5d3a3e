/**
 * Carries what was committed from the outbox to the bus: in order within a tenant, tenants beside each other, at least once.
 *
 * One fiber alone speaks to the outbox, settling before it claims, so that no entry is seen again between its delivery and its
 * settlement. It asks when woken, when a retry is due, when the last claim was full, and otherwise at the pace of the poll.
 */
import { backoff, type Backoff, defaultBackoff } from "@dueline/contracts/backoff"
import { EventBus } from "@dueline/contracts/ports/EventBus"
import { Outbox, type OutboxEntry, type Settlement } from "@dueline/contracts/ports/Outbox"
import { Cause, Clock, Context, Effect, FiberSet, Layer, Queue } from "effect"

export interface Options {
  /** New entries asked for at once. */
  readonly batch?: number
  /** Entries that may be on their way at once; a slow tenant's pile up here, so it also bounds what is read again with each claim. */
  readonly held?: number
  /** Milliseconds between two claims when nothing happens. */
  readonly pollMs?: number
  /** Between two attempts on one entry, and between two on a store that does not answer. */
  readonly backoff?: Backoff
  /** Failed publications after which an entry becomes a dead letter. */
  readonly maxFailures?: number
}

export class Dispatcher extends Context.Service<Dispatcher, {
  /** Says that there may be new entries. Returns at once; many calls make one claim. */
  readonly wake: Effect.Effect<void>
}>()("@dueline/orchestration/Dispatcher") {}

const streamOf = ({ streamId, tenantId }: OutboxEntry): string => `${tenantId}/${streamId}`

const errorOf = (cause: Cause.Cause<unknown>): string => Cause.pretty(cause).slice(0, 1_000)

/** One attempt on one entry. Whatever goes wrong, a defect of the bus included, is the entry's failure and not the dispatcher's. */
const attempt = (bus: EventBus["Service"], entry: OutboxEntry, maxFailures: number, wait: Backoff): Effect.Effect<Settlement> => {
  const { eventId, failures, payload, streamId, tenantId, topic } = entry
  return Effect.suspend(() => bus.publish({ eventId, tenantId, streamId, topic, payload })).pipe(
    Effect.as<Settlement>({ _tag: "Delivered", entry }),
    Effect.catchCause(Effect.fnUntraced(function*(cause): Effect.fn.Return<Settlement> {
      const error = errorOf(cause)
      if (failures + 1 >= maxFailures) {
        yield* Effect.annotateLogs(Effect.logError("outbox entry given up"), { eventId, tenantId, topic, error })
        return { _tag: "Dead", entry, error }
      }
      const retryAt = (yield* Clock.currentTimeMillis) + (yield* backoff(wait, failures + 1))
      return { _tag: "Failed", entry, retryAt, error }
    }))
  )
}

/** The dispatcher and its loop, which ends with the scope that the lanes live in. */
export const make = Effect.fnUntraced(function*(options: Options = {}) {
  const { batch = 128, backoff: wait = defaultBackoff, held: maxHeld = 1_024, maxFailures = 10, pollMs = 5_000 } = options
  const outbox = yield* Outbox
  const bus = yield* EventBus
  const signal = yield* Queue.dropping<void>(1)
  const fork = yield* FiberSet.makeRuntime<never>()

  /** Positions that were claimed and are not settled yet. */
  const held = new Set<number>()
  /** What waits to be published, by tenant; the first of each is being published. */
  const lanes = new Map<string, Array<OutboxEntry>>()
  const settlements: Array<Settlement> = []
  /** Streams with a failure that the outbox does not know of yet: until it does, a claim may show what has to wait behind it. */
  const failing = new Set<string>()
  let retries: Array<number> = []
  let claimNow = true
  let polledAt = 0
  let troubles = 0

  const tell = (): void => void Queue.offerUnsafe(signal, undefined)

  const work = Effect.fnUntraced(function*(tenantId: string, lane: Array<OutboxEntry>) {
    for (let entry = lane[0]; entry !== undefined; entry = lane[0]) {
      const settlement = yield* attempt(bus, entry, maxFailures, wait)
      lane.shift()
      if (settlement._tag === "Failed") letGo(lane, streamOf(entry))
      settlements.push(settlement)
      tell()
    }
    lanes.delete(tenantId)
  })

  /** What stands behind a failed entry of its stream comes again with it. */
  const letGo = (lane: Array<OutboxEntry>, stream: string): void => {
    failing.add(stream)
    const behind = lane.splice(0)
    for (const entry of behind) streamOf(entry) === stream ? held.delete(entry.position) : lane.push(entry)
  }

  const take = (entry: OutboxEntry): void => {
    if (held.has(entry.position) || failing.has(streamOf(entry))) return
    held.add(entry.position)
    const lane = lanes.get(entry.tenantId)
    if (lane !== undefined) {
      lane.push(entry)
      return
    }
    const first = [entry]
    lanes.set(entry.tenantId, first)
    fork(work(entry.tenantId, first))
  }

  const settle = Effect.gen(function*() {
    const settled = [...settlements]
    if (settled.length === 0) return
    yield* outbox.settle(settled)
    settlements.splice(0, settled.length)
    for (const settlement of settled) {
      held.delete(settlement.entry.position)
      if (settlement._tag !== "Failed") continue
      failing.delete(streamOf(settlement.entry))
      retries.push(settlement.retryAt)
    }
    // The poll finds what is not remembered here.
    retries = retries.toSorted((a, b) => a - b).slice(0, maxHeld)
  })

  const claim = Effect.fnUntraced(function*(now: number) {
    claimNow = false
    polledAt = now
    const limit = held.size + batch
    const entries = yield* Effect.onError(outbox.claim({ now, limit }), () => Effect.sync(() => claimNow = true))
    retries = retries.filter((retryAt) => retryAt > now)
    claimNow ||= entries.length >= limit
    entries.forEach(take)
  })

  const round = Effect.gen(function*() {
    yield* settle
    const now = yield* Clock.currentTimeMillis
    const dueAt = claimNow ? now : Math.min(polledAt + pollMs, retries[0] ?? Number.POSITIVE_INFINITY)
    const hasRoom = held.size + batch <= maxHeld
    if (dueAt <= now && hasRoom) yield* claim(now)
    else yield* hasRoom ? Effect.timeoutOption(Queue.take(signal), dueAt - now) : Queue.take(signal)
    troubles = 0
  })

  const run = round.pipe(
    Effect.catchCause(Effect.fnUntraced(function*(cause) {
      troubles += 1
      yield* Effect.annotateLogs(Effect.logWarning("the outbox does not answer"), { troubles, error: errorOf(cause) })
      yield* Effect.sleep(yield* backoff(wait, troubles))
    })),
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
    Effect.gen(function*() {
      const { dispatcher, run } = yield* make(options)
      yield* Effect.forkScoped(run)
      return dispatcher
    })
  )
