/** The plan of a back-fill: which times of a schedule lie in the range, and what the changes of clocks make of them. Nothing is made of them yet. */
import type { BulkPlanView, PlanBulkJob } from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import { maxPlanned, sampleSize } from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import type { EpochMillis, TenantId } from "@dueline/contracts/Ids"
import { OpsQueries } from "@dueline/contracts/ports/Queries"
import type { ScheduleId, ScheduleRow } from "@dueline/contracts/schedule/Schedule"
import type { PlannedTimes } from "@dueline/contracts/schedule/ScheduleBodies"
import type { Occurrence, Timing } from "@dueline/contracts/schedule/Timing"
import { formatLocal } from "@dueline/contracts/schedule/zone"
import { occurrenceCallId } from "@dueline/identity/derivedId"
import { Effect, Result } from "effect"
import { storeUnavailable } from "../requests/refusal.ts"
import { orDeny, reject } from "../requests/reject.ts"
import { now } from "../resources/asking.ts"
import { walk, zoneData } from "../schedules/scheduleTerms.ts"
import { transitionsOf } from "../schedules/scheduleView.ts"
import { pathOfItem } from "./jobView.ts"
import { pastRange, type Range, wrongFilter } from "./pastRange.ts"
import { add, makeTokens, mostFrequent } from "./plan.ts"

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
