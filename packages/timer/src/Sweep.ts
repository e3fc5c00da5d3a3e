/**
 * Brings the table's truth back into memory: what comes inside the horizon, what is overdue and forgotten, what a dead worker left.
 * Everything the process can lose, this finds again; when nothing is due it costs three small statements per tick.
 */
import type { ServiceCallId, WorkerId } from "@dueline/contracts/Ids"
import { Backlog, type Holding } from "@dueline/contracts/ports/Backlog"
import type { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { type Alarm, Timer } from "@dueline/contracts/ports/Timer"
import { Clock, Effect, Semaphore } from "effect"
import { makeLostCalls } from "./lostCalls.ts"

export interface SweepOptions {
  readonly worker: WorkerId
  /** True when no other process can be executing calls of this database: then every other worker that holds a call is dead. */
  readonly sole: boolean
  /** What the executor of this very process has at hand. Default: nothing, as in a process without one. */
  readonly holds?: (holding: Holding) => boolean
  readonly horizonMs: number
  /** A scheduled call this long past its time has been forgotten by someone. */
  readonly overdueMs: number
  readonly pageLimit: number
  /** Pages of overdue calls read per tick; the next tick goes on where this one stopped, and after the last page from the front. */
  readonly overduePages: number
}

export const defaultSweepOptions = {
  horizonMs: 60_000,
  overdueMs: 3_000,
  pageLimit: 1_000,
  overduePages: 20
}

export interface Sweep {
  /** What has to be done every few seconds. */
  readonly tick: Effect.Effect<void, StoreUnavailable>
  /** Between two ticks, while leases that have ended are looked at: looks again. */
  readonly look: Effect.Effect<void, StoreUnavailable>
  readonly watching: () => boolean
  /** Arms everything up to the horizon, whatever was armed before: when another process was lost with its alarms. */
  readonly everything: Effect.Effect<void, StoreUnavailable>
  /**
   * Settles at once what this worker holds, and looks again twice: a writer that did not know of its end yet may have given it more.
   * Harmless when it is alive after all: its results are fenced by the epoch.
   */
  readonly lost: (worker: WorkerId) => Effect.Effect<void, StoreUnavailable>
  /** The next tick arms everything, like the first. */
  readonly forget: () => void
}

type Mark = { readonly dueAt: number; readonly callId: ServiceCallId } | null

/** Sorts after every call id of its millisecond: a window begins behind the last one. */
const lastId = "ffffffff-ffff-ffff-ffff-ffffffffffff" as ServiceCallId

/** Pauses before a lost worker is looked for again, in milliseconds; the last one longer than any process takes to notice its end. */
const lookAgainMs = [500, 2_000]

/** Steps of the wall clock up to this many milliseconds are ignored: the two clocks never go quite alike. */
const clockStepMs = 50

export const makeSweep = Effect.fnUntraced(function* (
  options: SweepOptions
): Effect.fn.Return<Sweep, never, Backlog | Timer | Orchestrator> {
  const { overdueMs, overduePages, pageLimit } = options
  const backlog = yield* Backlog
  const timer = yield* Timer
  const lostCalls = yield* makeLostCalls({
    soleWorker: options.sole ? options.worker : null,
    pageLimit,
    holds: options.holds ?? (() => false)
  })
  const turn = Semaphore.makeUnsafe(1)
  /** The due time up to which every scheduled call has been armed. */
  let sweptUntil = 0
  let overdueMark: Mark = null
  /** How far the clock was ahead of the time that only goes forward. */
  let lead = Number.NEGATIVE_INFINITY

  /** Arms up to `pages` pages of what is due behind the mark. Answers where it stopped; null when nothing is left. */
  const armPages = Effect.fnUntraced(function* (before: number, after: Mark, pages: number) {
    let mark = after
    for (let n = 0; n < pages; n += 1) {
      const page: ReadonlyArray<Alarm> = yield* backlog.upcoming({ before, after: mark, limit: pageLimit })
      yield* timer.arm(page)
      const last = page.at(-1)
      if (last === undefined || page.length < pageLimit) return null
      mark = { dueAt: last.dueAt, callId: last.callId }
    }
    return mark
  })

  const forget = () => {
    sweptUntil = 0
    overdueMark = null
  }

  const arm = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const before = lead
    lead = now - Number((yield* Clock.monotonicTimeNanos) / 1_000_000n)
    // The clock was set back: calls made since then may lie beyond the timer's horizon and before what counts as swept.
    if (lead < before - clockStepMs) forget()
    if (sweptUntil > 0) overdueMark = yield* armPages(now - overdueMs, overdueMark, overduePages)
    const horizon = now + options.horizonMs
    if (horizon <= sweptUntil) return
    if (sweptUntil === 0) {
      // What is coming first: a tenant with a million overdue calls must not make others' late that are not due yet.
      yield* armPages(horizon, { dueAt: now - overdueMs, callId: lastId }, Number.POSITIVE_INFINITY)
      yield* armPages(now - overdueMs, null, Number.POSITIVE_INFINITY)
    } else yield* armPages(horizon, { dueAt: sweptUntil, callId: lastId }, Number.POSITIVE_INFINITY)
    sweptUntil = horizon
  })

  return {
    tick: turn.withPermit(Effect.andThen(lostCalls.settle([]), arm)),
    look: turn.withPermit(lostCalls.settle([])),
    watching: lostCalls.watching,
    everything: turn.withPermit(Effect.andThen(Effect.sync(forget), arm)),
    lost: (worker) => {
      const settle = lostCalls.settle([worker])
      return Effect.andThen(
        settle,
        Effect.forEach(lookAgainMs, (pause) => Effect.delay(settle, pause), { discard: true })
      )
    },
    forget
  }
})
