/**
 * Schedules: each time that the rule means, by a model that counts in steps, makes one call or is left out for a reason that there was; none
 * twice, none early. What comes to the target names the time that it is for.
 */
import type { ScheduleEvent } from "@dueline/contracts/schedule/Schedule"
import { type Done, done } from "../Asked.ts"
import { aheadAt, clockSpan, mostOff } from "../clocks.ts"
import type { Check, Evidence, Found } from "../Evidence.ts"

/** So late nothing was missed. */
const missedAfterMs = 60_000
/** Who has to make a call of what was fired may be away for so long. */
const unmadeMs = 30_000
/** Processes cut their clocks to milliseconds each on its own. */
const roundingMs = 1

type Made = Done<"schedule">
type Skip = Extract<ScheduleEvent, { readonly _tag: "OccurrencesSkipped" }>["skip"]

const timesOf = ({ wanted: { everyMs, from, until } }: Made, doneUntil: number): ReadonlyArray<number> => {
  const times: Array<number> = []
  const first = from + Math.max(0, Math.floor((doneUntil - from) / everyMs) - 1) * everyMs
  for (let at = first; at <= until; at += everyMs) if (at > doneUntil) times.push(at)
  return times
}

/** Why times are left out, by the policy that leaves them out. */
const wrongReason = ({ last, reason }: Skip, made: Made, recordedAt: number, spanMs: number): boolean => {
  if (reason === "missed") return recordedAt + spanMs - last < missedAfterMs
  if (reason === "overlap") return made.wanted.overlap !== "skip"
  return reason !== "queue_full" || made.wanted.overlap !== "queue"
}

class Schedule {
  readonly found: Array<string> = []
  /** By time: the call that was made of it, or why it was left out. */
  readonly became = new Map<number, string>()
  #times: ReadonlyArray<number> = []
  #deleted = false
  readonly #made: Made
  readonly #evidence: Evidence

  constructor(made: Made, evidence: Evidence) {
    this.#made = made
    this.#evidence = evidence
    const { completedAt, id, invokedAt, wanted } = made
    const events = evidence.streams.get(id)?.events ?? []
    if (events.length === 0) this.found.push("it was accepted, and its log is gone")
    for (const { payload, recordedAt } of events) {
      const event = payload as ScheduleEvent
      if (event._tag === "ScheduleCreated") {
        const { doneUntil } = event.progress
        this.#times = timesOf(made, doneUntil)
        const off = mostOff(evidence.history) + roundingMs
        if (doneUntil < invokedAt - off || doneUntil > completedAt + off)
          this.found.push(`it counts from ${doneUntil}, and was asked for at ${invokedAt}`)
      }
      if (event._tag === "ScheduleDeleted") this.#deleted = true
      if (event._tag === "ScheduleFired") this.#fired(event.firing.occurrence.at, event.firing.callId, recordedAt)
      if (event._tag === "OccurrencesSkipped") this.#skipped(event.skip, recordedAt)
    }
    for (const at of this.#deleted ? [] : this.#times)
      if (!this.became.has(at)) this.found.push(`${at} was neither made a call nor left out`)
    this.#arrivals(wanted.key)
  }

  #fired(at: number, callId: string, recordedAt: number): void {
    const before = this.became.get(at)
    if (this.#deleted) this.found.push(`${at} was made a call after it was deleted`)
    if (!this.#times.includes(at)) this.found.push(`${at} was made a call, and is no time of its rule`)
    if (before !== undefined) this.found.push(`${at} was made the call ${callId}, and was ${before}`)
    if (at - recordedAt > roundingMs + clockSpan(this.#evidence.history))
      this.found.push(`${at} was made a call ${at - recordedAt} ms early`)
    // The request goes with the schedule: what was fired at the end of its life may be no call any more.
    if (!this.#deletedSoonAfter(recordedAt) && !this.#evidence.calls.has(callId))
      this.found.push(`${at} was to be the call ${callId}, which was never made`)
    this.became.set(at, callId)
  }

  #deletedSoonAfter(recordedAt: number): boolean {
    const end = this.#evidence.streams.get(this.#made.id)?.events.at(-1)
    const isDeletion = (end?.payload as ScheduleEvent | undefined)?._tag === "ScheduleDeleted"
    return isDeletion && (end?.recordedAt ?? 0) - recordedAt < unmadeMs + clockSpan(this.#evidence.history)
  }

  #skipped(skip: Skip, recordedAt: number): void {
    const { first, last, reason } = skip
    if (wrongReason(skip, this.#made, recordedAt, clockSpan(this.#evidence.history)))
      this.found.push(`${first} to ${last} were left out as ${reason} at ${recordedAt}`)
    const among = this.#times.filter((at) => at >= first && at <= last && !this.became.has(at))
    if (!among.includes(last)) this.found.push(`${last} was left out as ${reason}, and was ${this.became.get(last)}`)
    for (const at of among) this.became.set(at, reason)
  }

  #arrivals(key: string): void {
    for (const { at, callId, key: path, tenant } of this.#evidence.history.arrivals) {
      if (tenant !== this.#made.tenant || !path.startsWith(`${key}.`)) continue
      const time = Number(path.slice(key.length + 1))
      if (this.became.get(time) !== callId)
        this.found.push(`a request of ${callId} came for ${path}, which is ${this.became.get(time) ?? "nothing"}`)
      if (time - at > roundingMs + aheadAt(this.#evidence.history, at))
        this.found.push(`a request for ${path} came ${time - at} ms early`)
    }
  }
}

export const schedulesFire: Check = (evidence): ReadonlyArray<Found> =>
  done(evidence.history.asked, "schedule").flatMap((made) =>
    new Schedule(made, evidence).found.map((detail) => ({ callId: null, detail: `schedule ${made.id}: ${detail}` }))
  )
