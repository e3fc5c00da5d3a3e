/** What the edge and the jobs may read of dead letters, always inside one tenant. */
import { Context, type Effect } from "effect"
import type { TenantId } from "../Ids.ts"
import type { DeadLetterId, DeadLetterState } from "./DeadLetters.ts"
import type { StoreUnavailable } from "./Persistence.ts"

export interface LetterFilter {
  readonly state: DeadLetterState | null
  readonly topic: string | null
  /** Empty: the outbox. */
  readonly group: string | null
  /** Part of the last reason, case-insensitive. */
  readonly reason: string | null
  /** When it died, epoch ms: from inclusive, to exclusive. */
  readonly from: number | null
  readonly to: number | null
}

export interface LetterSummary {
  readonly id: DeadLetterId
  readonly eventId: string
  readonly streamId: string
  readonly topic: string
  readonly group: string
  /** Attempts that failed, those of its replays included. */
  readonly failures: number
  /** Of the last attempt. */
  readonly reason: string
  readonly diedAt: number
  readonly state: DeadLetterState
  readonly replays: number
  /** The job that took it last. */
  readonly replayJob: string | null
  readonly replayedAt: number | null
}

export interface LetterDetail extends LetterSummary {
  readonly payload: unknown
  /** The last 20. `at` (epoch ms) is null where only the consumer knew. */
  readonly attempts: ReadonlyArray<{ readonly at: number | null; readonly error: string }>
}

/** Where the next page starts: after this letter in (diedAt, id) order, newest first. */
export interface LetterMark {
  readonly diedAt: number
  readonly id: string
}

export interface LetterPage {
  readonly letters: ReadonlyArray<LetterSummary>
  /** Null when there is nothing more. A page looks at a bounded number of letters: it may hold fewer than asked for, and have a next one. */
  readonly next: LetterMark | null
}

export class DeadLetterQueries extends Context.Service<
  DeadLetterQueries,
  {
    readonly list: (options: {
      readonly tenantId: TenantId
      readonly filter: LetterFilter
      readonly after: LetterMark | null
      readonly limit: number
    }) => Effect.Effect<LetterPage, StoreUnavailable>
    readonly find: (tenantId: TenantId, id: DeadLetterId) => Effect.Effect<LetterDetail | null, StoreUnavailable>
  }
>()("@dueline/contracts/ports/DeadLetterQueries") {}
