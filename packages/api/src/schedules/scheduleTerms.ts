/** What the caller wants of a schedule, in the form that commands have: looked at before anybody is asked, and laid over what is there. */
import type { CreateSchedule, MissedAsked, UpdateSchedule } from "@dueline/contracts/schedule/ScheduleBodies"
import type { Unprocessable } from "@dueline/contracts/api/ProblemError"
import { parseDelay, parseInstant } from "@dueline/contracts/api/Wire"
import type { EpochMillis, ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import type { RawRequest, RequestIntake } from "@dueline/contracts/ports/Admission"
import { type Occurrences, occurrencesOf, upcoming } from "@dueline/contracts/schedule/occurrences"
import type { Missed, Progress, ScheduleId, ScheduleRow, ScheduleTerms } from "@dueline/contracts/schedule/Schedule"
import { fillIn, placeNames, readableUrl, unknownPlace } from "@dueline/contracts/schedule/template"
import type { Timing } from "@dueline/contracts/schedule/Timing"
import { canonicalZone } from "@dueline/contracts/schedule/zone"
import { defaultRetryPolicy, defaultTimeoutMs, type RequestSummary } from "@dueline/contracts/serviceCall/Spec"
import { jitterOffset, occurrenceCallId } from "@dueline/identity/derivedId"
import { Effect, Result } from "effect"
import { refusedRequest, retryOf } from "../calls/askedRequest.ts"
import { deny, reject } from "../requests/reject.ts"

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
