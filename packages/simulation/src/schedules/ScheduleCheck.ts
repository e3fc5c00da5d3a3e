/**
 * Looks at schedules after every write: each time that the rule means is carried out once or left out once, for a reason that there was. Which times
 * a rule means is found out slowly (`OccurrencesReference`), and the policies are read off the log, not off the planner.
 */
import { type Firing, ScheduleEvent, type ScheduleTerms } from "@dueline/contracts/schedule/Schedule"
import { referenceFirings, type Surroundings, surroundings } from "@dueline/port-contracts/OccurrencesReference"
import type { MemoryStore } from "@dueline/port-contracts/memory/MemoryStore"
import { Schema } from "effect"
import type { CallModel, CallOf } from "../checks/CallModel.ts"
import { type CheckedStream, Streams } from "../checks/Streams.ts"
import type { World } from "../world/World.ts"

/** So late nothing was missed. */
const missedAfterMs = 60_000
/** A call that was fired and is nowhere is waited for so long. */
const neverMadeMs = 60_000
const hourMs = 3_600_000
/** Between the planning of a step and its commit a process may stand still for so long. */
const standsStillMs = 60_000

interface CheckedSchedule extends CheckedStream {
  readonly terms: ScheduleTerms
  /** Times that the rule means, with what the clocks of the zone show then. */
  readonly meant: ReadonlyMap<number, string>
  /** What became of each: `fired`, or why it was left out. */
  readonly became: Map<number, string>
  readonly fired: Array<Firing & { readonly firedAt: number }>
  /** By the command that made them: times that were made up for. */
  readonly caughtUp: Map<string, number>
  status: string
}

/** Clocks that were looked at, by zone and time: worlds begin at a few times only. */
const looked = new Map<string, Surroundings>()

/** The times of a rule after `after` until its end, by looking at a clock every minute. */
const timesOf = ({ timing, until }: ScheduleTerms, after: number, around: number): ReadonlyMap<number, string> => {
  const end = until ?? after
  if (timing._tag === "Every") {
    const times = new Map<number, string>()
    for (let at: number = timing.anchor; at <= end; at += timing.everyMs) if (at > after) times.set(at, "regular")
    return times
  }
  const name = `${timing.zone} ${around}`
  const minutes = looked.get(name) ?? surroundings(timing.zone, around, 2 * hourMs)
  looked.set(name, minutes)
  const fired = referenceFirings(minutes, timing)
  return new Map(fired.filter(({ at }) => at > after && at <= end).map(({ at, mark }) => [at, mark]))
}

/** Also one that was given up as lost and is there again. */
const hasEnded = (model: CallModel): boolean => model.endings.length > 0

export class ScheduleCheck {
  readonly streams: Streams<"schedule", ScheduleEvent, CheckedSchedule>
  readonly #world: World
  readonly #callOf: CallOf

  constructor(world: World, store: MemoryStore["Service"], callOf: CallOf) {
    this.#world = world
    this.#callOf = callOf
    const isJoined = ({ tenantId }: CheckedSchedule, event: ScheduleEvent) =>
      event._tag === "ScheduleFired" && callOf(tenantId, event.firing.callId) !== undefined
    this.streams = new Streams(world, store, {
      kind: "schedule",
      decode: Schema.decodeUnknownSync(ScheduleEvent),
      silent: ["ScheduleWaited"],
      // Of a firing whoever makes its call; nobody when the call is in the same commit.
      told: (one, event) => !isJoined(one, event),
      detail: (event, one) =>
        event._tag === "OccurrencesSkipped" ? event.skip.reason : isJoined(one, event) ? "with its call" : "",
      begin: (of, first): CheckedSchedule => {
        if (first._tag !== "ScheduleCreated") throw new Error(`a schedule begins with ${first._tag}`)
        const { progress, terms } = first
        const meant = timesOf(terms, progress.doneUntil, world.jumpAt)
        return { ...of, terms, meant, became: new Map(), fired: [], caughtUp: new Map(), status: "Active" }
      },
      apply: (one, event, { metadata }) => this.#apply(one, event, metadata.commandId),
      shown: ({ fired, status, version }, row) => [
        [version, status, fired.length, fired.at(-1)?.callId],
        [row?.version, row?.status, row?.fired, row?.last?.callId]
      ]
    })
  }

