/** The schedule aggregate: its state, how far it has come, what is asked of it and what it announces. Which times its rule means is in the commands. */
import { CorrelationId, type EpochMillis, type StreamId } from "@dueline/contracts/Ids"
import {
  comesByItself,
  type Firing,
  type Progress,
  type ScheduleCommand,
  ScheduleEvent,
  ScheduleFacts,
  type ScheduleId,
  ScheduleIdTaken,
  ScheduleIsDeleted,
  ScheduleNotFound,
  type ScheduleOutcome,
  type ScheduleRejection,
  ScheduleRevised,
  type ScheduleRow
} from "@dueline/contracts/schedule/Schedule"
import type { ScheduleTopic } from "@dueline/contracts/schedule/Topic"
import { Result, Schema } from "effect"
import type { Aggregate, Stamp } from "../engine/Aggregate.ts"

/** In snapshots too: a changed shape needs another `form` there. */
const ScheduleState = Schema.TaggedUnion({
  Unknown: {},
  Known: { schedule: ScheduleFacts, fingerprint: Schema.NullOr(Schema.String), correlationId: CorrelationId }
})
type ScheduleState = typeof ScheduleState.Type

const initial: ScheduleState = { _tag: "Unknown" }

const hasEnded = ({ nextAt, waiting }: Progress): boolean => nextAt === null && waiting.length === 0

/** Whatever is not paused or deleted goes on while a time is to come. */
const going = (facts: ScheduleFacts): ScheduleFacts =>
  facts.status === "Active" || facts.status === "Ended"
    ? { ...facts, status: hasEnded(facts) ? "Ended" : "Active" }
    : facts

const created = (
  event: Extract<ScheduleEvent, { readonly _tag: "ScheduleCreated" }>,
  at: EpochMillis
): ScheduleState => {
  const { createdAt, fingerprint, origin, progress, terms } = event
  const schedule = going({
    ...terms,
    ...progress,
    status: "Active",
    pausedReason: null,
    revision: 1,
    last: null,
    fired: 0,
    lastSkip: null,
    createdAt,
    updatedAt: at
  })
  return { _tag: "Known", schedule, fingerprint, correlationId: origin.correlationId }
}

const change = (facts: ScheduleFacts, event: ScheduleEvent, at: EpochMillis): ScheduleFacts => {
  switch (event._tag) {
    case "ScheduleCreated":
      return facts
    case "ScheduleUpdated":
      return going({ ...facts, ...event.terms, ...event.progress, revision: facts.revision + 1 })
    case "SchedulePaused":
      return { ...facts, status: "Paused", pausedReason: event.reason }
    case "ScheduleResumed":
      return going({ ...facts, ...event.progress, status: "Active", pausedReason: null })
    case "ScheduleDeleted":
      return { ...facts, status: "Deleted", nextAt: null, waiting: [], lookAt: null, looks: 0 }
    case "ScheduleFired": {
      const { callId, cause, occurrence } = event.firing
      // Whether the call before has ended is asked of the latest that came by the rule.
      if (cause === "backfilled") return { ...facts, fired: facts.fired + 1 }
      const last = { at: occurrence.at, callId, firedAt: at }
      return going({ ...facts, ...event.progress, last, fired: facts.fired + 1 })
    }
    case "OccurrencesSkipped":
      return going({ ...facts, ...event.progress, lastSkip: event.skip })
    case "ScheduleWaited":
    case "ScheduleMoved":
      return going({ ...facts, ...event.progress })
  }
}

/** Total: an event that does not apply changes nothing. */
const evolve = (state: ScheduleState, event: ScheduleEvent, at: EpochMillis): ScheduleState => {
  if (event._tag === "ScheduleCreated") return created(event, at)
  return state._tag === "Unknown"
    ? state
    : { ...state, schedule: { ...change(state.schedule, event, at), updatedAt: at } }
}

type Decision = Result.Result<ReadonlyArray<ScheduleEvent>, ScheduleRejection>
type Of<Tag extends ScheduleCommand["_tag"]> = Extract<ScheduleCommand, { readonly _tag: Tag }>

const nothing: Decision = Result.succeed([])
const these = (...events: ReadonlyArray<ScheduleEvent>): Decision => Result.succeed(events)

