/**
 * Plans that look back: which times of a schedule lie in a range and what the changes of clocks did to them, and which kept messages of a time a
 * subscription asks for now.
 */
import type { EpochMillis, TenantId } from "@dueline/contracts/Ids"
import { parseInstant } from "@dueline/contracts/api/Wire"
import {
  type BulkPlanView,
  maxPlanned,
  type PlanBulkJob,
  sampleSize
} from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import { DeliveryQueries } from "@dueline/contracts/ports/Deliveries"
import { OpsQueries } from "@dueline/contracts/ports/Queries"
import type { ScheduleId, ScheduleRow } from "@dueline/contracts/schedule/Schedule"
import type { PlannedTimes } from "@dueline/contracts/schedule/ScheduleBodies"
import type { Occurrence, Timing } from "@dueline/contracts/schedule/Timing"
import { formatLocal } from "@dueline/contracts/schedule/zone"
import type { SubscriptionId, SubscriptionRow } from "@dueline/contracts/subscription/Subscription"
import { isDelivered } from "@dueline/contracts/subscription/matching"
import { occurrenceCallId } from "@dueline/identity/derivedId"
import { Effect, Result } from "effect"
import { type Denial, orDeny, reject, storeUnavailable } from "../requests/refusal.ts"
import { invalid } from "../requests/requestBody.ts"
import { now } from "../resources/asking.ts"
import { transitionsOf, walk, zoneData } from "../schedules/scheduleTerms.ts"
import { pathOfItem } from "./jobView.ts"
import { add, countedBy, makeTokens, mostFrequent, pageSize } from "./plan.ts"

/** All of the past, and within what the schedule says of itself. */
const rangeIn = ({ filter }: PlanBulkJob, row: ScheduleRow | null, at: number) => {
  if (row === null || row.status === "Deleted")
    return wrongFilter("schedule", "there is no such schedule in this tenant")
  return Result.map(pastRange(filter, at, "times to come are called by themselves"), ({ from, to }): Range => {
    const end = row.until === null ? to : Math.min(to, row.until + 1)
    return { from: Math.max(from, row.from ?? from) as EpochMillis, to: end as EpochMillis }
  })
}

/** Times walked before others have a turn. */
const turn = 200

/** The times that lie in it, and what the changes of clocks make of them. Null when there are more than a job may make. */
export const plannedTimes = Effect.fnUntraced(function* (timing: Timing, { from, to }: Range) {
  const { next, passedOver } = walk(timing)
  const times: Array<Occurrence> = []
  for (let found = next(from - 1); found !== null && found.at < to; found = next(found.at)) {
    if (times.length === maxPlanned) return null
    times.push(found)
    if (times.length % turn === 0) yield* Effect.yieldNow
  }
  const { zone } = timing
  const local = (time: Occurrence | undefined) => (time === undefined ? null : formatLocal(zone, time.at))
  const cron = timing._tag === "Cron" ? timing : null
  const marks = new Map<string, number>()
  for (const { mark } of times) if (mark !== "regular") add(marks, mark)
  return {
    times,
    byReason: mostFrequent(marks),
    about: {
      zone,
      zoneData,
      first: local(times[0]),
      last: local(times.at(-1)),
      missingHour: cron?.missingHour ?? null,
      repeatedHour: cron?.repeatedHour ?? null,
      passedOver: passedOver(from - 1, to - 1).length,
      transitions: transitionsOf(zone, from, to)
    } satisfies PlannedTimes
  }
})

const tooMany = reject("range_too_large", `Choose a shorter range: ${maxPlanned} times at the most.`)

export const makePlanBackfill = Effect.gen(function* () {
  const queries = yield* OpsQueries
  const tokens = yield* makeTokens

  return Effect.fnUntraced(function* (tenantId: TenantId, body: PlanBulkJob) {
    const at = yield* now
    const scheduleId = body.filter.schedule as ScheduleId
    const row = yield* Effect.catch(queries.find("schedule", tenantId, scheduleId), storeUnavailable)
    const { from, to } = yield* orDeny(rangeIn(body, row, at))
    const { revision, timing } = row as ScheduleRow
    const { about, byReason, times } = (yield* plannedTimes(timing, { from, to })) ?? (yield* tooMany)
    const work = { _tag: "BackfillSchedule", filter: { scheduleId, revision, timing, from, to } } as const
    return {
      ...tokens.issue(tenantId, work, { at, count: times.length, exact: true }),
      sample: times.slice(0, sampleSize).map((time) => {
        const id = occurrenceCallId(tenantId, scheduleId, revision, time.at)
        const reason = time.mark === "regular" ? null : time.mark
        return { id, target: formatLocal(timing.zone, time.at), reason, links: { self: pathOfItem(work, id) } }
      }),
      byTarget: [],
      byReason,
      times: about
    } satisfies BulkPlanView
  })
})

/** The plan of a redelivery: which kept messages of a time a subscription asks for now. None of them is put in line yet. */
const chosen = ({ filter }: PlanBulkJob, row: SubscriptionRow | null, at: number) => {
  if (row === null || row.status === "Deleted")
    return wrongFilter("subscription", "there is no such subscription in this tenant")
  if (row.status === "Disabled")
    return wrongFilter("subscription", "is disabled: mend its endpoint and enable it first")
  return Result.map(pastRange(filter, at, "messages to come are delivered by themselves"), (range) => ({
    row,
    ...range
  }))
}

interface Behind {
  readonly after: number | null
}

export const makePlanRedelivery = Effect.gen(function* () {
  const queries = yield* OpsQueries
  const lines = yield* DeliveryQueries
  const tokens = yield* makeTokens

  return Effect.fnUntraced(function* (tenantId: TenantId, body: PlanBulkJob) {
    const at = yield* now
    const subscriptionId = body.filter.subscription as SubscriptionId
    const there = yield* Effect.catch(queries.find("subscription", tenantId, subscriptionId), storeUnavailable)
    const { from, row, to } = yield* orDeny(chosen(body, there, at))
    const work = { _tag: "RedeliverMessages", filter: { subscriptionId, from, to } } as const
    const look = ({ after }: Behind) =>
      Effect.map(lines.kept({ tenantId, from, to: to - 1, after, limit: pageSize }), (page) => ({
        seen: page
          .filter((message) => isDelivered(row, message))
          .map(({ eventId, topic }) => ({ id: eventId, target: topic, reason: null })),
        next: page.length < pageSize ? null : { after: page.at(-1)?.seq ?? after }
      }))
    const first: Behind = { after: null }
    const { count, exact, ...found } = yield* Effect.catch(countedBy(work, first, look), storeUnavailable)
    return { ...tokens.issue(tenantId, work, { at, count, exact }), ...found } satisfies BulkPlanView
  })
})

/** `from` ≤ time < `to`. */
export interface Range {
  readonly from: EpochMillis
  readonly to: EpochMillis
}

export const wrongFilter = (member: string, message: string): Result.Result<never, Denial<"invalid_request">> =>
  Result.fail(invalid([{ path: `body.filter.${member}`, message }]))

/** `later`: what becomes of what is later than now, which none of this is for. */
export const pastRange = (
  { from, to }: PlanBulkJob["filter"],
  at: number,
  later: string
): Result.Result<Range, Denial<"invalid_request">> => {
  const range = { from: parseInstant(from ?? "", "up"), to: parseInstant(to ?? "", "up") }
  if (range.to > at) return wrongFilter("to", `must not be later than now: ${later}`)
  if (range.from >= range.to) return wrongFilter("to", "must be later than `from`")
  return Result.succeed(range as Range)
}
