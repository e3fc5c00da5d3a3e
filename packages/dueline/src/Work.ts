/** The parts of the program that act by themselves: timer, due loop, sweep, executor, dispatcher; joined by the intents of each commit. */
import { WorkerId } from "@dueline/contracts/Ids"
import type { Intent } from "@dueline/contracts/Intent"
import { Intents } from "@dueline/contracts/Intents"
import { type Alarm, Timer } from "@dueline/contracts/ports/Timer"
import * as Executor from "@dueline/execution/Executor"
import * as Dispatcher from "@dueline/orchestration/Dispatcher"
import { dueLoop } from "@dueline/timer/DueLoop"
import { Slots } from "@dueline/timer/Slots"
import { defaultSweepOptions, sweepLoop } from "@dueline/timer/Sweep"
import { Effect, Layer, Random } from "effect"
import { housekeeping } from "./Housekeeping.ts"
import { version } from "./Phase.ts"

export interface WorkOptions {
  /** Attempts on the wire at once. */
  readonly concurrency: number
  /** Further patterns that are struck out of what is kept of answers. */
  readonly patterns: ReadonlyArray<string>
  /** How long attempts on the wire may take to end when the program stops, in milliseconds. */
  readonly drainMs: number
}

/** Longer than most rounds of the dispatcher take, shorter than anybody waits for news of an end. */
const outboxLingerMs = 10

/** Alarms asked about in one go. */
const dueBatchLimit = 128

/** New with every start: whoever held calls under another name is gone. */
const newWorkerId = Effect.map(Random.next, (roll) =>
  WorkerId.make(`worker-${Math.floor(roll * 2 ** 48).toString(36)}`)
)

const sort = (
  intents: ReadonlyArray<Intent>,
  executor: Executor.Executor["Service"],
  wake: () => void
): ReadonlyArray<Alarm> => {
  const alarms: Array<Alarm> = []
  for (const intent of intents) {
    if (intent._tag === "AlarmWanted") alarms.push(intent)
    // Refused: the executor is full or stopping. The call's lease runs out and the watchdog brings it back.
    else if (intent._tag === "ExecutionRequested") executor.offer(intent)
    else wake()
  }
  return alarms
}

export const layer = ({ concurrency, drainMs, patterns }: WorkOptions) => {
  const running = Effect.gen(function* () {
    const worker = yield* newWorkerId
    const executor = yield* Executor.make({ worker, concurrency, version, redaction: { patterns } })
    const intents = yield* Intents
    const timer = yield* Timer
    const { dispatcher, run: dispatch } = yield* Dispatcher.make({ lingerMs: outboxLingerMs })
    const run = Effect.runForkWith(yield* Effect.context<never>())
    intents.subscribe((committed) => {
      const alarms = sort(committed, executor, () => run(dispatcher.wake))
      if (alarms.length > 0) run(timer.arm(alarms))
    })
    const slots = Slots.layer({ free: executor.slotsFree, onFree: executor.onSlotFree })
    yield* Effect.forkScoped(dispatch)
    yield* Effect.forkScoped(housekeeping)
    // Scopes close in reverse: the loops stop first, then what is on the wire may end and be recorded.
    yield* Effect.addFinalizer(() => executor.drain(drainMs))
    yield* Effect.forkScoped(dueLoop({ worker, batchLimit: dueBatchLimit }).pipe(Effect.provide(slots)))
    yield* Effect.forkScoped(sweepLoop({ ...defaultSweepOptions, worker, sole: true }))
  })
  return Layer.effectDiscard(running)
}
