/**
 * Carries what was committed from the outbox to the bus: in order within a stream, tenants beside each other, at least once. `make` is
 * for a program that is alone with its outbox; of several processes with `makeLed`, one at a time does the work and another takes over.
 *
 * One that was paused and does not know yet that it was replaced does no harm: what it publishes was published before, which the bus
 * recognises by the event's id, and what it settles was settled before.
 */
import { backoff, type Backoff, defaultBackoff } from "@dueline/contracts/backoff"
import { EventBus } from "@dueline/contracts/ports/EventBus"
import { Leases } from "@dueline/contracts/ports/Leases"
import { Outbox } from "@dueline/contracts/ports/Outbox"
import { isStoreTrouble } from "@dueline/contracts/storeTrouble"
import { Clock, Context, Effect, Layer, Queue, type Scope } from "effect"
import { errorOf, makePublisher, type Rules } from "./publisher.ts"
import { type Leadership, whileLeading } from "./whileLeading.ts"

interface Pace extends Rules {
  /** New entries asked for at once. */
  readonly batch: number
  /** Entries that may be on their way at once; a slow tenant's pile up here, and each claim passes over them. */
  readonly held: number
  /** Milliseconds between two claims when nothing happens. */
  readonly pollMs: number
  /** Milliseconds from one round to the next under load, so that its statements carry many entries. The first after a rest is at once. */
  readonly lingerMs: number
}

/** Tells the loop that there may be something to claim; kept while the loop does not wait for it. */
interface WakeSignal {
  readonly queue: Queue.Queue<void>
  raised: boolean
}

const makeWakeSignal: Effect.Effect<WakeSignal> = Effect.map(Queue.dropping<void>(1), (queue) => ({
  queue,
  raised: true
}))

const wake = (signal: WakeSignal): void => {
  signal.raised = true
  Queue.offerUnsafe(signal.queue, undefined)
}

interface LoopState {
  retries: ReadonlyArray<number>
  polledAt: number
  roundAt: number
  troubles: number
}

/**
 * The loop between outbox and bus. One fiber alone speaks to the outbox, settling before it claims, so that no entry is seen again between
 * its delivery and its settlement. It claims when woken, when a retry is due, when the last claim was full, and otherwise at the pace of
 * the poll. Never ends by itself; its publications end with the scope, and what is on its way then is claimed again at the next start.
 */
const emptyOutbox = Effect.fnUntraced(function* (
  pace: Pace,
  signal: WakeSignal
): Effect.fn.Return<never, never, Outbox | EventBus | Scope.Scope> {
  const outbox = yield* Outbox
  const tell = () => void Queue.offerUnsafe(signal.queue, undefined)
  const { claimed, take } = yield* makePublisher(yield* EventBus, pace, tell)
  const state: LoopState = { retries: [], polledAt: 0, roundAt: 0, troubles: 0 }
  signal.raised = true

  const settle = Effect.gen(function* () {
    const { unsettled } = claimed
    if (unsettled.length === 0) return
    yield* outbox.settle(unsettled)
    claimed.settled(unsettled.length)
    const coming = unsettled.flatMap((settlement) => (settlement._tag === "Failed" ? [settlement.retryAt] : []))
    // The poll finds those that are not kept here.
    if (coming.length > 0) state.retries = [...state.retries, ...coming].sort((a, b) => a - b).slice(0, pace.held)
  })

  const claim = Effect.fnUntraced(function* (now: number) {
    const asked = { now, limit: pace.batch, held: claimed.positions }
    signal.raised = false
    const entries = yield* Effect.onError(outbox.claim(asked), () => Effect.sync(() => (signal.raised = true)))
    state.polledAt = now
    state.retries = state.retries.filter((retryAt) => retryAt > now)
    signal.raised ||= entries.length >= asked.limit
    entries.forEach(take)
  })

  const linger = Effect.gen(function* () {
    const left = state.roundAt + pace.lingerMs - (yield* Clock.currentTimeMillis)
    if (left > 0) yield* Effect.sleep(left)
    state.roundAt = yield* Clock.currentTimeMillis
  })

  const round = Effect.gen(function* () {
    if (pace.lingerMs > 0) yield* linger
    if (!pace.mayPublish()) return yield* Effect.never
    yield* settle
    const now = yield* Clock.currentTimeMillis
    const dueAt = signal.raised ? now : Math.min(state.polledAt + pace.pollMs, state.retries[0] ?? Infinity)
    const hasRoom = claimed.size + pace.batch <= pace.held
    if (dueAt <= now && hasRoom) yield* claim(now)
    // Without room a claim would change nothing before an entry is settled, and that raises the signal.
    else yield* hasRoom ? Effect.timeoutOption(Queue.take(signal.queue), dueAt - now) : Queue.take(signal.queue)
    state.troubles = 0
  })

  const roundOrPause = Effect.catchCause(
    round,
    Effect.fnUntraced(function* (cause) {
      state.troubles += 1
      const facts = { troubles: state.troubles, error: errorOf(cause) }
      // Logged once, however long it lasts: metrics and the readiness of the process show the rest.
      const say = state.troubles === 1 && !isStoreTrouble(cause) ? Effect.logWarning : Effect.logDebug
      yield* Effect.annotateLogs(say("the outbox does not answer"), facts)
      yield* Effect.sleep(yield* backoff(pace.backoff, state.troubles))
    })
  )
  return yield* Effect.forever(roundOrPause)
})

