/**
 * Turns alarms into commands. What is due comes out of the timer at once and waits in a fair queue; as workers have capacity, the writer is
 * told of the calls whose turn it is: only when an attempt can be made at once, so that none waits with its lease running. What may not
 * start yet, because of its tenant's caps or because its target is paused, stays queued.
 */
import type { AskDirectStart } from "@dueline/contracts/CommitCompanions"
import type { Envelope } from "@dueline/contracts/Envelope"
import { CommandId, CorrelationId, EpochMillis, type WorkerId } from "@dueline/contracts/Ids"
import type { AttemptEnded, ExecutionRequested } from "@dueline/contracts/Intent"
import { systemActor } from "@dueline/contracts/Envelope"
import type { FlowPlaces } from "@dueline/contracts/ports/FlowPlaces"
import { type Answer, isTransient, Orchestrator, type Refusal } from "@dueline/contracts/ports/Orchestrator"
import { type Alarm, Timer } from "@dueline/contracts/ports/Timer"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { alarmParts } from "@dueline/contracts/serviceCall/target"
import { leadMs } from "@dueline/contracts/serviceCall/Spec"
import { makeSignal } from "@dueline/contracts/Signal"
import { logUnlessStoreTrouble } from "@dueline/contracts/storeTrouble"
import { Metrics } from "@dueline/contracts/telemetry/Metrics"
import { Cause, Clock, Effect, Exit, type Fiber, Option } from "effect"
import { holderOf } from "./FlowGate.ts"
import { type Became, defaultDueQueueOptions, DueQueue, type DueQueueOptions } from "./DueQueue.ts"
import { WorkerCapacity } from "./WorkerCapacity.ts"

const actor = systemActor("timer")
/** The event's own correlation comes from the call's origin; this one only marks who asked. */
const correlationId = CorrelationId.make("timer")

/** For the log. */
const aboutOf = ({ callId, tenantId }: Alarm) => ({ tenantId, serviceCallId: callId })

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

/**
 * Whether an attempt that was to begin is not due any more at `now` (epoch ms), since the clock was set back while its start was committed: it is
 * given back then and waits for its time.
 */
export const isEarly = ({ dueAt }: ExecutionRequested, now: number): boolean => dueAt - now > leadMs

export interface DueLoopOptions extends Partial<Omit<DueQueueOptions, "flows">> {
  /** Calls asked for in one go. */
  readonly batchLimit: number
  /** Where places of flows are asked for; left out, calls of flows are as any others. */
  readonly flowPlaces?: FlowPlaces["Service"]
}

/** How long to leave an alarm alone whose command the writer could not take, in milliseconds. The sweep is behind this. */
const pauseMs = 250
/** Alarms taken from the timer in one turn of the event loop. */
const takeLimit = 512
/** While something waits, new limits and pauses come into force within this many milliseconds. */
const lookMs = 1_000
/** Places of flows asked for in one go. */
const placesLimit = 256

/** The alarm of a call that begins with this command and is due then; null for any other command. */
const beginning = ({ command, tenantId }: Envelope<ServiceCallCommand>, now: number): Alarm | null => {
  if (command._tag !== "SubmitServiceCall" || command.dueAt > now || command.pending !== undefined) return null
  const { callId, dueAt, spec } = command
  return { tenantId, callId, revision: 1, dueAt, ...alarmParts(spec) }
}

interface DueLoop {
  /**
   * Starts a call in the commit of its submission, when it is due, a place is free, and it would be the next to start: it goes past nothing of its
   * tenant, and past no other tenant's turn. Asked by the writer.
   */
  readonly direct: AskDirectStart
  /** Runs for ever, once in a process. Calls picked at one time are asked for together, so that they share a commit. */
  readonly run: Effect.Effect<never>
  /** Keeps count of attempts. To be called once after each commit, synchronously, when its attempts have been delivered. */
  readonly count: (started: ReadonlyArray<ExecutionRequested>, ended: ReadonlyArray<AttemptEnded>) => void
}