  #apply(one: CheckedSchedule, event: ScheduleEvent, commandId: string): string | null {
    if (one.status === "Deleted") return "after it was deleted"
    if (event._tag === "ScheduleDeleted") {
      one.status = "Deleted"
      return null
    }
    if ("progress" in event) {
      const { nextAt, waiting } = event.progress
      one.status = nextAt === null && waiting.length === 0 ? "Ended" : "Active"
    }
    if (event._tag === "ScheduleFired") return this.#fired(one, event.firing, commandId)
    if (event._tag === "OccurrencesSkipped") return this.#skipped(one, event.skip)
    return null
  }

  #fired(one: CheckedSchedule, firing: Firing, commandId: string): string | null {
    const { now } = this.#world.time
    const { callId, cancels, cause, dueAt, occurrence } = firing
    const { missed, offsetMs, overlap } = one.terms
    const before = one.fired.at(-1)
    if (one.fired.some((other) => other.callId === callId)) return `${callId} is fired twice`
    one.fired.push({ ...firing, firedAt: now })
    if (cause === "asked") return null
    const wrong = this.#account(one, occurrence.at, occurrence.mark, "fired")
    if (wrong !== null) return wrong
    const early = occurrence.at + offsetMs - now
    if (early > this.#world.clockSpan) return `${early} ms early`
    if (dueAt !== occurrence.at + offsetMs) return `due ${dueAt - occurrence.at} ms after its time`
    if (cause === "caught_up") {
      const count = (one.caughtUp.get(commandId) ?? 0) + 1
      one.caughtUp.set(commandId, count)
      if (missed._tag === "Skip") return "made up for"
      if (-early > missed.windowMs + this.#world.clockSpan + standsStillMs) return `made up for ${-early} ms later`
      if (count > (missed._tag === "Last" ? 1 : missed.max)) return `${count} made up for at once`
    }
    if (before === undefined || overlap === "allow") return null
    const model = this.#callOf(one.tenantId, before.callId)
    const over = model === undefined ? now - before.firedAt + this.#world.clockSpan >= neverMadeMs : hasEnded(model)
    if (!over && overlap !== "cancelRunning") return `while ${before.callId} is ${model?.status ?? "not made yet"}`
    return !over && cancels === null ? `although ${before.callId} is ${model?.status ?? "not made yet"}` : null
  }

  #skipped(
    one: CheckedSchedule,
    { first, last, reason }: Extract<ScheduleEvent, { readonly _tag: "OccurrencesSkipped" }>["skip"]
  ): string | null {
    // Told as what it would have been after the jump, where another time of the rule may be.
    const sinceJump = first - this.#world.jumpAt
    if (reason === "missing_hour") return sinceJump >= 0 && sinceJump < hourMs ? null : `${first} was not passed over`
    const { missed, offsetMs } = one.terms
    const lateMs = this.#world.time.now - last - offsetMs + this.#world.clockSpan
    if (reason === "missed" && lateMs <= missedAfterMs) return `${last} is only ${lateMs} ms late`
    if (reason === "missed" && missed._tag === "All" && lateMs < missed.windowMs && one.meant.size <= missed.max)
      return `${last} is to be made up for`
    for (const at of one.meant.keys()) {
      const wrong = at >= first && at <= last && !one.became.has(at) ? this.#account(one, at, null, reason) : null
      if (wrong !== null) return wrong
    }
    return one.became.get(last) === reason ? null : `${last} was ${one.became.get(last) ?? "never meant"}`
  }

  /** `mark` is null where it is not told. */
  #account(one: CheckedSchedule, at: number, mark: string | null, as: string): string | null {
    const meant = one.meant.get(at)
    if (meant === undefined) return `${at} is no time of its rule`
    if (mark !== null && mark !== meant) return `${at} is ${meant}, not ${mark}`
    const already = one.became.get(at)
    if (already !== undefined) return `${at} was ${already} already`
    one.became.set(at, as)
    return null
  }

  /** What has not come to its end, in words. */
  unfinished(): ReadonlyArray<string> {
    return this.streams.all().flatMap((one) => {
      const { became, fired, meant, status, streamId, tenantId } = one
      if (status === "Deleted") return []
      if (status !== "Ended") return [`schedule ${streamId} is ${status}`]
      const forgotten = [...meant.keys()].filter((at) => !became.has(at))
      const unmade = fired.filter(({ callId }) => this.#callOf(tenantId, callId) === undefined)
      return [
        ...forgotten.map((at) => `schedule ${streamId} has forgotten ${at}`),
        ...unmade.map(({ callId }) => `${callId} was fired and not made`)
      ]
    })
  }
}
