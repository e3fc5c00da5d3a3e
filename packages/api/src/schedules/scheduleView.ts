/** How schedules and their times to come are shown. */
import type { Preview, ScheduleState, ScheduleView } from "@dueline/contracts/schedule/ScheduleBodies"
import { formatDuration, formatInstant } from "@dueline/contracts/api/Wire"
import type { CorrelationId } from "@dueline/contracts/Ids"
import type { Missed, ScheduleFacts, ScheduleId, ScheduleRow } from "@dueline/contracts/schedule/Schedule"
import { scheduleTag } from "@dueline/contracts/schedule/Topic"
import { type Plan, upcoming } from "@dueline/contracts/schedule/occurrences"
import { formatLocal, transitionsBetween } from "@dueline/contracts/schedule/zone"
import { walk, zoneData } from "./scheduleTerms.ts"

const instantOrNull = (at: number | null): string | null => (at === null ? null : formatInstant(at))

const missedView = (missed: Missed): ScheduleState["missed"] =>
  missed._tag === "Skip"
    ? { policy: "skip", max: null, window: null }
    : {
        policy: missed._tag === "Last" ? "last" : "all",
        max: missed._tag === "Last" ? null : missed.max,
        window: formatDuration(missed.windowMs)
      }

export const shown = (id: ScheduleId, facts: ScheduleFacts, version: number): ScheduleState => {
  const { call, last, lastSkip, nextAt, offsetMs, timing } = facts
  const cron = timing._tag === "Cron" ? timing : null
  const next = facts.status === "Active" ? nextAt : null
  return {
    id,
    name: facts.name,
    status: facts.status,
    pausedReason: facts.pausedReason,
    cron: cron?.expression ?? null,
    every: timing._tag === "Every" ? formatDuration(timing.everyMs) : null,
    zone: timing.zone,
    missingHour: cron?.missingHour ?? null,
    repeatedHour: cron?.repeatedHour ?? null,
    from: instantOrNull(facts.from),
    until: instantOrNull(facts.until),
    jitter: formatDuration(facts.jitterMs),
    overlap: facts.overlap,
    missed: missedView(facts.missed),
    request: call.request,
    tags: call.tags,
    flow: call.flow ?? null,
    retry: call.retry,
    timeoutMs: call.timeoutMs,
    next:
      next === null
        ? null
        : { at: formatInstant(next), local: formatLocal(timing.zone, next), dueAt: formatInstant(next + offsetMs) },
    waiting: facts.waiting.length,
    last:
      last === null ? null : { at: formatInstant(last.at), callId: last.callId, firedAt: formatInstant(last.firedAt) },
    fired: facts.fired,
    lastSkip:
      lastSkip === null
        ? null
        : { ...lastSkip, first: formatInstant(lastSkip.first), last: formatInstant(lastSkip.last) },
    revision: facts.revision,
    zoneData: facts.zoneData,
    createdAt: formatInstant(facts.createdAt),
    updatedAt: formatInstant(facts.updatedAt),
    version,
    links: {
      self: `/v1/schedules/${id}`,
      calls: `/v1/service-calls?tag=${scheduleTag(id)}`,
      preview: `/v1/schedules/${id}/preview`
    }
  }
}

export const viewOf = (row: ScheduleRow): ScheduleView => ({
  ...shown(row.scheduleId, row, row.version),
  correlationId: row.correlationId as CorrelationId
})

const transitionLimit = 20

/** When clocks are changed in this time, the first ones. */
export const transitionsOf = (zone: string, from: number, to: number): Preview["transitions"] =>
  transitionsBetween(zone, from, to)
    .slice(0, transitionLimit)
    .map((change) => {
      const back = change.after < change.before
      const unchanged = formatLocal(zone, change.at - 1_000)
      const before = new Date(change.at + change.before).toISOString().slice(0, 19) + unchanged.slice(19)
      const kind = back ? ("back" as const) : ("forward" as const)
      return { at: formatInstant(change.at), before, after: formatLocal(zone, change.at), kind }
    })

export const previewOf = (plan: Plan, after: number, count: number): Preview => {
  const { zone } = plan.timing
  const occurrences = walk(plan.timing)
  const items: Array<Preview["items"][number]> = []
  let at = after
  while (items.length < count) {
    const next = upcoming(occurrences, plan, at)
    if (next === null) break
    at = next.at
    items.push({ at: formatInstant(at), local: formatLocal(zone, at), mark: next.mark })
  }
  // Far ones are looked for as far as twenty can be.
  const end = Math.min(at, after + transitionLimit * 366 * 86_400_000)
  return { zone, zoneData, items, transitions: transitionsOf(zone, after, end) }
}