export interface Options extends Partial<Omit<Pace, "mayPublish" | "backoff">> {
  /** Between two attempts on one entry, two probes of a bus that is away, and two questions to a store that does not answer. */
  readonly backoff?: Backoff
}

interface LedOptions extends Options, Partial<Omit<Leadership, "holder">> {
  /** This process, under a name that no other has; a new one for every start. */
  readonly holder: string
}

export class Dispatcher extends Context.Service<
  Dispatcher,
  {
    /** Says that there may be new entries. Returns at once; many calls make one claim. */
    readonly wake: Effect.Effect<void>
  }
>()("@dueline/orchestration/Dispatcher") {}

const defaultPace: Omit<Pace, "mayPublish"> = {
  batch: 128,
  held: 1_024,
  window: 64,
  pollMs: 5_000,
  lingerMs: 0,
  backoff: defaultBackoff,
  maxFailures: 10
}

const defaultLeadership: Omit<Leadership, "holder"> = { name: "outbox", ttlMs: 5_000, extendMs: 1_500, retryMs: 1_000 }

const prepare = Effect.fnUntraced(function* (options: Options) {
  const signal = yield* makeWakeSignal
  const ports = yield* Effect.context<Outbox | EventBus>()
  const work = (mayPublish: () => boolean) =>
    Effect.provide(emptyOutbox({ ...defaultPace, ...options, mayPublish }, signal), ports)
  return { dispatcher: Dispatcher.of({ wake: Effect.sync(() => wake(signal)) }), work }
})

/** The dispatcher and its loop, which never ends by itself. What is on its way when it is interrupted comes again with the next start. */
export const make = Effect.fnUntraced(function* (options: Options = {}) {
  const { dispatcher, work } = yield* prepare(options)
  return { dispatcher, run: Effect.scoped(work(() => true)) }
})

/** The same, doing nothing while another process has the lease; gives it back when it is interrupted. */
export const makeLed = Effect.fnUntraced(function* (options: LedOptions) {
  const { dispatcher, work } = yield* prepare(options)
  return { dispatcher, run: whileLeading(yield* Leases, { ...defaultLeadership, ...options }, work) }
})

const running = <R>(
  made: Effect.Effect<{ readonly dispatcher: Dispatcher["Service"]; readonly run: Effect.Effect<never> }, never, R>
) =>
  Layer.effect(
    Dispatcher,
    Effect.gen(function* () {
      const { dispatcher, run } = yield* made
      yield* Effect.forkScoped(run)
      return dispatcher
    })
  )

/** Runs until the scope closes. */
export const layer = (options?: Options) => running(make(options))

/** Runs until the scope closes, as one of several. */
export const layerLed = (options: LedOptions) => running(makeLed(options))
