/**
 * What jobs bring back of the past, the oldest first: times of a schedule that have passed are made calls, messages of a subscription stand in its
 * line once more.
 */
import type { CorrelationId, EpochMillis, ServiceCallId } from "@dueline/contracts/Ids"
import type { BulkJobId, BulkJobRow, MessagesChoice, TimesChoice } from "@dueline/contracts/bulkJob/BulkJob"
import type { Deliveries } from "@dueline/contracts/ports/Deliveries"
import type { Chosen, JobItem } from "@dueline/contracts/ports/JobItems"
import { isTransient, type Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import type { CallQueries, OpsQueries } from "@dueline/contracts/ports/Queries"
import { comesByItself, type ScheduleCommand } from "@dueline/contracts/schedule/Schedule"
import type { Occurrence } from "@dueline/contracts/schedule/Timing"
import { type Occurrences, occurrencesOf } from "@dueline/contracts/schedule/occurrences"
import { isDelivered } from "@dueline/contracts/subscription/matching"
import { Clock, Effect, Result } from "effect"
import type { OccurrenceCallIdOf } from "../schedules/ScheduleFirer.ts"
import type { CarryOut } from "../schedules/scheduleCalls.ts"
import type { Found } from "./items.ts"
import { commandFor, type Doing, done, failed, Hindered, hindered, orLater, skipped } from "./results.ts"

export interface BackfillPorts {
  readonly calls: CallQueries["Service"]
  readonly rows: OpsQueries["Service"]
  readonly orchestrator: Orchestrator["Service"]
  readonly callIdOf: OccurrenceCallIdOf
  readonly carryOut: CarryOut
}

/** The expression was read when the schedule was made. */
const timesOf = ({ timing }: TimesChoice): Occurrences => Result.getOrThrow(occurrencesOf(timing))

/** The next page of times; needs no store. */
export const timesFrom = (
  { after, tenantId }: BulkJobRow,
  choice: TimesChoice,
  limit: number,
  callIdOf: OccurrenceCallIdOf
): Found => {
  const { from, revision, scheduleId, to } = choice
  const occurrences = timesOf(choice)
  const items: Array<Chosen> = []
  let found = occurrences.next(after?.at ?? from - 1)
  while (found !== null && found.at < to && items.length < limit) {
    items.push({ id: callIdOf(tenantId, scheduleId, revision, found.at), at: found.at, version: null })
    found = occurrences.next(found.at)
  }
  const last = items.at(-1)
  const isEnd = last === undefined || found === null || found.at >= to
  return { items, next: isEnd ? null : { at: last.at as EpochMillis, id: last.id } }
}

const deleted = "ScheduleIsDeleted"

const occurrenceAt = (choice: TimesChoice, at: number): Occurrence =>
  timesOf(choice).next(at - 1) ?? { at: at as EpochMillis, mark: "regular" }

/**
 * The schedule is told first, under a key of job and item, then the call is submitted: done again after a failure, the first is answered from its
 * receipt, and the call is known by the cause that it has in common with the job.
 */
export const backfillOne = (
  { calls, carryOut, orchestrator, rows }: BackfillPorts,
  job: BulkJobRow,
  choice: TimesChoice,
  item: JobItem
): Doing =>
  Effect.gen(function* () {
    const { tenantId } = job
    const { revision, scheduleId } = choice
    const { id } = item
    const callId = id as ServiceCallId
    const row = yield* rows.find("schedule", tenantId, scheduleId)
    if (row === null) return skipped(id, "ScheduleNotFound")
    if (row.status === "Deleted") return skipped(id, deleted)
    if (row.revision !== revision) return skipped(id, "ScheduleRevised")
    const call = yield* calls.find(tenantId, callId)
    if (call !== null) return call.correlationId === job.correlationId ? done(id) : skipped(id, "it is a call already")
    if (comesByItself(row, item.at)) return skipped(id, "it comes by itself")
    const at = (yield* Clock.currentTimeMillis) as EpochMillis
    const occurrence = occurrenceAt(choice, item.at)
    const correlationId = job.correlationId as CorrelationId
    const command = {
      _tag: "BackfillSchedule",
      scheduleId,
      at,
      revision,
      occurrence,
      callId,
      correlationId
    } satisfies ScheduleCommand
    const told = yield* Effect.result(orchestrator.ask(commandFor(job, id, command)))
    if (told._tag === "Failure") {
      const { failure } = told
      return isTransient(failure) ? yield* Effect.fail(hindered(failure)) : skipped(id, failure._tag)
    }
    const firing = { occurrence, cause: "backfilled", callId, dueAt: at, cancels: null, correlationId } as const
    const made = yield* Effect.result(carryOut(tenantId, scheduleId, firing))
    if (made._tag === "Success") return made.success ? done(id) : skipped(id, deleted)
    const { reason, what } = made.failure
    return what === "wait" ? yield* Effect.fail(new Hindered(reason)) : failed(id, reason)
  }).pipe(orLater)

/**
 * Messages of a subscription stand in its line once more, the oldest first. The number under which they do follows from the job, so that a
 * message that is put there twice stands there once; it is delivered under the id that it had.
 */
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
