/** The role that watches: brings back what memories and messages may have lost, and forgets what nobody needs any more. */
import type { Holding } from "@dueline/contracts/ports/Backlog"
import { logUnlessStoreTrouble } from "@dueline/contracts/storeTrouble"
import { Leases } from "@dueline/contracts/ports/Leases"
import { defaultSweepOptions, makeSweep } from "@dueline/timer/Sweep"
import { defaultLeadershipTtlMs, defaultSweepLoopOptions, sweepLoop } from "@dueline/timer/sweepLoop"
import { Effect, FiberSet, Layer } from "effect"
import type { Deployment } from "../Deployment.ts"
import { housekeeping } from "../Housekeeping.ts"
import { Neighbours } from "../Neighbours.ts"
import { LocalExecutor } from "./LocalExecutor.ts"

/** `shared`: other processes may have the role too, and one of them at a time does it. `horizonMs`: how far ahead alarms are armed. */
export const layer = ({ shared }: Deployment, horizonMs: number) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { id, onDeparture } = yield* Neighbours
      const leases = yield* Leases
      const { own } = yield* LocalExecutor
      const holds = (holding: Holding) => own?.holds(holding) ?? false
      const sweep = yield* makeSweep({ ...defaultSweepOptions, horizonMs, holds, worker: id, sole: !shared })
      const run = yield* FiberSet.makeRuntime<never>()
      const hurry = (what: Effect.Effect<void, unknown>) =>
        run(
          Effect.catchCause(what, (cause) =>
            logUnlessStoreTrouble("warning", "the sweep could not hurry; its next tick follows", cause)
          )
        )
      onDeparture(({ certain, id, roles }) => {
        if (certain && roles.includes("executor")) hurry(sweep.lost(id))
        if (roles.includes("orchestrator")) hurry(sweep.everything)
      })
      yield* Effect.forkScoped(housekeeping)
      const leadership = shared ? { leases, holder: id, ttlMs: defaultLeadershipTtlMs } : null
      yield* Effect.forkScoped(sweepLoop(sweep, { ...defaultSweepLoopOptions, leadership }))
    })
  )
