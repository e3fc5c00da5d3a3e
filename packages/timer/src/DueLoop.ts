/**
 * Turns alarms into commands. What is due comes out of the timer at once and waits in a fair queue; as workers have capacity, the writer is
 * told of the calls whose turn it is: only when an attempt can be made at once, so that none waits with its lease running. What may not
 * start yet, because of its tenant's caps or because its target is paused, stays queued.
 */
import type { Envelope } from "@dueline/contracts/Envelope"
import { CommandId, CorrelationId, EpochMillis, type WorkerId } from "@dueline/contracts/Ids"
import { type AttemptEnded, type ExecutionRequested, systemActor } from "@dueline/contracts/Intent"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { type Alarm, Timer } from "@dueline/contracts/ports/Timer"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { leadMs } from "@dueline/contracts/serviceCall/Spec"
import { makeSignal, type Signal } from "@dueline/contracts/Signal"
import { logUnlessStoreTrouble } from "@dueline/contracts/storeTrouble"
import { Cause, Clock, Context, Deferred, Effect, Exit, Layer, Option } from "effect"
import { defaultFairQueueOptions, FairQueue, type FairQueueOptions } from "./FairQueue.ts"

/** Where attempts can be made. */
export interface FreePlaces {
  /**
   * Shows every worker that may have places, with how many attempts it could make at once if they were asked for now: every attempt
   * whose `ExecutionRequested` was published counts as made already. May show none.
   */
  readonly each: (see: (worker: WorkerId, free: number) => void) => void
  /** The listener is called whenever a place has become free or a worker has come. */
  readonly onFree: (listener: () => void) => void
}

/** The places of a single worker. */
export const placesOf = (
  worker: WorkerId,
  { free, onFree }: { readonly free: () => number; readonly onFree: FreePlaces["onFree"] }
): FreePlaces => ({ each: (see) => see(worker, free()), onFree })

/**
 * Between `acquire` and `release` lies the asking: a place counts as taken until the writer has answered. By then the executor has
 * either got the attempt, and counts it itself, or there is none to make.
 */
export class WorkerCapacity extends Context.Service<
  WorkerCapacity,
  {
    /**
     * Waits until at least one place is free and takes up to `limit`, each from the worker that has most left. Answers the worker of
     * each. One taker at a time.
     */
    readonly acquire: (limit: number) => Effect.Effect<ReadonlyArray<WorkerId>>
    /** Gives one place of the worker back. */
    readonly release: (worker: WorkerId) => void
  }
>()("@dueline/timer/WorkerCapacity") {
  static readonly layer = (places: FreePlaces) => Layer.sync(WorkerCapacity, () => makeWorkerCapacity(places))
}

interface Offer {
  readonly worker: WorkerId
  left: number
}

/** Takes places one by one from the worker that has most; of equals from the one that was shown first. */
const share = (offers: ReadonlyArray<Offer>, limit: number): ReadonlyArray<WorkerId> => {
  const taken: Array<WorkerId> = []
  while (taken.length < limit) {
    let best: Offer | undefined
    for (const offer of offers) if (offer.left > (best?.left ?? 0)) best = offer
    if (best === undefined) break
    best.left -= 1
    taken.push(best.worker)
  }
  return taken
}

export const makeWorkerCapacity = (places: FreePlaces): WorkerCapacity["Service"] => {
  const asking = new Map<WorkerId, number>()
  let waiting: Deferred.Deferred<void> | null = null
  const offers = (): ReadonlyArray<Offer> => {
    const found: Array<Offer> = []
    places.each((worker, free) => {
      const left = free - (asking.get(worker) ?? 0)
      if (left > 0) found.push({ worker, left })
    })
    return found
  }
  const wake = () => {
    if (waiting === null || offers().length === 0) return
    const sleeper = waiting
    waiting = null
    Deferred.doneUnsafe(sleeper, Effect.void)
  }
  const acquire = (limit: number): Effect.Effect<ReadonlyArray<WorkerId>> =>
    Effect.suspend(() => {
      const taken = share(offers(), limit)
      for (const worker of taken) asking.set(worker, (asking.get(worker) ?? 0) + 1)
      if (taken.length > 0) return Effect.succeed(taken)
      const sleeper = Deferred.makeUnsafe<void>()
      waiting = sleeper
      return Effect.flatMap(Deferred.await(sleeper), () => acquire(limit))
    })
  places.onFree(wake)
  return WorkerCapacity.of({
    acquire,
    release: (worker) => {
      const left = (asking.get(worker) ?? 0) - 1
      // Workers come and go: none is remembered for longer than it is asked.
      if (left > 0) asking.set(worker, left)
      else asking.delete(worker)
      wake()
    }
  })
}

const actor = systemActor("timer")
/** The event's own correlation comes from the call's origin; this one only marks who asked. */
const correlationId = CorrelationId.make("timer")

/** What the writer is told when a call's time has come, or is about to. */
const dueTimeReached = (
  { callId, revision, tenantId }: Alarm,
  worker: WorkerId,
  at: number
): Envelope<ServiceCallCommand> => ({
  tenantId,
  commandId: CommandId.make(`due:${callId}:${revision}`),
  correlationId,
  actor,
  traceparent: null,
  idempotency: null,
  expectedVersion: null,
  command: { _tag: "DueTimeReached", callId, at: EpochMillis.make(at), revision, worker }
})

