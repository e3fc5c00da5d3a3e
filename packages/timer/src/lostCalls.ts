/**
 * Settles calls whose worker is gone: each is failed with `worker_lost`, and the aggregate decides whether it is tried again. That a lease
 * has ended is judged by time that passes here and not by the wall clock alone, which may step, or go on while store and holder stand
 * still.
 */
import { CommandId, CorrelationId, EpochMillis, type WorkerId } from "@dueline/contracts/Ids"
import { systemActor } from "@dueline/contracts/Envelope"
import { type Abandoned, Backlog, type Holding } from "@dueline/contracts/ports/Backlog"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { logUnlessStoreTrouble } from "@dueline/contracts/storeTrouble"
import { Clock, Effect, Exit } from "effect"

const actor = systemActor("watchdog")
const correlationId = CorrelationId.make("watchdog")

/** `dead`: its worker is known to be gone, and need not be asked. */
const workerLost = ({ callId, epoch, tenantId, worker }: Abandoned, at: number, dead: boolean) => ({
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
    roll: 0,
    ...(dead ? {} : { holder: worker })
  }
})

/**
 * For how long a lease that has ended by the wall clock is looked at before it is believed, in milliseconds of this process's own time: its
 * holder renews it every two seconds, and sends nothing when it could not do so for four.
 */
const watchedMs = 6_000

/** Leases that are looked at together, in pages of what is settled at once. */
const pagesWatched = 10

/** What counts of the time between two looks: this process may have stood still meanwhile, or the store, and the holder with it. */
const mostBetweenLooksMs = 2_000

const keyOf = ({ callId, epoch, leaseUntil, tenantId }: Abandoned): string =>
  `${tenantId}/${callId}/${epoch}/${leaseUntil}`

/** Leases that have ended and whose holders may only be late: for how long each has been seen unchanged. */
class Watch {
  #seen = new Map<string, number>()
  #lookedAt = Number.NEGATIVE_INFINITY

  get size(): number {
    return this.#seen.size
  }

  /** Takes in one look, at `elapsed` in the time that only goes forward. What is not in it was renewed, or is settled. */
  look(found: ReadonlyArray<Abandoned>, elapsed: number): void {
    const passed = Math.min(elapsed - this.#lookedAt, mostBetweenLooksMs)
    const before = this.#seen
    this.#lookedAt = elapsed
    this.#seen = new Map()
    for (const call of found) {
      const seen = before.get(keyOf(call))
      this.#seen.set(keyOf(call), seen === undefined ? 0 : seen + passed)
    }
  }

  isOver(call: Abandoned): boolean {
    return (this.#seen.get(keyOf(call)) ?? 0) >= watchedMs
  }
}

interface LostCalls {
  /**
   * Settles what these workers hold, and all calls whose lease ended and stayed so while it was looked on. One that cannot be settled is
   * left to the next look.
   */
  readonly settle: (deadWorkers: ReadonlyArray<WorkerId>) => Effect.Effect<void, StoreUnavailable>
  /** There are leases that have ended and are looked at: the next look should come soon. */
  readonly watching: () => boolean
}

interface LostCallsOptions {
  /** Every other worker that holds a call is dead too; null when other workers may be alive. */
  readonly soleWorker: WorkerId | null
  readonly pageLimit: number
  /** What the executor of this very process has is not lost, whatever the store says of its lease. */
  readonly holds: (holding: Holding) => boolean
}

export const makeLostCalls = Effect.fnUntraced(function* ({
  holds,
  pageLimit,
  soleWorker
}: LostCallsOptions): Effect.fn.Return<LostCalls, never, Backlog | Orchestrator> {
  const backlog = yield* Backlog
  const orchestrator = yield* Orchestrator
  const clock = yield* Clock.Clock
  const watch = new Watch()

  /** One call that cannot be settled must not keep the others waiting. */
  const settleOne = (call: Abandoned, now: number, dead: boolean) =>
    Effect.exit(orchestrator.ask(workerLost(call, now, dead))).pipe(
      Effect.tap((exit) =>
        Exit.isFailure(exit)
          ? logUnlessStoreTrouble("error", "a lost call could not be settled", exit.cause).pipe(
              Effect.annotateLogs({ tenantId: call.tenantId, serviceCallId: call.callId })
            )
          : Effect.void
      )
    )

  const settle = Effect.fnUntraced(function* (deadWorkers: ReadonlyArray<WorkerId>) {
    const isDead = ({ worker }: Abandoned) =>
      deadWorkers.includes(worker) || (soleWorker !== null && worker !== soleWorker)
    while (true) {
      const now = yield* Clock.currentTimeMillis
      const limit = pageLimit * pagesWatched
      const page = yield* backlog.abandoned({ now, soleWorker, deadWorkers, limit })
      const found = page.filter((call) => !holds(call))
      // A look for dead workers is one out of turn.
      if (deadWorkers.length === 0) {
        const doubtful = found.filter((call) => !isDead(call))
        watch.look(doubtful, Number(clock.monotonicTimeNanosUnsafe()) / 1e6)
      }
      const lost = found.filter((call) => isDead(call) || watch.isOver(call))
      if (lost.length === 0) return
      yield* Effect.logWarning(`${lost.length} calls were left running by a worker that is gone; they go on`)
      for (let from = 0; from < lost.length; from += pageLimit) {
        const together = lost.slice(from, from + pageLimit)
        const answers = yield* Effect.forEach(together, (call) => settleOne(call, now, isDead(call)), {
          concurrency: "unbounded"
        })
        // A page that could not be settled whole would only come again: the next look takes it up.
        if (answers.some(Exit.isFailure)) return
      }
      if (page.length < limit) return
    }
  })

  return { settle, watching: () => watch.size > 0 }
})
