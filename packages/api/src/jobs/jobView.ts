/** Bulk jobs, their filters and their items as they are answered. */
import { formatDuration, formatInstant } from "@dueline/contracts/api/Wire"
import {
  actionOf,
  type BulkJobFacts,
  type BulkJobId,
  type BulkJobRow,
  type BulkWork
} from "@dueline/contracts/bulkJob/BulkJob"
import type { BulkFilter, BulkJobItem, BulkJobState, BulkJobView } from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import { outboxGroup } from "@dueline/contracts/api/DeadLetterEndpoints"
import type { CorrelationId } from "@dueline/contracts/Ids"
import type { JobItem } from "@dueline/contracts/ports/JobItems"

const instant = (millis: number | null): string | undefined => (millis === null ? undefined : formatInstant(millis))
const text = (value: string | null): string | undefined => value ?? undefined

const given = (members: Readonly<Record<string, unknown>>): BulkFilter =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))

const filterOf = (work: BulkWork): BulkFilter => {
  if (work._tag === "ReplayDeadLetters") {
    const { from, group, reason, to, topic } = work.filter
    return given({
      topic: text(topic),
      group: group === "" ? outboxGroup : text(group),
      reason: text(reason),
      from: instant(from),
      to: instant(to)
    })
  }
  if (work._tag === "BackfillSchedule") {
    const { from, scheduleId, to } = work.filter
    return given({ schedule: scheduleId, from: instant(from), to: instant(to) })
  }
  if (work._tag === "RedeliverMessages") {
    const { from, subscriptionId, to } = work.filter
    return given({ subscription: subscriptionId, from: instant(from), to: instant(to) })
  }
  const { dueFrom, dueTo, search, status, tags } = work.filter
  return given({
    status,
    tags: tags.length === 0 ? undefined : tags,
    dueFrom: instant(dueFrom),
    dueTo: instant(dueTo),
    q: text(search)
  })
}

export const jobPath = (id: BulkJobId): string => `/v1/jobs/${id}`

export const stateOf = (id: BulkJobId, job: BulkJobFacts, version: number): BulkJobState => {
  const { work } = job
  const move = work._tag === "MoveCalls" ? work : { to: null, byMs: null }
  return {
    id,
    action: actionOf(work),
    filter: filterOf(work),
    deadLetter: work._tag === "ReplayDeadLetters" ? work.filter.id : null,
    moveTo: instant(move.to) ?? null,
    moveBy: move.byMs === null ? null : formatDuration(move.byMs),
    status: job.status,
    rate: job.rate,
    startedBy: job.startedBy,
    plan: { at: formatInstant(job.plan.at), count: job.plan.count, exact: job.plan.exact },
    progress: { done: job.done, failed: job.failed, skipped: job.skipped },
    createdAt: formatInstant(job.createdAt),
    updatedAt: formatInstant(job.updatedAt),
    endedAt: instant(job.endedAt) ?? null,
    version,
    links: { self: jobPath(id), items: `${jobPath(id)}/items` }
  }
}

export const viewOf = (row: BulkJobRow): BulkJobView => ({
  ...stateOf(row.bulkJobId, row, row.version),
  correlationId: row.correlationId as CorrelationId
})

export const pathOfItem = ({ _tag }: BulkWork, id: string): string => {
  if (_tag === "ReplayDeadLetters") return `/v1/dead-letters/${id}`
  // What delivers a message is tagged with it.
  return _tag === "RedeliverMessages" ? `/v1/service-calls?tag=event:${id}` : `/v1/service-calls/${id}`
}

export const itemOf = (work: BulkWork, { detail, id, outcome }: JobItem): BulkJobItem => ({
  id,
  outcome: outcome ?? "pending",
  detail,
  links: { self: pathOfItem(work, id) }
})
