/** The role that decides: the writer's commits become alarms and attempts here, and alarms become commands. */
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import { Intents } from "@dueline/contracts/Intents"
import { Timer } from "@dueline/contracts/ports/Timer"
import { makeDueLoop } from "@dueline/timer/DueLoop"
import { type FreePlaces, WorkerCapacity } from "@dueline/timer/WorkerCapacity"
import type { TenantLimits } from "@dueline/timer/TenantLimits"
import { Effect, Layer } from "effect"
import { Cluster, type OtherExecutors } from "../Cluster.ts"
import { afterCommit } from "./afterCommit.ts"
import { givingBack, LocalExecutor, refusedBy } from "./LocalExecutor.ts"
import { Recalls } from "../Orchestration.ts"

export interface OrchestratingOptions {
  readonly limits: TenantLimits
  /** Places of one executor; others are taken to have as many. */
  readonly concurrency: number
}

/** Calls asked for in one go. */
const batchLimit = 128

/** A worker that cannot be asked may have sent it. */
const never = Effect.succeed("sent" as const)

const placesOf = (
  own: LocalExecutor["Service"]["own"],
  id: Cluster["Service"]["id"],
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
      const { count, executors, id, outbox } = yield* Cluster
      const { own } = yield* LocalExecutor
      const intents = yield* Intents
      const timer = yield* Timer
      const giveBack = yield* givingBack
      const others = yield* executors
      const run = Effect.runForkWith(yield* Effect.context<never>())
      const deliver = (intent: ExecutionRequested) => {
        if (intent.worker !== id) others.deliver(intent)
        else if (own === null) giveBack(intent, "draining")
        else if (!own.offer(intent)) giveBack(intent, refusedBy(own))
      }
      const recalls = yield* Recalls
      recalls.by((worker, holding) =>
        worker === id ? (own?.recall(holding) ?? never) : others.recall(worker, holding)
      )
      yield* Effect.addFinalizer(() => Effect.sync(() => recalls.by(() => never)))
      const loop = yield* Effect.provide(
        makeDueLoop({
          batchLimit,
          limits: () => limits,
          places: () => count("executor") * concurrency,
          processes: () => count("orchestrator")
        }),
        WorkerCapacity.layer(placesOf(own, id, others))
      )
      intents.subscribe(
        afterCommit({
          arm: (alarms) => run(timer.arm(alarms)),
          deliver,
          count: loop.count,
          outboxFilled: outbox.filled
        })
      )
      yield* Effect.forkScoped(loop.run)
    })
  )
