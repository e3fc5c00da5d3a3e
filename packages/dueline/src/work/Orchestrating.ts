/** The role that decides: what the writer committed becomes alarms and attempts here, and alarms become commands. */
import { DirectStarts } from "@dueline/contracts/CommitCompanions"
import {
  type AttemptEnded,
  type ExecutionRequested,
  type Intent,
  Intents,
  type PauseCommitted
} from "@dueline/contracts/Intent"
import { FlowPlaces } from "@dueline/contracts/ports/FlowPlaces"
import { type Alarm, Timer } from "@dueline/contracts/ports/Timer"
import { isEarly, makeDueLoop } from "@dueline/timer/DueLoop"
import { type FreePlaces, WorkerCapacity } from "@dueline/timer/WorkerCapacity"
import { makeKnownHolds } from "@dueline/timer/knownHolds"
import { randomCorrelationId } from "@dueline/identity/randomId"
import { SuspendedTenants } from "@dueline/identity/SuspendedTenants"
import type { TenantLimits } from "@dueline/timer/TenantLimits"
import { Clock, Effect, Layer } from "effect"
import { Cluster, type OtherExecutors } from "../Cluster.ts"
import { Hearing } from "../Hearing.ts"
import { Recalls } from "../Orchestration.ts"
import { givingBack, LocalExecutor, refusedBy } from "./LocalExecutor.ts"

interface Reactions {
  readonly arm: (alarms: ReadonlyArray<Alarm>) => void
  /** Delivers one attempt to its worker. */
  readonly deliver: (intent: ExecutionRequested) => void
  /** Keeps count of what is under way; what was delivered counts as the worker's already. */
  readonly count: (started: ReadonlyArray<ExecutionRequested>, ended: ReadonlyArray<AttemptEnded>) => void
  /** There are new outbox rows. */
  readonly outboxFilled: () => void
  readonly paused: (pause: PauseCommitted) => void
}

/**
 * What this process does at once because of a commit: one pass over its intents, on the writer's stack. Nothing here waits or throws, and
 * whatever is lost is found again in the tables.
 */
export const afterCommit =
  ({ arm, count, deliver, outboxFilled, paused }: Reactions) =>
  (intents: ReadonlyArray<Intent>): void => {
    const alarms: Array<Alarm> = []
    const started: Array<ExecutionRequested> = []
    const ended: Array<AttemptEnded> = []
    let filled = false
    for (const intent of intents) {
      switch (intent._tag) {
        case "AlarmWanted":
          alarms.push(intent)
          break
        case "ExecutionRequested":
          started.push(intent)
          break
        case "AttemptEnded":
          ended.push(intent)
          break
        case "OutboxFilled":
          filled = true
          break
        case "PauseCommitted":
          paused(intent)
          break
        default:
          intent satisfies never
      }
    }
    for (const intent of started) deliver(intent)
    if (alarms.length > 0) arm(alarms)
    if (started.length > 0 || ended.length > 0) count(started, ended)
    if (filled) outboxFilled()
  }

interface OrchestratingOptions {
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
      const { wasFilled } = yield* Hearing
      const intents = yield* Intents
      const suspended = yield* SuspendedTenants
      const { committed, holds, known } = yield* makeKnownHolds({
        group: `holds-${yield* randomCorrelationId}`,
        suspended: suspended.all
      })
      const flowPlaces = yield* FlowPlaces
      const timer = yield* Timer
      const giveBack = yield* givingBack
      const others = yield* executors
      const run = Effect.runForkWith(yield* Effect.context<never>())
      const clock = yield* Clock.Clock
      const deliver = (intent: ExecutionRequested) => {
        if (isEarly(intent, clock.currentTimeMillisUnsafe())) giveBack(intent, "lease_unconfirmed")
        else if (intent.worker !== id) others.deliver(intent)
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
          holds,
          flowPlaces,
          places: () => count("executor") * concurrency,
          processes: () => count("orchestrator")
        }),
        WorkerCapacity.layer(placesOf(own, id, others))
      )
      const starts = yield* DirectStarts
      yield* starts.by(loop.direct)
      intents.subscribe(
        afterCommit({
          arm: (alarms) => run(timer.arm(alarms)),
          deliver,
          count: loop.count,
          // A message that is only overheard is no entry that anybody has to look for.
          outboxFilled: () => {
            if (wasFilled()) outbox.filled()
          },
          paused: committed
        })
      )
      yield* Effect.forkScoped(Effect.all([known, suspended.known], { discard: true }).pipe(Effect.andThen(loop.run)))
    })
  )
