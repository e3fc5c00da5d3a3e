/** How calls stand, for whoever watches over them: what it costs does not grow with how many there are. */
import { Context, type Effect } from "effect"
import type { ServiceCallId, TenantId } from "../Ids.ts"
import type { ServiceCallStatus } from "../serviceCall/Command.ts"
import type { StoreUnavailable } from "./Persistence.ts"

/** What happened in one minute, by when it was recorded. `at`: its beginning, epoch ms. */
export interface CallMinute {
  readonly at: number
  readonly submitted: number
  readonly succeeded: number
  /** For good. */
  readonly failed: number
  readonly cancelled: number
  readonly attemptsFailed: number
}

/** Things that wait, looked for among a bounded number. `more`: there are others that were not looked at. Epoch ms. */
export interface WaitingThings {
  readonly count: number
  readonly more: boolean
  readonly oldestAt: number | null
}

/** All times in epoch ms. */
export interface OverviewFacts {
  /** Until when `calls`, `minutes`, `failures` and `circuits` are counted. */
  readonly countedAt: number
  /** How many there are in each state; none of a state that is not named. */
  readonly calls: Readonly<Partial<Record<ServiceCallStatus, number>>>
  /** Of the last sixty minutes those in which something happened, oldest first. */
  readonly minutes: ReadonlyArray<CallMinute>
  /** Calls that failed for good in the last sixty minutes, most frequent first, 50 at the most. Both '': what had no room. */
  readonly failures: ReadonlyArray<{ readonly target: string; readonly reason: string; readonly count: number }>
  /** Targets whose circuit has lately held calls back and is still open, 50 at the most. */
  readonly circuits: ReadonlyArray<{
    readonly tenantId: TenantId
    readonly target: string
    readonly openUntil: number
  }>
  /** Calls that have not begun although their time has come. */
  readonly overdue: {
    readonly count: number
    readonly more: boolean
    readonly oldest: { readonly tenantId: TenantId; readonly id: ServiceCallId; readonly dueAt: number } | null
  }
  /** Flows with calls whose time has come, among the calls that `overdue` looks at, the longest first, 50 at the most. */
  readonly flows: ReadonlyArray<{
    readonly tenantId: TenantId
    readonly key: string
    readonly waiting: number
    readonly running: number
    /** How many may be under way, as the flow says, or else the strictest of these calls; null when neither says. */
    readonly limit: number | null
  }>
  /** Those that hold calls back. */
  readonly pauses: WaitingThings
  readonly deadLetters: WaitingThings
  /** What came in and has not come to its end. */
  readonly ingestion: WaitingThings
  /** Since when the oldest of them waits, of all tenants: messages for the bus, the next time of a schedule, bulk jobs that have not ended. */
  readonly loops: { readonly outbox: number | null; readonly schedules: number | null; readonly jobs: number | null }
  /** Which process does what only one does at a time. */
  readonly leases: ReadonlyArray<{ readonly name: string; readonly holder: string }>
}

/** Events, of all tenants, that the work behind the log has not come to. */
export interface WorkBehind {
  /** Into the audit tree. */
  readonly sealing: WaitingThings
  /** For overviews. */
  readonly counting: WaitingThings
}

/** Of each, so many are counted. */
export const behindBudget = 1_000

/** How many of a kind of thing an overview looks at. */
export const overviewBudget = 10_000
/** Calls whose time has come are looked at in their rows, which are large. */
export const overdueBudget = 1_000

export class Overviews extends Context.Service<
  Overviews,
  {
    /** Null: all tenants together. `now` in epoch ms. */
    readonly of: (tenantId: TenantId | null, now: number) => Effect.Effect<OverviewFacts, StoreUnavailable>
    /** How far sealing and counting are behind; at a bounded cost. */
    readonly behind: Effect.Effect<WorkBehind, StoreUnavailable>
    /**
     * Counts what has happened since the last time, about `limit` events at the most, once, whoever asks and however often. Answers with how
     * many events it saw; null when another is at it.
     */
    readonly count: (limit: number) => Effect.Effect<number | null, StoreUnavailable>
  }
>()("@dueline/contracts/ports/Overviews") {}
