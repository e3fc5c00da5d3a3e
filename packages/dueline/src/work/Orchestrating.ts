/** The role that decides: the writer's commits become alarms and attempts here, and alarms become commands. */
import type { ExecutionRequested, Intent } from "@dueline/contracts/Intent"
import { Intents } from "@dueline/contracts/Intents"
import { type Alarm, Timer } from "@dueline/contracts/ports/Timer"
import { dueLoop } from "@dueline/timer/DueLoop"
import { type FreePlaces, WorkerCapacity } from "@dueline/timer/WorkerCapacity"
import type { TenantLimits } from "@dueline/timer/TenantLimits"
import { Effect, Layer } from "effect"
import { Neighbours, type OtherExecutors } from "../Neighbours.ts"
import { givingBack, LocalExecutor, refusedBy } from "./LocalExecutor.ts"
import { Recalls } from "./Recalls.ts"

export interface OrchestratingOptions {
  readonly limits: TenantLimits
  /** Places of one executor; others are taken to have as many. */
  readonly concurrency: number
}

/** Calls asked for in one go. */
const batchLimit = 128

/** Whoever is not there to be asked may have sent it. */
const never = Effect.succeed("sent" as const)

/** What a commit wants done at once, by kind. */
const sort = (committed: ReadonlyArray<Intent>, attempt: (intent: ExecutionRequested) => void, filled: () => void) => {
  const alarms: Array<Alarm> = []
  for (const intent of committed) {
    if (intent._tag === "AlarmWanted") alarms.push(intent)
    else if (intent._tag === "ExecutionRequested") attempt(intent)
    else if (intent._tag === "OutboxFilled") filled()
  }
  return alarms
}

const placesOf = (
  own: LocalExecutor["Service"]["own"],
  id: Neighbours["Service"]["id"],
  others: OtherExecutors
): FreePlaces => ({
  each: (see) => {
    if (own !== null) see(id, own.slotsFree())
    for (const [worker, free] of others.free()) see(worker, free)
  },
  onFree: (listener) => {
    own?.onSlotFree(listener)
    others.onFree(listener)
  }
})

export const layer = ({ concurrency, limits }: OrchestratingOptions) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { count, executors, id, outbox } = yield* Neighbours
      const { own } = yield* LocalExecutor
      const intents = yield* Intents
      const timer = yield* Timer
      const giveBack = yield* givingBack
      const others = yield* executors
      const run = Effect.runForkWith(yield* Effect.context<never>())
      const attempt = (intent: ExecutionRequested) => {
        if (intent.worker !== id) others.deliver(intent)
        else if (own === null) giveBack(intent, "draining")
        else if (!own.offer(intent)) giveBack(intent, refusedBy(own))
      }
      const recalls = yield* Recalls
      recalls.by((worker, holding) =>
        worker === id ? (own?.recall(holding) ?? never) : others.recall(worker, holding)
      )
      yield* Effect.addFinalizer(() => Effect.sync(() => recalls.by(() => never)))
      intents.subscribe((committed) => {
        const alarms = sort(committed, attempt, outbox.give)
        if (alarms.length > 0) run(timer.arm(alarms))
      })
      const loop = dueLoop({
        batchLimit,
        limits: () => limits,
        places: () => count("executor") * concurrency,
        processes: () => count("orchestrator")
      })
      yield* Effect.forkScoped(Effect.provide(loop, WorkerCapacity.layer(placesOf(own, id, others))))
    })
  )
