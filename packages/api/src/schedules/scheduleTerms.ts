/** What the caller wants of a schedule, in the form that commands have: looked at before anybody is asked, and laid over what is there. */
import type { CorrelationId, EpochMillis, ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import type { Unprocessable } from "@dueline/contracts/api/ProblemError"
import { formatDuration, formatInstant, parseDelay, parseInstant } from "@dueline/contracts/api/Wire"
import type { RawRequest, RequestIntake } from "@dueline/contracts/ports/Admission"
import type {
  Missed,
  Progress,
  ScheduleFacts,
  ScheduleId,
  ScheduleRow,
  ScheduleTerms
} from "@dueline/contracts/schedule/Schedule"
import type {
  CreateSchedule,
  MissedAsked,
  Preview,
  ScheduleState,
  ScheduleView,
  UpdateSchedule
} from "@dueline/contracts/schedule/ScheduleBodies"
import type { Timing } from "@dueline/contracts/schedule/Timing"
import { scheduleTag } from "@dueline/contracts/schedule/Topic"
import { type Occurrences, occurrencesOf, type Plan, upcoming } from "@dueline/contracts/schedule/occurrences"
import { fillIn, placeNames, readableUrl, unknownPlace } from "@dueline/contracts/schedule/template"
import { canonicalZone, formatLocal, transitionsBetween } from "@dueline/contracts/schedule/zone"
import { defaultRetryPolicy, defaultTimeoutMs, type RequestSummary } from "@dueline/contracts/serviceCall/Spec"
import { jitterOffset, occurrenceCallId } from "@dueline/identity/derivedId"
import { Effect, Result } from "effect"
import { refusedRequest, retryOf } from "../calls/askedRequest.ts"
import { deny, reject } from "../requests/refusal.ts"

/** Version of the zone data of this runtime. */
export const zoneData = process.versions.tz ?? "unknown"

const millis = (value: number): EpochMillis => value as EpochMillis

type Ruled = Pick<UpdateSchedule, "cron" | "every" | "missingHour" | "repeatedHour" | "from" | "until" | "zone">

/** `given`: null takes it away, and what is left out stays. */
const instant = (given: string | null | undefined, before: EpochMillis | null, rounding: "up" | "down") =>
  given === undefined ? before : given === null ? null : millis(parseInstant(given, rounding))

/** The rule between its beginning and its end. `before`: what is there; null for a rule that is new. */
export const planOf = (asked: Ruled, at: number, before: Pick<ScheduleTerms, "timing" | "from" | "until"> | null) => {
  const from = instant(asked.from, before?.from ?? null, "up")
  const until = instant(asked.until, before?.until ?? null, "down")
  const zone = asked.zone === undefined ? (before?.timing.zone ?? "UTC") : (canonicalZone(asked.zone) ?? "UTC")
  const was = before?.timing
  const keeps = asked.cron === undefined && asked.every === undefined
  const timing = ((): Timing => {
    if (asked.every !== undefined || (keeps && was?._tag === "Every")) {
      const kept = was?._tag === "Every" ? was : null
      const everyMs = asked.every === undefined ? (kept?.everyMs ?? 0) : parseDelay(asked.every, "up")
      const stays = kept !== null && asked.every === undefined && asked.from === undefined
      return { _tag: "Every", everyMs, anchor: stays ? kept.anchor : millis(from ?? at), zone }
    }
    const kept = was?._tag === "Cron" ? was : null
    return {
      _tag: "Cron",
      expression: asked.cron ?? kept?.expression ?? "",
      zone,
      missingHour: asked.missingHour ?? kept?.missingHour ?? "shift",
      repeatedHour: asked.repeatedHour ?? kept?.repeatedHour ?? "auto"
    }
  })()
  return { timing, from, until }
}

/** The expression was looked at with the body. */
export const walk = (timing: Timing): Occurrences => Result.getOrThrow(occurrencesOf(timing))

const hourMs = 3_600_000

const missedOf = ({ max = 10, policy, window }: MissedAsked): Missed => {
  const windowMs = window === undefined ? hourMs : parseDelay(window, "up")
  if (policy === "skip") return { _tag: "Skip" }
  return policy === "last" ? { _tag: "Last", windowMs } : { _tag: "All", max, windowMs }
}

export interface About {
  readonly tenantId: TenantId
  readonly id: ScheduleId
  readonly at: EpochMillis
}

/** What may be shown of a request with its templates, once it was looked at as it will be made the next time. */
export const looked = (
  { admit }: RequestIntake["Service"],
  { at, id, tenantId }: About,
  raw: RawRequest,
  zone: string
): Effect.Effect<RequestSummary, Unprocessable> => {
  const unknown = unknownPlace(raw)
  if (unknown !== null) {
    const message = `{{${unknown.name}}} stands for nothing; there are ${placeNames.join(", ")}`
    return reject("request_refused", "Correct what `errors` lists: such a request is never sent.", {
      errors: [{ path: `body.request.${unknown.field}`, code: "template_unknown", message }]
    })
  }
  const callId = occurrenceCallId(tenantId, id, 1, at)
  const filled = admit(tenantId, callId, { method: raw.method, ...fillIn(raw, { scheduleId: id, callId, at, zone }) })
  if (Result.isFailure(filled)) return deny(refusedRequest("body", filled.failure))
  const written = admit(tenantId, id as string as ServiceCallId, raw)
  const { request } = (Result.isSuccess(written) ? written.success : filled.success).spec
  return Effect.succeed({ ...request, url: readableUrl(request.url) })
}

/** The terms of a schedule that is new (`before` is null) or is changed. Requests are looked at elsewhere. */
export const termsOf = (
  asked: CreateSchedule | UpdateSchedule,
  { at, id, tenantId }: About,
  request: RequestSummary,
  before: ScheduleRow | null
): ScheduleTerms => {
  const flow = asked.flow === undefined ? (before?.call.flow ?? null) : asked.flow
  const jitterMs = asked.jitter === undefined ? (before?.jitterMs ?? 0) : parseDelay(asked.jitter, "down")
  return {
    name: asked.name === undefined ? (before?.name ?? null) : asked.name,
    ...planOf(asked, at, before),
    jitterMs,
    offsetMs: jitterOffset(tenantId, id, jitterMs),
    overlap: asked.overlap ?? before?.overlap ?? "skip",
    missed:
      asked.missed === undefined ? (before?.missed ?? { _tag: "Last", windowMs: hourMs }) : missedOf(asked.missed),
    call: {
      request,
      timeoutMs: asked.timeoutMs ?? before?.call.timeoutMs ?? defaultTimeoutMs,
      retry: retryOf(asked.retry, before?.call.retry ?? defaultRetryPolicy),
      tags: asked.tags ?? before?.call.tags ?? [],
      ...(flow === null ? {} : { flow })
    }
  }
}

/** From now on; refused when nothing would ever come. */
export const progressFrom = (terms: ScheduleTerms, at: EpochMillis): Effect.Effect<Progress, Unprocessable> => {
  const next = upcoming(walk(terms.timing), terms, at)
  if (next === null) {
    const path = terms.timing._tag === "Cron" ? "body.cron" : "body.every"
    return reject("invalid_request", "Choose a rule that has a time to come, or a later `until`.", {
      errors: [{ path, message: "never comes from now on" }]
    })
  }
  return Effect.succeed({ doneUntil: at, nextAt: next.at, zoneData, waiting: [], lookAt: null, looks: 0 })
}

/** How schedules and their times to come are shown. */
const instantOrNull = (at: number | null): string | null => (at === null ? null : formatInstant(at))

const missedView = (missed: Missed): ScheduleState["missed"] =>
  missed._tag === "Skip"
    ? { policy: "skip", max: null, window: null }
    : {
        policy: missed._tag === "Last" ? "last" : "all",
        max: missed._tag === "Last" ? null : missed.max,
        window: formatDuration(missed.windowMs)
      }

export const shownSchedule = (id: ScheduleId, facts: ScheduleFacts, version: number): ScheduleState => {
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
  ...shownSchedule(row.scheduleId, row, row.version),
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
