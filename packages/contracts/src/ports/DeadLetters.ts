/** Where messages end that could not be delivered: kept with their history, shown, and taken out again to be delivered once more. */
import { Context, type Effect, Schema } from "effect"
import { type TenantId, uuid } from "../Ids.ts"
import type { BusMessage } from "./EventBus.ts"
import type { StoreUnavailable } from "./Persistence.ts"

export interface DeadLetter {
  /** With `redelivery` when it was a replay that was given up. */
  readonly message: BusMessage
  /** The consumers that could not take it; empty for the outbox, which could not hand it to the bus. */
  readonly group: string
  /** Why each attempt failed, oldest first; the last one decided. At most the last 20 are kept. */
  readonly reasons: ReadonlyArray<string>
}

export const DeadLetterId = uuid.pipe(Schema.brand("DeadLetterId"))
export type DeadLetterId = typeof DeadLetterId.Type

/** `Replaying`: a job has taken it. `Replayed`: the bus has it again; given up once more, it is `Waiting` again. */
export const DeadLetterState = Schema.Literals(["Waiting", "Replaying", "Replayed"])
export type DeadLetterState = typeof DeadLetterState.Type

/** A letter that a job has taken: what to publish, and what became of it. */
export interface TakenLetter {
  /** `Replaying`: it is to be published. `Replayed`: it was, and the bus has it. `Waiting`: it was, and was given up again. */
  readonly state: DeadLetterState
  readonly message: BusMessage
  readonly group: string
  /** 1 for the first replay of the letter. */
  readonly replay: number
}

export interface TakenBy {
  readonly tenantId: TenantId
  readonly id: DeadLetterId
  /** The id of the job. */
  readonly job: string
}

export class DeadLetters extends Context.Service<
  DeadLetters,
  {
    /**
     * Durable when done. The same message of the same group a second time changes nothing; one whose replay was given up waits again, with
     * the reasons after those it had.
     */
    readonly keep: (letter: DeadLetter) => Effect.Effect<void, StoreUnavailable>
    /**
     * Takes a waiting letter that died at `before` (epoch ms) or earlier: once for each job, which is told what became of it when it asks again.
     * Null for any other.
     */
    readonly take: (
      options: TakenBy & { readonly before: number }
    ) => Effect.Effect<TakenLetter | null, StoreUnavailable>
    /** What became of a letter that the job has taken: `error` null when the bus has it. Told twice, nothing changes. */
    readonly settle: (options: TakenBy & { readonly error: string | null }) => Effect.Effect<void, StoreUnavailable>
  }
>()("@dueline/contracts/ports/DeadLetters") {}

/** What the edge and the jobs may read of dead letters, always inside one tenant. */
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
