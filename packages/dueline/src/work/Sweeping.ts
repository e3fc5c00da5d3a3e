/**
 * The role that watches: brings back what memories and messages may have lost, and deletes what is not needed any more, a bounded number at
 * a time.
 */
import type { Holding } from "@dueline/contracts/ports/Backlog"
import { Leases } from "@dueline/contracts/ports/Leases"
import { logUnlessStoreTrouble, orLogged } from "@dueline/contracts/storeTrouble"
import { keepDays } from "@dueline/postgres/write/PostgresProductEvents"
import { forgetExpired } from "@dueline/postgres/write/Receipts"
import { defaultSweepOptions, makeSweep } from "@dueline/timer/Sweep"
import { defaultLeadershipTtlMs, defaultSweepLoopOptions, sweepLoop } from "@dueline/timer/sweepLoop"
import { Clock, Effect, FiberSet, Layer } from "effect"
import { Cluster } from "../Cluster.ts"
import type { Deployment } from "../Deployment.ts"
import { LocalExecutor } from "./LocalExecutor.ts"

/** Receipts that have expired are deleted this often, in milliseconds. */
const everyMs = 60_000
/** Receipts deleted by one statement; while a statement finds as many, the next follows at once. */
const atOnce = 1_000

/** Days of product events are looked after in the same round: made ahead, and dropped when they are past. */
const tidy = Effect.fnUntraced(function* (productEventDays: number) {
  const now = yield* Clock.currentTimeMillis
  while ((yield* forgetExpired({ now, limit: atOnce })) === atOnce) yield* Effect.yieldNow
  yield* keepDays(productEventDays)
})

/** Runs for ever; a round that fails is logged and the next one tries again. */
const housekeeping = (productEventDays: number) =>
  tidy(productEventDays).pipe(
    orLogged("warning", "housekeeping failed; it is tried again"),
    Effect.andThen(Effect.sleep(everyMs)),
    Effect.forever
  )

/** `shared`: other processes may have the role too, and one of them at a time does it. `horizonMs`: how far ahead alarms are armed. `productEventDays`: how long those are kept. */
export const layer = ({ shared }: Deployment, horizonMs: number, productEventDays: number) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { id, onDeparture } = yield* Cluster
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
      yield* Effect.forkScoped(housekeeping(productEventDays))
      const leadership = shared ? { leases, holder: id, ttlMs: defaultLeadershipTtlMs } : null
      yield* Effect.forkScoped(sweepLoop(sweep, { ...defaultSweepLoopOptions, leadership }))
    })
  )