/** Callbacks from the alarm to the writer's answer, and no fiber for a call: thousands pass through here every second. */
export const makeDueLoop = Effect.fnUntraced(function* (
  options: DueLoopOptions
): Effect.fn.Return<DueLoop, never, Timer | WorkerCapacity | Orchestrator> {
  const timer = yield* Timer
  const capacity = yield* WorkerCapacity
  const orchestrator = yield* Orchestrator
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe()
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  const { flowPlaces } = options
  const queueOptions = { ...defaultDueQueueOptions, ...options, flows: flowPlaces !== undefined }
  const queue = new DueQueue(queueOptions)
  const room = makeSignal()
  const { dueCalls, timerLateness } = yield* Metrics
  dueCalls.read = () => queue.size
  let isRunning = false
  let isNext = false
  /** When it is looked by itself whether something may start, in epoch ms. */
  let lookAt = Number.POSITIVE_INFINITY
  let look: Fiber.Fiber<void> | null = null

  /** In the next turn of the event loop: what became free in this one is used together. */
  const startSoon = (withFlows = false): void => {
    if (isNext || (queue.size === 0 && !withFlows)) return
    isNext = true
    fork(
      Effect.andThen(
        Effect.yieldNow,
        Effect.sync(() => {
          isNext = false
          start()
        })
      )
    )
  }

  const startAt = (at: number): void => {
    if (at >= lookAt || at === Number.POSITIVE_INFINITY) return
    look?.interruptUnsafe()
    lookAt = at
    const due = Effect.sync(() => {
      look = null
      lookAt = Number.POSITIVE_INFINITY
      start()
    })
    look = fork(Effect.andThen(Effect.sleep(at - now()), due))
  }

  /** Asks for the calls that may start now, as many as there are places for: together, so that they share a commit. */
  const start = (): void => {
    if (!isRunning) return
    const at = now()
    if (flowPlaces !== undefined) tendFlows(flowPlaces, at)
    const wakeAt = queue.nextWakeAt(at)
    if (wakeAt > at) return startAt(queue.size > 0 ? Math.min(wakeAt, at + lookMs) : wakeAt)
    const places = capacity.take(Math.min(options.batchLimit, queue.ready))
    if (places.length === 0) return startAt(at + lookMs)
    const alarms = queue.take(at, places.length)
    for (const [n, worker] of places.entries()) {
      const alarm = alarms[n]
      if (alarm === undefined) capacity.release(worker)
      else ask(alarm, worker, at)
    }
    room.raise()
    startSoon()
  }

  /**
   * Gives places of flows back, says which are waited with, and asks for others. One that cannot be given back is found by the store, since its call does not run; calls
   * that no place could be asked for go on waiting.
   */
  const tendFlows = (places: FlowPlaces["Service"], at: number): void => {
    const freed = queue.takeFreed()
    if (freed.length > 0) {
      const given = Effect.sync(() => {
        queue.freed(freed, now())
        start()
      })
      fork(Effect.andThen(Effect.ignore(places.release(freed)), given))
    }
    const waiting = queue.keeps(at, placesLimit)
    if (waiting.length > 0) {
      const kept = Effect.map(Effect.exit(places.keep(waiting.map(holderOf))), (exit) => {
        queue.kept(waiting, Exit.isSuccess(exit) ? exit.value : null, now())
        start()
      })
      fork(kept)
    }
    const asked = queue.asks(at, placesLimit)
    if (asked.length === 0) return
    const answered = Effect.map(Effect.exit(places.take(asked)), (exit) => {
      for (const [n, alarm] of asked.entries()) {
        queue.placed(alarm, Exit.isSuccess(exit) ? (exit.value[n] ?? null) : null, now())
      }
      start()
      if (Exit.isFailure(exit)) fork(logUnlessStoreTrouble("warning", "places of flows could not be had", exit.cause))
    })
    fork(answered)
  }

  /** Asks for one call with the worker of its place. */
  const ask = (alarm: Alarm, worker: WorkerId, at: number): void => {
    if (at >= alarm.dueAt - leadMs) {
      timerLateness.observe(Math.max(0, at - alarm.dueAt) / 1_000)
      return orchestrator.offer(dueTimeReached(alarm, worker, at), (exit) => answered(alarm, worker, exit))
    }
    // The clock was set back while it waited.
    fork(timer.arm([alarm]))
    release(alarm, worker, "idle")
  }

  const direct: AskDirectStart = (submission) => {
    if (!isRunning || queue.hasWaiting(submission.tenantId)) return null
    const at = now()
    const alarm = beginning(submission, at)
    if (alarm === null) return null
    const [worker] = capacity.take(1)
    if (worker === undefined) return null
    if (!queue.claim(alarm, at)) {
      capacity.release(worker)
      return null
    }
    return {
      envelope: dueTimeReached(alarm, worker, at),
      settle: (exit) => {
        // The submission was refused, or the call that is there already does not wait for this.
        if (exit === null) return release(alarm, worker, "idle")
        if (Exit.isSuccess(exit)) timerLateness.observe(Math.max(0, at - alarm.dueAt) / 1_000)
        answered(alarm, worker, exit)
      }
    }
  }

  const release = (alarm: Alarm, worker: WorkerId, became: Became): void => {
    queue.answered(alarm, became, now())
    capacity.release(worker)
    if (became !== "started" && alarm.flow !== undefined) startSoon(true)
  }

  const answered = (alarm: Alarm, worker: WorkerId, exit: Exit.Exit<Answer, Refusal>): void => {
    if (Exit.isSuccess(exit)) {
      const { _tag, status } = exit.value.outcome
      return release(alarm, worker, _tag === "Started" ? "started" : status === "Running" ? "unsure" : "idle")
    }
    const error = Cause.findErrorOption(exit.cause)
    const isGone = Option.exists(error, ({ _tag }) => _tag === "ServiceCallNotFound")
    // A commit whose answer was lost may have started it.
    release(alarm, worker, Option.isNone(error) || isTransient(error.value) ? "unsure" : "idle")
    // Its submission never became durable, or it has been removed since.
    if (isGone) return
    if (Option.isNone(error) || !isTransient(error.value)) {
      fork(
        Effect.logError("a due call could not be started; the sweep will come back to it", exit.cause).pipe(
          Effect.annotateLogs(aboutOf(alarm))
        )
      )
      return
    }
    fork(
      logUnlessStoreTrouble("warning", "a due call could not be started; it is tried again", exit.cause).pipe(
        Effect.annotateLogs(aboutOf(alarm)),
        Effect.andThen(Effect.sleep(pauseMs)),
        Effect.andThen(Effect.sync(() => add([alarm])))
      )
    )
  }

  /** What the queue refuses is left to the sweep, like what the timer refuses. */
  const add = (alarms: ReadonlyArray<Alarm>): void => {
    for (const alarm of alarms) queue.add(alarm, now())
    start()
  }

  const collect = Effect.gen(function* () {
    while (true) {
      const limit = Math.min(takeLimit, queueOptions.alarmLimit - queue.ready)
      if (limit <= 0) {
        yield* room.wait(Number.POSITIVE_INFINITY)
        continue
      }
      const alarms = yield* timer.take(limit)
      add(alarms)
      if (alarms.length === limit) yield* Effect.yieldNow
    }
  })

  const run = Effect.suspend(() => {
    isRunning = true
    return collect
  }).pipe(
    Effect.ensuring(
      Effect.sync(() => {
        isRunning = false
        look?.interruptUnsafe()
      })
    )
  )
  capacity.onFree(() => startSoon())

  return {
    direct,
    run,
    count: (started, ended) => {
      const at = now()
      for (const intent of started) queue.started(intent, at)
      for (const intent of ended) queue.ended(intent, at)
      if (ended.length > 0) startSoon(ended.some(({ flow }) => flow !== undefined))
    }
  }
})