const progressOf = ({ doneUntil, lookAt, looks, nextAt, waiting, zoneData }: ScheduleFacts): Progress => ({
  doneUntil,
  nextAt,
  zoneData,
  waiting,
  lookAt,
  looks
})

const update = (
  { at, progress, revision, scheduleId, terms }: Of<"UpdateSchedule">,
  facts: ScheduleFacts
): Decision => {
  if (revision !== facts.revision) return Result.fail(new ScheduleRevised({ scheduleId, revision: facts.revision }))
  const updated: ScheduleEvent = { _tag: "ScheduleUpdated", terms, progress }
  const { nextAt, offsetMs, status, waiting } = facts
  const first = waiting[0]?.at ?? nextAt
  // What had come is left out together with what waited; nobody counts it, since the rule is not here.
  const isDue = nextAt !== null && nextAt + offsetMs <= at
  if (status !== "Active" || first === null || (!isDue && waiting.length === 0)) return these(updated)
  const last = isDue ? nextAt : (waiting.at(-1)?.at ?? first)
  const count = isDue ? null : waiting.length
  const skip = { reason: "changed", first, last, count } as const
  return these({ _tag: "OccurrencesSkipped", skip, progress: progressOf(facts) }, updated)
}

const advance = (command: Of<"AdvanceSchedule">, facts: ScheduleFacts): Decision => {
  const { doneUntil, firings, progress, revision, skips } = command
  if (facts.status !== "Active" || revision !== facts.revision || doneUntil !== facts.doneUntil) return nothing
  const isOpen = ({ occurrence: { at } }: Firing) => at > doneUntil || facts.waiting.some((waits) => waits.at === at)
  if (!firings.every(isOpen)) return nothing
  const events: ReadonlyArray<ScheduleEvent> = [
    ...skips.map((skip): ScheduleEvent => ({ _tag: "OccurrencesSkipped", skip, progress })),
    ...firings.map((firing): ScheduleEvent => ({ _tag: "ScheduleFired", firing, progress }))
  ]
  if (events.length > 0) return these(...events)
  if (progress.looks > facts.looks) return these({ _tag: "ScheduleWaited", progress })
  const { nextAt: previousAt, zoneData: previousZoneData } = facts
  return previousAt === progress.nextAt
    ? nothing
    : these({ _tag: "ScheduleMoved", previousAt, previousZoneData, progress })
}

const backfill = (
  { at: dueAt, callId, correlationId, occurrence, revision, scheduleId }: Of<"BackfillSchedule">,
  facts: ScheduleFacts
): Decision => {
  if (revision !== facts.revision) return Result.fail(new ScheduleRevised({ scheduleId, revision: facts.revision }))
  if (comesByItself(facts, occurrence.at)) return nothing
  const firing = { occurrence, cause: "backfilled", callId, dueAt, cancels: null, correlationId } as const
  return these({ _tag: "ScheduleFired", firing, progress: progressOf(facts) })
}

/** Asking twice for the same thing decides nothing the second time. */
const decide = (command: ScheduleCommand, state: ScheduleState): Decision => {
  const { at, scheduleId } = command
  if (command._tag === "CreateSchedule") {
    const { fingerprint, origin, progress, terms } = command
    if (state._tag === "Unknown") {
      return these({ _tag: "ScheduleCreated", terms, progress, createdAt: at, fingerprint, origin })
    }
    return state.fingerprint === fingerprint ? nothing : Result.fail(new ScheduleIdTaken({ scheduleId }))
  }
  if (state._tag === "Unknown") return Result.fail(new ScheduleNotFound({ scheduleId }))
  const { schedule } = state
  if (schedule.status === "Deleted") {
    const isLate = command._tag === "DeleteSchedule" || command._tag === "AdvanceSchedule"
    return isLate ? nothing : Result.fail(new ScheduleIsDeleted({ scheduleId }))
  }
  switch (command._tag) {
    case "UpdateSchedule":
      return update(command, schedule)
    case "PauseSchedule":
      return schedule.status === "Paused" ? nothing : these({ _tag: "SchedulePaused", reason: command.reason })
    case "ResumeSchedule": {
      if (schedule.status !== "Paused") return nothing
      const { progress, revision, skipped } = command
      if (revision !== schedule.revision) {
        return Result.fail(new ScheduleRevised({ scheduleId, revision: schedule.revision }))
      }
      const resumed: ScheduleEvent = { _tag: "ScheduleResumed", progress }
      return skipped === null
        ? these(resumed)
        : these({ _tag: "OccurrencesSkipped", skip: skipped, progress: progressOf(schedule) }, resumed)
    }
    case "RunSchedule": {
      if (schedule.last?.callId === command.callId) return nothing
      const occurrence = { at, mark: "regular" } as const
      const firing = { occurrence, cause: "asked", callId: command.callId, dueAt: at, cancels: null } as const
      return these({ _tag: "ScheduleFired", firing, progress: progressOf(schedule) })
    }
    case "BackfillSchedule":
      return backfill(command, schedule)
    case "DeleteSchedule":
      return these({ _tag: "ScheduleDeleted" })
    case "AdvanceSchedule":
      return advance(command, schedule)
  }
}

