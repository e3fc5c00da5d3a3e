/**
 * Brings the table's truth back into memory: what comes inside the horizon, what is overdue and forgotten, what a dead worker left.
 * Everything the process can lose, this finds again; when nothing is due it costs three small statements per tick.
 */
import { CommandId, CorrelationId, EpochMillis, type ServiceCallId, type WorkerId } from "@dueline/contracts/Ids"
import { systemActor } from "@dueline/contracts/Intent"
import { type Abandoned, Backlog } from "@dueline/contracts/ports/Backlog"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { Timer } from "@dueline/contracts/ports/Timer"
import { Cause, Clock, Effect, Exit } from "effect"

export interface SweepOptions {
  readonly worker: WorkerId
  /** True when no other process can be executing calls of this database: then whoever else holds a call is dead. */
  readonly sole: boolean
  readonly horizonMs: number
  readonly everyMs: number
  /** A scheduled call this long past its time has been forgotten by someone. */
  readonly overdueMs: number
  readonly pageLimit: number
}

export const defaultSweepOptions = { horizonMs: 60_000, everyMs: 5_000, overdueMs: 3_000, pageLimit: 1_000 }

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

/** One tick, and what the next one must know. `sweptUntil` is the due time up to which every scheduled call has been armed. */
export const makeSweep = Effect.fnUntraced(function* (options: SweepOptions) {
  const backlog = yield* Backlog
  const timer = yield* Timer
  const orchestrator = yield* Orchestrator
  let sweptUntil = 0

  const armWindow = Effect.fnUntraced(function* (from: number, before: number) {
    let after: { readonly dueAt: number; readonly callId: ServiceCallId } | null =
      from === 0 ? null : { dueAt: from, callId: lastId }
    while (true) {
      const page: ReadonlyArray<Parameters<typeof timer.arm>[0][number]> = yield* backlog.upcoming({
        before,
        after,
        limit: options.pageLimit
      })
      yield* timer.arm(page)
      const last = page.at(-1)
      if (last === undefined || page.length < options.pageLimit) return
      after = { dueAt: last.dueAt, callId: last.callId }
    }
  })

  /** One call that cannot be settled must not keep the others, nor the alarms, waiting. */
  const askOf = (call: Abandoned, now: number) =>
    Effect.exit(orchestrator.ask(workerLost(call, now))).pipe(
      Effect.tap((exit) =>
        Exit.isFailure(exit) ? Effect.logError("a lost call could not be settled", exit.cause) : Effect.void
      )
    )

  const recover = Effect.fnUntraced(function* () {
    while (true) {
      const now = yield* Clock.currentTimeMillis
      const lost = yield* backlog.abandoned({
        now,
        soleWorker: options.sole ? options.worker : null,
        limit: options.pageLimit
      })
      if (lost.length === 0) return
      yield* Effect.logWarning(`${lost.length} calls were left running by a worker that is gone; they go on`)
      const answers = yield* Effect.forEach(lost, (call) => askOf(call, now), { concurrency: "unbounded" })
      // A page that could not be settled whole would only come again: the next tick takes it up.
      if (lost.length < options.pageLimit || answers.some(Exit.isFailure)) return
    }
  })

  return Effect.gen(function* () {
    yield* recover()
    const now = yield* Clock.currentTimeMillis
    const forgotten = yield* backlog.upcoming({
      before: now - options.overdueMs,
      after: null,
      limit: options.pageLimit
    })
    yield* timer.arm(forgotten)
    const horizon = now + options.horizonMs
    if (horizon > sweptUntil) {
      yield* armWindow(sweptUntil, horizon)
      sweptUntil = horizon
    }
  })
})

/** Sorts after every call id of its millisecond: a window begins behind the last one. */
const lastId = "ffffffff-ffff-ffff-ffff-ffffffffffff" as ServiceCallId

/** Ticks for ever; a tick that fails is logged and the next one tries again. */
export const sweepLoop = Effect.fnUntraced(function* (options: SweepOptions) {
  const sweep = yield* makeSweep(options)
  return yield* sweep.pipe(
    Effect.catchCause((cause) =>
      Cause.hasInterrupts(cause)
        ? Effect.interrupt
        : Effect.logError("the sweep failed; it is tried again at the next tick", cause)
    ),
    Effect.andThen(Effect.sleep(options.everyMs)),
    Effect.forever
  )
})
