/**
 * Turns alarms into commands. What is due comes out of the timer at once and waits in a fair queue; as places become free, the writer is
 * told of the calls whose turn it is. What may not start yet, because of its tenant's caps or because its target is paused, stays queued.
 */
import type { Intent } from "@dueline/contracts/Intent"
import { Intents } from "@dueline/contracts/Intents"
import type { WorkerId } from "@dueline/contracts/Ids"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { type Alarm, Timer } from "@dueline/contracts/ports/Timer"
import { leadMs } from "@dueline/contracts/serviceCall/Spec"
import { logUnlessStoreTrouble } from "@dueline/contracts/storeTrouble"
import { Cause, Clock, Effect, Exit, Option } from "effect"
import { type Bell, makeBell } from "./Bell.ts"
import { dueTimeReached } from "./dueTimeReached.ts"
import { defaultFairQueueOptions, FairQueue, type FairQueueOptions } from "./FairQueue.ts"
import { Slots } from "./Slots.ts"

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

/** What may have passed by then. Anything else would only fail again, as fast as it is asked. */
const passing: ReadonlySet<string> = new Set(["Overloaded", "StoreUnavailable"])

/** Keeps count of attempts as they are committed. Answers whether something has ended. */
const count = (queue: FairQueue, intents: ReadonlyArray<Intent>, now: number): boolean => {
  let ended = false
  for (const intent of intents) {
    if (intent._tag === "ExecutionRequested") queue.started(intent, now)
    else if (intent._tag === "AttemptEnded") {
      queue.ended(intent, now)
      ended = true
    }
  }
  return ended
}

interface Parts {
  readonly queue: FairQueue
  readonly bell: Bell
  readonly timer: Timer["Service"]
  readonly slots: Slots["Service"]
  readonly orchestrator: Orchestrator["Service"]
  readonly now: () => number
}

/** Asks for one call with the worker of its place, and sees to it that place and queue hear what came of it. */
const firing = ({ bell, now, orchestrator, queue, slots, timer }: Parts) => {
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
      bell.ring()
    })

  return (alarm: Alarm, worker: WorkerId) =>
    Effect.flatMap(Effect.exit(ask(alarm, worker)), (exit) => {
      queue.answered(alarm, Exit.isSuccess(exit) && exit.value, now())
      slots.release(worker)
      bell.ring()
      if (Exit.isSuccess(exit)) return Effect.void
      const error = Cause.findErrorOption(exit.cause)
      if (Option.isNone(error) || !passing.has(error.value._tag)) {
        return Effect.logError("a due call could not be started; the sweep will come back to it", exit.cause)
      }
      return logUnlessStoreTrouble("warning", "a due call could not be started; it is tried again", exit.cause).pipe(
        Effect.andThen(Effect.sleep(pauseMs)),
        Effect.andThen(queueAgain(alarm))
      )
    })
}

/** Runs for ever, once in a process. Calls picked at one time are asked for together, so that they share a commit. */
export const dueLoop = Effect.fnUntraced(function* (options: DueLoopOptions) {
  const timer = yield* Timer
  const slots = yield* Slots
  const orchestrator = yield* Orchestrator
  const intents = yield* Intents
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe()
  const queueOptions = { ...defaultFairQueueOptions, ...options }
  const queue = new FairQueue(queueOptions)
  const bell = makeBell()
  const roomBell = makeBell()
  const fire = firing({ queue, bell, timer, slots, orchestrator, now })
  intents.subscribe((committed) => {
    if (count(queue, committed, now()) && queue.size > 0) bell.ring()
  })

  /** What the queue refuses is left to the sweep, like what the timer refuses. */
  const collect = Effect.gen(function* () {
    while (true) {
      const limit = Math.min(takeLimit, queueOptions.alarmLimit - queue.size)
      if (limit <= 0) {
        yield* roomBell.sleep(Number.POSITIVE_INFINITY)
        continue
      }
      const alarms = yield* timer.take(limit)
      for (const alarm of alarms) queue.add(alarm, now())
      bell.ring()
      if (alarms.length === limit) yield* Effect.yieldNow
    }
  })

  /** A loop of its own: `Effect.forever` would let a turn of the event loop pass between the bell and the next start. */
  const start = Effect.gen(function* () {
    while (true) {
      const waitMs = queue.nextWakeAt(now()) - now()
      if (waitMs > 0) {
        yield* bell.sleep(Math.min(waitMs, queue.size > 0 ? lookMs : waitMs))
        continue
      }
      const places = yield* slots.acquire(Math.min(options.batchLimit, queue.size))
      const alarms = queue.take(now(), places.length)
      roomBell.ring()
      for (const [at, worker] of places.entries()) {
        const alarm = alarms[at]
        if (alarm === undefined) slots.release(worker)
        else yield* Effect.forkChild(fire(alarm, worker))
      }
    }
  })

  return yield* Effect.raceFirst(collect, start)
})
