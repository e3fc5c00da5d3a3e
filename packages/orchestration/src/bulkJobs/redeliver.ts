/**
 * Messages of a subscription stand in its line once more, the oldest first. The number under which they do follows from the job, so that a
 * message that is put there twice stands there once; it is delivered under the id that it had.
 */
import type { BulkJobId, BulkJobRow, MessagesChoice } from "@dueline/contracts/bulkJob/BulkJob"
import type { EpochMillis } from "@dueline/contracts/Ids"
import type { Deliveries } from "@dueline/contracts/ports/Deliveries"
import type { Chosen, JobItem } from "@dueline/contracts/ports/JobItems"
import type { OpsQueries } from "@dueline/contracts/ports/Queries"
import { isDelivered } from "@dueline/contracts/subscription/matching"
import { Effect } from "effect"
import type { Found } from "./items.ts"
import { type Doing, done, orLater, skipped } from "./results.ts"

export interface RedeliverPorts {
  readonly deliveries: Deliveries["Service"]
  readonly rows: OpsQueries["Service"]
}

/** Those that are counted from 1 lie below it. */
const firstOfJobs = 2 ** 30

/** An `int4`. A job's id is a digest. */
export const redeliveryOf = (bulkJobId: BulkJobId): number =>
  firstOfJobs + (Number.parseInt(bulkJobId.slice(0, 8), 16) >>> 2)

/** Messages read at once: of many that it does not ask for. */
const pageSize = 500

export const messagesFrom = Effect.fnUntraced(function* (
  { deliveries, rows }: RedeliverPorts,
  { after, tenantId }: BulkJobRow,
  { from, subscriptionId, to }: MessagesChoice,
  limit: number
) {
  const row = yield* rows.find("subscription", tenantId, subscriptionId)
  const nothing: Found = { items: [], next: null }
  if (row === null || row.status === "Deleted") return nothing
  const page = yield* deliveries.kept({ tenantId, from, to: to - 1, after: after?.at ?? null, limit: pageSize })
  const wanted = page.filter((message) => isDelivered(row, message))
  const items = wanted.slice(0, limit).map(({ eventId, seq }): Chosen => ({ id: eventId, at: seq, version: null }))
  const isWhole = wanted.length <= limit
  const last = isWhole ? page.at(-1) : wanted[limit - 1]
  const isEnd = isWhole && page.length < pageSize
  const found: Found = {
    items,
    next: isEnd || last === undefined ? null : { at: last.seq as EpochMillis, id: last.eventId }
  }
  return found
})

export const redeliverOne = (
  { deliveries, rows }: RedeliverPorts,
  { bulkJobId, tenantId }: BulkJobRow,
  { subscriptionId }: MessagesChoice,
  { at: seq, id }: JobItem
): Doing =>
  Effect.gen(function* () {
    const row = yield* rows.find("subscription", tenantId, subscriptionId)
    if (row === null || row.status === "Deleted") return skipped(id, "SubscriptionIsDeleted")
    if (row.status === "Disabled") return skipped(id, "SubscriptionIsDisabled")
    yield* deliveries.repeat({ tenantId, subscriptionId, redelivery: redeliveryOf(bulkJobId), seqs: [seq] })
    return done(id)
  }).pipe(orLater)
