/** What an operator asks of the outbox, across tenants: what waits for the bus, and that it is tried now. Beside the dispatcher, not instead of it. */
import { Clock, Effect } from "effect"
import { Database } from "../Database.ts"

export interface WaitingTopic {
  readonly topic: string
  readonly waiting: number
  /** Of these, those that failed before. */
  readonly failing: number
  /** Epoch ms. */
  readonly oldest: number
}

export interface WaitingMessage {
  /** Of the event that it tells. */
  readonly id: string
  readonly tenantId: string
  readonly topic: string
  /** Epoch ms. */
  readonly since: number
  readonly failures: number
  /** Epoch ms; null before the first attempt. */
  readonly retryAt: number | null
  readonly reason: string | null
}

export interface WaitingDetail extends WaitingMessage {
  readonly streamId: string
  readonly attempts: ReadonlyArray<{ readonly at: number; readonly error: string }>
  readonly payload: unknown
}

/** Of those that never failed, and of those that did, so many are looked at. */
export const waitingBudget = 10_000

export const waitingMessages = (asked: {
  readonly topic: string | undefined
  readonly failing: boolean
  readonly limit: number
}) =>
  Effect.gen(function* () {
    const { worker } = yield* Database
    const [row] = yield* worker.unsafe<{
      readonly found: {
        readonly topics: ReadonlyArray<WaitingTopic>
        readonly entries: ReadonlyArray<WaitingMessage>
      }
    }>("select dueline.list_outbox($1::text, $2::boolean, $3::int4, $4::int4) as found", [
      asked.topic ?? null,
      asked.failing,
      asked.limit,
      waitingBudget
    ])
    return row?.found ?? { topics: [], entries: [] }
  })

/** Null for one that is not there: it is delivered, or a dead letter. */
export const waitingMessage = (id: string) =>
  Effect.gen(function* () {
    const { worker } = yield* Database
    const [row] = yield* worker.unsafe<{ readonly found: WaitingDetail | null }>(
      "select dueline.find_outbox($1::uuid) as found",
      [id]
    )
    return row?.found ?? null
  })

/** Answers how many were waiting for their next attempt. */
export const retryWaiting = (id: string | null) =>
  Effect.gen(function* () {
    const { worker } = yield* Database
    const [row] = yield* worker.unsafe<{ readonly count: number }>(
      "select dueline.retry_outbox($1::uuid, $2::float8::bigint, $3::int4) as count",
      [id, yield* Clock.currentTimeMillis, waitingBudget]
    )
    return row?.count ?? 0
  })
