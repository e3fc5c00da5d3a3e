/** Someone who keeps schedules: some for a time of day in the night in which clocks are changed, some for every few seconds. */
import { EpochMillis, ServiceCallId, type TenantId } from "@dueline/contracts/Ids"
import { type RequestVault, scheduleContext } from "@dueline/contracts/ports/Vaults"
import { occurrencesOf, upcoming } from "@dueline/contracts/schedule/occurrences"
import { ScheduleId, type ScheduleTerms } from "@dueline/contracts/schedule/Schedule"
import type { Timing } from "@dueline/contracts/schedule/Timing"
import { Result } from "effect"
import { drawSpec } from "../clients/Client.ts"
import { type Around, Person } from "../clients/Requests.ts"
import type { Dice } from "../world/Dice.ts"
import type { World } from "../world/World.ts"

export const zoneData = "2026c"
const minuteMs = 60_000

interface ScheduleAround extends Around {
  readonly vault: RequestVault["Service"]
}

/** Each of them has a few times in the world's time, or some hundred in an outage of hours. */
const drawTiming = (dice: Dice, now: number): Timing => {
  if (dice.chance(0.5))
    return { _tag: "Every", everyMs: dice.pick([3_000, 7_000, 20_000]), anchor: EpochMillis.make(now), zone: "UTC" }
  return {
    _tag: "Cron",
    expression: dice.pick(["* * * * *", "*/10 * * * *", "30 2 * * *", "15,45 1-3 * * *", "0 * * * *"]),
    zone: "Europe/Berlin",
    missingHour: dice.pick(["shift", "skip", "atJump"]),
    repeatedHour: dice.pick(["auto", "first", "second", "both"])
  }
}

const drawTerms = (world: World, dice: Dice, tenantId: TenantId): ScheduleTerms => {
  const { now } = world.time
  const timing = drawTiming(dice, now)
  const windowMs = dice.pick([2 * minuteMs, 120 * minuteMs])
  // So many times of a few seconds as the world has time for, but those of an outage.
  const lastsMs = timing._tag === "Every" ? 8 * timing.everyMs : 3 * minuteMs
  return {
    name: null,
    timing,
    from: null,
    until: EpochMillis.make(Math.max(now + lastsMs, world.faults.blackoutMs === 0 ? 0 : world.backAt + 20_000)),
    jitterMs: 0,
    offsetMs: dice.pick([0, 0, 1_500]),
    overlap: dice.pick(["skip", "queue", "cancelRunning", "allow"]),
    missed: dice.pick<ScheduleTerms["missed"]>([
      { _tag: "Skip" },
      { _tag: "Last", windowMs },
      { _tag: "All", max: 1, windowMs },
      { _tag: "All", max: 8, windowMs }
    ]),
    call: drawSpec(dice, tenantId).spec
  }
}

export class ScheduleClient extends Person<ScheduleAround> {
  readonly #made: Array<ScheduleId> = []

  start(_actions: number, withinMs: number): void {
    const { time } = this.around.world
    const count = this.dice.between(1, 3)
    for (let i = 0; i < count; i++) time.after(this.dice.between(0, withinMs / 3), () => this.#create())
    time.after(this.dice.between(0, withinMs), () => this.#run())
    if (this.dice.chance(0.2)) time.after(this.dice.between(withinMs / 2, withinMs), () => this.#delete())
  }

  #create(): void {
    const { vault, world } = this.around
    const key = this.requests.newKey(1)
    const scheduleId = ScheduleId.make(world.dice.fork(`${this.name}/${key}`).uuid())
    const terms = drawTerms(world, this.dice, this.tenantId)
    const at = EpochMillis.make(world.time.now)
    const occurrences = Result.getOrThrow(occurrencesOf(terms.timing))
    const nextAt = upcoming(occurrences, terms, at)?.at ?? null
    const { url } = terms.call.request
    const context = scheduleContext(this.tenantId, scheduleId)
    this.#made.push(scheduleId)
    this.requests.make(
      {
        _tag: "CreateSchedule",
        scheduleId,
        at,
        terms,
        progress: { doneUntil: at, nextAt, zoneData, waiting: [], lookAt: null, looks: 0 },
        sealed: vault.seal({ url, headers: {}, body: "{{occurrence.at}}" }, context),
        fingerprint: `create ${key}`,
        origin: { correlationId: this.requests.correlation(), traceparent: null }
      },
      key,
      `create ${key}`
    )
  }

  #run(): void {
    const [scheduleId] = this.#made
    if (scheduleId === undefined) return
    const { world } = this.around
    const key = this.requests.newKey(1)
    const callId = ServiceCallId.make(world.dice.fork(`${this.name}/run/${key}`).uuid())
    const at = EpochMillis.make(world.time.now)
    this.requests.make({ _tag: "RunSchedule", scheduleId, at, callId }, key, `run ${key}`)
  }

  #delete(): void {
    const scheduleId = this.#made.at(-1)
    if (scheduleId === undefined) return
    const at = EpochMillis.make(this.around.world.time.now)
    const key = this.requests.newKey(1)
    this.requests.make({ _tag: "DeleteSchedule", scheduleId, at }, key, `delete ${key}`)
  }
}
