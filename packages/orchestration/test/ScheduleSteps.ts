/** A schedule to tell stories about, and random stories of it. */
import type { Progress, ScheduleCommand, ScheduleTerms } from "@dueline/contracts/schedule/Schedule"
import { ScheduleId } from "@dueline/contracts/schedule/Schedule"
import { ServiceCallId } from "@dueline/contracts/Ids"
import { Schema } from "effect"
import * as Field from "./FieldSample.ts"
import * as Call from "./ServiceCallSample.ts"

const { ms, origin, t0 } = Field

export const scheduleId = ScheduleId.make("00000000-0000-7000-8000-e40000000001")
export const callIdOf = (n: number) =>
  ServiceCallId.make(`00000000-0000-7000-8000-e5${Math.abs(n).toString(16).padStart(10, "0").slice(-10)}`)

export const terms = (changes: Partial<ScheduleTerms> = {}): ScheduleTerms => ({
  name: "nightly-report",
  timing: { _tag: "Cron", expression: "* * * * *", zone: "UTC", missingHour: "shift", repeatedHour: "auto" },
  from: null,
  until: null,
  jitterMs: 0,
  offsetMs: 0,
  overlap: "allow",
  missed: { _tag: "Last", windowMs: 3_600_000 },
  call: Call.spec({ jitter: 0.2 }),
  ...changes
})

export const progress = (changes: Partial<Progress> = {}): Progress => ({
  doneUntil: t0,
  nextAt: ms(t0 + 60_000),
  zoneData: "2026c",
  waiting: [],
  lookAt: null,
  looks: 0,
  ...changes
})

export const create = (changes: Partial<ScheduleTerms> = {}, fingerprint = "f1"): ScheduleCommand => ({
  _tag: "CreateSchedule",
  scheduleId,
  at: t0,
  terms: terms(changes),
  progress: progress(),
  sealed: "v1.key.request",
  fingerprint,
  origin
})

const ScheduleStep = Schema.Struct({
  what: Schema.Literals([
    ...(["create", "update", "pause", "resume", "run", "delete"] as const),
    ...(["fire", "fire", "fire", "skip", "wait", "late", "move", "end"] as const)
  ]),
  wait: Schema.Literals([0, 1_000, 60_000]),
  fingerprint: Schema.Literals(["f1", "f1", "f2"]),
  isStale: Schema.Literals([false, false, false, true])
})
export const ScheduleStory = Schema.Array(ScheduleStep)

/** Mostly commands that follow from what is there, as whoever looks at rows makes them, and some that came too late. */
export const scheduleCommands = (story: typeof ScheduleStory.Type): ReadonlyArray<ScheduleCommand> => {
  let at = t0
  let revision = 1
  let now = progress()
  const advance = (next: Progress, parts: Partial<Extract<ScheduleCommand, { readonly _tag: "AdvanceSchedule" }>>) => {
    const command = { _tag: "AdvanceSchedule", scheduleId, at, revision, doneUntil: now.doneUntil } as const
    now = next
    return { ...command, skips: [], firings: [], progress: next, ...parts } satisfies ScheduleCommand
  }
  const firing = (time: number, cause: "due" | "waited") => ({
    occurrence: { at: ms(time), mark: "regular" as const },
    cause,
    callId: callIdOf(time - t0),
    dueAt: ms(time),
    cancels: null
  })
  const told = story.map(({ fingerprint, isStale, wait, what }): ScheduleCommand => {
    at = ms(at + wait)
    const about = { scheduleId, at }
    const reached = ms(Math.max(at, now.doneUntil + 1))
    const next = progress({ doneUntil: reached, nextAt: ms(reached + 60_000) })
    const based = isStale ? revision - 1 : revision
    switch (what) {
      case "create":
        return create({}, fingerprint)
      case "update": {
        const command = { _tag: "UpdateSchedule", ...about, revision: based, terms: terms({ name: null }) } as const
        if (!isStale) [revision, now] = [revision + 1, next]
        return { ...command, progress: next, sealed: isStale ? null : `v1.key.${at}` }
      }
      case "pause":
        return { _tag: "PauseSchedule", ...about, reason: "the reports move" }
      case "resume": {
        const skipped = isStale ? null : ({ reason: "paused", first: now.doneUntil, last: at, count: 1 } as const)
        return { _tag: "ResumeSchedule", ...about, revision: based, progress: now, skipped }
      }
      case "run":
        return { _tag: "RunSchedule", ...about, callId: callIdOf(at) }
      case "delete":
        return isStale ? { _tag: "DeleteSchedule", ...about } : { _tag: "PauseSchedule", ...about, reason: null }
      case "fire":
        return advance(next, { firings: [firing(reached, "due")] })
      case "skip": {
        const skip = { reason: "missed", first: reached, last: reached, count: null } as const
        return advance(next, { skips: [skip], firings: [firing(reached, "due")] })
      }
      case "wait": {
        const waiting = [...now.waiting, { at: reached, mark: "regular" as const }].slice(-3)
        return advance({ ...next, waiting, lookAt: ms(at + 1_000), looks: now.looks + 1 }, {})
      }
      case "late": {
        const [first, ...waiting] = now.waiting
        if (first === undefined) return { _tag: "PauseSchedule", ...about, reason: null }
        return advance({ ...now, waiting, looks: 0 }, { firings: [firing(first.at, "waited")] })
      }
      case "move":
        return advance({ ...now, zoneData: "2026d", nextAt: ms((now.nextAt ?? at) + 3_600_000) }, {})
      case "end":
        return advance({ ...next, nextAt: null }, { firings: [firing(reached, "due")] })
    }
  })
  // What was never made is rarely asked for.
  return [create(), ...told]
}
