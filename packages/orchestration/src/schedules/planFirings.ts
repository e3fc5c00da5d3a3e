/** What becomes of the times of a schedule that have come: which are made calls, which wait, which are left out and why. Pure. */
import type { EpochMillis, ServiceCallId } from "@dueline/contracts/Ids"
import type { DueSchedule } from "@dueline/contracts/ports/DueWork"
import { type Occurrences, rangeSkip, skipOf, upcoming } from "@dueline/contracts/schedule/occurrences"
import {
  type Firing,
  type FiringCause,
  maxWaiting,
  type Progress,
  type Skip
} from "@dueline/contracts/schedule/Schedule"
import type { Occurrence } from "@dueline/contracts/schedule/Timing"

/** As late as this nothing was missed: a call is a little late, in milliseconds. */
export const missedAfterMs = 60_000
/** How soon it is looked again whether the call before has ended, doubling, in milliseconds. */
const firstLookMs = 1_000
const lastLookMs = 30_000

/** What is known when it is decided. */
export interface Moment {
  readonly now: number
  /** Version of the zone data that `occurrences` go by. */
  readonly zoneData: string
  /** Whether the latest call has not ended. */
  readonly isBusy: boolean
  readonly callIdOf: (at: number) => ServiceCallId
}

export interface FiringPlan {
  readonly skips: ReadonlyArray<Skip>
  readonly firings: ReadonlyArray<Firing>
  readonly progress: Progress
}

interface Come {
  /** To be made calls, the oldest first. */
  readonly kept: ReadonlyArray<Occurrence>
  readonly left: Skip | null
}

const millis = (value: number): EpochMillis => value as EpochMillis

/**
 * Walks back from `end`, so that a long outage costs no more than what is made up for. A time that is only a little late is carried out under
 * every policy; under `Last` such a time stands for those that were missed before it.
 */
const comeSince = (schedule: DueSchedule, occurrences: Occurrences, first: number, end: number, now: number): Come => {
  const { missed, offsetMs } = schedule
  const kept: Array<Occurrence> = []
  let caughtUp = 0
  const mayKeep = ({ at }: Occurrence): boolean => {
    const late = now - at - offsetMs
    if (late <= missedAfterMs) return true
    if (missed._tag === "Skip" || late > missed.windowMs) return false
    if (missed._tag === "Last" ? kept.length > 0 : caughtUp >= missed.max) return false
    caughtUp += 1
    return true
  }
  let found = occurrences.previous(end + 1)
  while (found !== null && found.at >= first && mayKeep(found)) {
    kept.unshift(found)
    found = occurrences.previous(found.at)
  }
  const left = found === null || found.at < first ? null : rangeSkip(occurrences, "missed", first, found.at)
  return { kept, left }
}

interface Chosen {
  readonly fire: ReadonlyArray<Occurrence>
  readonly wait: ReadonlyArray<Occurrence>
  readonly skips: ReadonlyArray<Skip>
  readonly cancels: ServiceCallId | null
}

/** By the policy for calls that overlap: which of them now, which later, which not. */
const choose = ({ last, overlap, waiting }: DueSchedule, kept: ReadonlyArray<Occurrence>, isBusy: boolean): Chosen => {
  switch (overlap) {
    case "allow":
      return { fire: kept, wait: [], skips: [], cancels: null }
    case "skip": {
      // Of several that come at once the latest has the freshest time.
      const fire = isBusy ? [] : kept.slice(-1)
      return { fire, wait: [], skips: skipOf("overlap", isBusy ? kept : kept.slice(0, -1)), cancels: null }
    }
    case "cancelRunning": {
      const cancels = isBusy && kept.length > 0 ? (last?.callId ?? null) : null
      return { fire: kept.slice(-1), wait: [], skips: skipOf("overlap", kept.slice(0, -1)), cancels }
    }
    case "queue": {
      const all = [...waiting, ...kept]
      const fire = isBusy ? [] : all.slice(0, 1)
      const rest = all.slice(fire.length)
      return {
        fire,
        wait: rest.slice(0, maxWaiting),
        skips: skipOf("queue_full", rest.slice(maxWaiting)),
        cancels: null
      }
    }
  }
}

export const planFirings = (
  schedule: DueSchedule,
  occurrences: Occurrences,
  { callIdOf, isBusy, now, zoneData }: Moment
): FiringPlan => {
  const { doneUntil, offsetMs, until, waiting } = schedule
  // Other zone data may have moved it.
  const nextAt =
    zoneData === schedule.zoneData ? schedule.nextAt : (upcoming(occurrences, schedule, doneUntil)?.at ?? null)
  const end = Math.min(now - offsetMs, until ?? Number.POSITIVE_INFINITY)
  const isDue = nextAt !== null && nextAt <= end
  const come = isDue ? comeSince(schedule, occurrences, nextAt, end, now) : { kept: [], left: null }
  const passedOver = isDue ? occurrences.passedOver(doneUntil, end).map((at) => ({ at })) : []
  const { cancels, fire, skips, wait } = choose(schedule, come.kept, isBusy)

  const causeOf = (occurrence: Occurrence): FiringCause => {
    if (waiting.includes(occurrence)) return "waited"
    return now - occurrence.at - offsetMs <= missedAfterMs ? "due" : "caught_up"
  }
  const reached = isDue ? millis(end) : doneUntil
  // A call that was just made has not ended; after that the pause grows.
  const looks = wait.length === 0 || fire.length > 0 ? 0 : schedule.looks + 1
  const progress: Progress = {
    doneUntil: reached,
    nextAt: isDue ? (upcoming(occurrences, schedule, reached)?.at ?? null) : nextAt,
    zoneData,
    waiting: wait,
    lookAt: wait.length === 0 ? null : millis(now + Math.min(firstLookMs * 2 ** Math.max(0, looks - 1), lastLookMs)),
    looks
  }
  return {
    skips: [...(come.left === null ? [] : [come.left]), ...skipOf("missing_hour", passedOver), ...skips],
    firings: fire.map((occurrence) => ({
      occurrence,
      cause: causeOf(occurrence),
      callId: callIdOf(occurrence.at),
      dueAt: millis(occurrence.at + offsetMs),
      cancels
    })),
    progress
  }
}