export interface DueLoopOptions extends Partial<FairQueueOptions> {
  /** Calls asked for in one go. */
  readonly batchLimit: number
}

/** How long to leave an alarm alone whose command the writer could not take, in milliseconds. The sweep is behind this. */
const pauseMs = 250
/** Alarms taken from the timer in one turn of the event loop. */
const takeLimit = 512
/** While something waits, new limits come into force within this many milliseconds. */
const lookMs = 1_000

/** Refusals that may have passed by then. Anything else would only fail again, as fast as it is asked. */
const retryable: ReadonlySet<string> = new Set(["Overloaded", "StoreUnavailable"])

interface DueLoop {
  /** Runs for ever, once in a process. Calls picked at one time are asked for together, so that they share a commit. */
  readonly run: Effect.Effect<never>
  /** Keeps count of attempts. To be called once after each commit, synchronously, when its attempts have been delivered. */
  readonly count: (started: ReadonlyArray<ExecutionRequested>, ended: ReadonlyArray<AttemptEnded>) => void
}

interface Parts {
  readonly queue: FairQueue
  readonly wake: Signal
  readonly timer: Timer["Service"]
  readonly capacity: WorkerCapacity["Service"]
  readonly orchestrator: Orchestrator["Service"]
  readonly now: () => number
}

/** Asks for one call with the worker of its place, and reports the outcome to place and queue. */
const firing = ({ capacity, now, orchestrator, queue, timer, wake }: Parts) => {
  /** Answers whether an attempt has begun. */
  const ask = (alarm: Alarm, worker: WorkerId) =>
    Effect.suspend(() => {
      // Too early: the clock was set back while it waited.
      if (now() < alarm.dueAt - leadMs) return Effect.as(timer.arm([alarm]), false)
      const asking = orchestrator.ask(dueTimeReached(alarm, worker, now()))
      return Effect.map(asking, ({ outcome }) => outcome._tag === "Started")
    })

  const queueAgain = (alarm: Alarm) =>
    Effect.sync(() => {
      queue.add(alarm, now())
      wake.raise()
    })

  return (alarm: Alarm, worker: WorkerId) =>
    Effect.flatMap(Effect.exit(ask(alarm, worker)), (exit) => {
      queue.answered(alarm, Exit.isSuccess(exit) && exit.value, now())
      capacity.release(worker)
      wake.raise()
      if (Exit.isSuccess(exit)) return Effect.void
      const error = Cause.findErrorOption(exit.cause)
      if (Option.isNone(error) || !retryable.has(error.value._tag)) {
        return Effect.logError("a due call could not be started; the sweep will come back to it", exit.cause)
      }
      return logUnlessStoreTrouble("warning", "a due call could not be started; it is tried again", exit.cause).pipe(
        Effect.andThen(Effect.sleep(pauseMs)),
        Effect.andThen(queueAgain(alarm))
      )
    })
}

export const makeDueLoop = Effect.fnUntraced(function* (
  options: DueLoopOptions
): Effect.fn.Return<DueLoop, never, Timer | WorkerCapacity | Orchestrator> {
  const timer = yield* Timer
  const capacity = yield* WorkerCapacity
  const orchestrator = yield* Orchestrator
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe()
  const queueOptions = { ...defaultFairQueueOptions, ...options }
  const queue = new FairQueue(queueOptions)
  const wake = makeSignal()
  const room = makeSignal()
  const fire = firing({ queue, wake, timer, capacity, orchestrator, now })

  const count: DueLoop["count"] = (started, ended) => {
    const at = now()
    for (const intent of started) queue.started(intent, at)
    for (const intent of ended) queue.ended(intent, at)
    if (ended.length > 0 && queue.size > 0) wake.raise()
  }

  /** What the queue refuses is left to the sweep, like what the timer refuses. */
  const collect = Effect.gen(function* () {
    while (true) {
      const limit = Math.min(takeLimit, queueOptions.alarmLimit - queue.size)
      if (limit <= 0) {
        yield* room.wait(Number.POSITIVE_INFINITY)
        continue
      }
      const alarms = yield* timer.take(limit)
      for (const alarm of alarms) queue.add(alarm, now())
      wake.raise()
      if (alarms.length === limit) yield* Effect.yieldNow
    }
  })

  /** A loop of its own: `Effect.forever` would let a turn of the event loop pass between the signal and the next start. */
  const start = Effect.gen(function* () {
    while (true) {
      const waitMs = queue.nextWakeAt(now()) - now()
      if (waitMs > 0) {
        yield* wake.wait(Math.min(waitMs, queue.size > 0 ? lookMs : waitMs))
        continue
      }
      const places = yield* capacity.acquire(Math.min(options.batchLimit, queue.size))
      const alarms = queue.take(now(), places.length)
      room.raise()
      for (const [at, worker] of places.entries()) {
        const alarm = alarms[at]
        if (alarm === undefined) capacity.release(worker)
        else yield* Effect.forkChild(fire(alarm, worker))
      }
    }
  })

  return { run: Effect.raceFirst(collect, start), count }
})
