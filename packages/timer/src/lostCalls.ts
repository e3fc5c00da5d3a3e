/** Settles calls whose worker is gone: each is failed with `worker_lost`, and the aggregate decides whether it is tried again. */
import { CommandId, CorrelationId, EpochMillis, type WorkerId } from "@dueline/contracts/Ids"
import { systemActor } from "@dueline/contracts/Intent"
import { type Abandoned, Backlog } from "@dueline/contracts/ports/Backlog"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { logUnlessStoreTrouble } from "@dueline/contracts/storeTrouble"
import { Clock, Effect, Exit } from "effect"

const actor = systemActor("watchdog")
const correlationId = CorrelationId.make("watchdog")

const workerLost = ({ callId, epoch, tenantId, worker }: Abandoned, at: number) => ({
  tenantId,
  commandId: CommandId.make(`lost:${callId}:${epoch}`),
  correlationId,
  actor,
  traceparent: null,
  idempotency: null,
  expectedVersion: null,
  command: {
    _tag: "RecordFailure" as const,
    callId,
    at: EpochMillis.make(at),
    epoch,
    reason: "worker_lost" as const,
    detail: `worker ${worker} stopped answering; whether its request arrived is not known`,
    status: null,
    durationMs: 0,
    response: null,
    retryable: true,
    retryAfterMs: null,
    roll: 0
  }
})

/** Settles all calls whose lease has run out, and those that these workers hold. One that cannot be settled is left to the next look. */
export type SettleLost = (deadWorkers: ReadonlyArray<WorkerId>) => Effect.Effect<void, StoreUnavailable>

export const makeSettleLost = Effect.fnUntraced(function* (options: {
  /** Whoever else holds a call is dead too; null when other workers may be alive. */
  readonly soleWorker: WorkerId | null
  readonly pageLimit: number
}): Effect.fn.Return<SettleLost, never, Backlog | Orchestrator> {
  const backlog = yield* Backlog
  const orchestrator = yield* Orchestrator

  /** One call that cannot be settled must not keep the others waiting. */
  const settle = (call: Abandoned, now: number) =>
    Effect.exit(orchestrator.ask(workerLost(call, now))).pipe(
      Effect.tap((exit) =>
        Exit.isFailure(exit)
          ? logUnlessStoreTrouble("error", "a lost call could not be settled", exit.cause)
          : Effect.void
      )
    )

  return Effect.fnUntraced(function* (deadWorkers) {
    while (true) {
      const now = yield* Clock.currentTimeMillis
      const lost = yield* backlog.abandoned({
        now,
        soleWorker: options.soleWorker,
        deadWorkers,
        limit: options.pageLimit
      })
      if (lost.length === 0) return
      yield* Effect.logWarning(`${lost.length} calls were left running by a worker that is gone; they go on`)
      const answers = yield* Effect.forEach(lost, (call) => settle(call, now), { concurrency: "unbounded" })
      // A page that could not be settled whole would only come again: the next look takes it up.
      if (lost.length < options.pageLimit || answers.some(Exit.isFailure)) return
    }
  })
})