const wakeAt = ({ lookAt, nextAt, offsetMs, status, waiting }: ScheduleFacts): EpochMillis | null => {
  if (status !== "Active") return null
  const times = [nextAt === null ? null : nextAt + offsetMs, waiting.length === 0 ? null : lookAt]
  const found = times.filter((time) => time !== null)
  return found.length === 0 ? null : (Math.min(...found) as EpochMillis)
}

const announce = (
  event: ScheduleEvent,
  after: ScheduleState,
  { at, tenantId, version }: Stamp,
  scheduleId: ScheduleId
): { readonly topic: ScheduleTopic; readonly payload: unknown } | null => {
  if (after._tag === "Unknown" || event._tag === "ScheduleWaited") return null
  const { correlationId } = after
  const head = { schemaVersion: 1, tenantId, scheduleId, version, occurredAt: at, correlationId }
  const { call: _request, name: scheduleName, pausedReason: _freeText, ...others } = after.schedule
  const rule = { revision: others.revision, zone: others.timing.zone, zoneData: others.zoneData }
  switch (event._tag) {
    case "ScheduleFired":
      return { topic: "ops.schedule.fired", payload: { ...head, ...rule, firing: event.firing } }
    case "OccurrencesSkipped":
      return { topic: "ops.schedule.skipped", payload: { ...head, ...rule, skip: event.skip } }
    default:
      return { topic: "ops.schedule.changed", payload: { ...head, schedule: { scheduleName, ...others } } }
  }
}

export const Schedule: Aggregate<ScheduleCommand, ScheduleState, ScheduleEvent, ScheduleRejection, ScheduleOutcome> = {
  category: "schedule",
  event: ScheduleEvent,
  upcasters: {},
  snapshot: { form: 1, state: ScheduleState },
  streamOf: ({ scheduleId }) => scheduleId as string as StreamId,
  opens: ({ _tag }) => _tag === "CreateSchedule",
  ended: (state) => state._tag === "Known" && state.schedule.status === "Deleted",
  initial,
  correlation: (state) => (state._tag === "Unknown" ? null : state.correlationId),
  evolve,
  decide,
  respond: ({ _tag, scheduleId }, after) => {
    if (after._tag === "Unknown") throw new Error(`an accepted ${_tag} left no schedule behind`)
    return { _tag: "ScheduleAccepted", scheduleId, schedule: after.schedule }
  },
  attachment: (command, before) => {
    if (command._tag === "DeleteSchedule") return null
    return command._tag === "CreateSchedule" || command._tag === "UpdateSchedule" ? (command.sealed ?? before) : before
  },
  ruled: false,
  requires: () => [],
  refuse: () => null,
  project: (after, { streamId, tenantId, version }): ScheduleRow | null => {
    if (after._tag === "Unknown") return null
    const scheduleId = streamId as string as ScheduleId
    const { correlationId, schedule } = after
    return {
      _tag: "ScheduleRow",
      tenantId,
      scheduleId,
      version,
      ...schedule,
      wakeAt: wakeAt(schedule),
      correlationId
    }
  },
  announce: (event, after, stamp, { scheduleId }) => announce(event, after, stamp, scheduleId),
  intend: () => []
}
