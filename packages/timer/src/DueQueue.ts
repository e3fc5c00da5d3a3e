/**
 * Due calls before they start: those that a pause holds stand aside, those of a flow in its line until they have a place, the others in the fair
 * queue. Plain data structure: times come in, epoch ms.
 */
import { ShortLivedMap } from "@dueline/contracts/ShortLived"
import type { ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import type { AttemptEnded, ExecutionRequested } from "@dueline/contracts/Intent"
import { type FlowAnswer, type FlowHolder, flowPlaceMs } from "@dueline/contracts/ports/FlowPlaces"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import { defaultFairQueueOptions, FairQueue, type FairQueueOptions } from "./FairQueue.ts"
import { type FlowAlarm, FlowGate, hasFlow, holderOf } from "./FlowGate.ts"
import { HeldCalls } from "./HeldCalls.ts"
import { type Holds, noHolds } from "./Holds.ts"

export interface DueQueueOptions extends FairQueueOptions {
  /** Must answer the same object while nothing has changed. */
  readonly holds: () => Holds
  /** Whether somebody asks for places of flows; else their calls are as any others. */
  readonly flows: boolean
}

/** What came of asking for a call: an attempt; none; or it runs already, or nobody can say. */
export type Became = "started" | "idle" | "unsure"

/** How long after its place was granted, or kept, the store is told that a call still waits for its turn, in milliseconds. */
const keepAfterMs = flowPlaceMs / 3
/** Whose place is older than this does not start: by the time that its start is recorded, another may have it. */
const startWithinMs = flowPlaceMs - 5_000

/** A call of a flow that has its place and waits for its turn. */
interface Placed {
  readonly alarm: FlowAlarm
  /** When its place was granted, or kept. */
  readonly since: number
  /** When the store is to be told that it waits. Infinity while it is being told. */
  askAt: number
}

export const defaultDueQueueOptions: DueQueueOptions = {
  ...defaultFairQueueOptions,
  holds: () => noHolds,
  flows: false
}

export class DueQueue {
  readonly #queue: FairQueue
  readonly #held: HeldCalls
  readonly #gate: FlowGate
  readonly #options: DueQueueOptions
  #holds: Holds = noHolds
  #freed: Array<FlowHolder> = []
  /** How often places are being given back right now. Who gives one back and asks for another must not be served in the other order. */
  #releasing = 0
  /** Those that are to be told of first stand in front. */
  readonly #placed = new ShortLivedMap<ServiceCallId, Placed>()

  constructor(options: DueQueueOptions) {
    this.#options = options
    this.#queue = new FairQueue(options)
    this.#held = new HeldCalls({ limit: options.alarmLimit, processes: options.processes })
    this.#gate = new FlowGate(options.alarmLimit)
  }

  /** Calls that wait, for whatever. */
  get size(): number {
    return this.#queue.size + this.#held.size + this.#gate.size
  }

  /** Those of them that stand in the fair queue. */
  get ready(): number {
    return this.#queue.size
  }

  add(alarm: Alarm, now: number): void {
    this.#pass(now)
    if (!this.#queue.knows(alarm)) this.#enter(alarm, now)
  }

  /** Whether calls of the tenant wait for its turn. */
  hasWaiting(tenantId: TenantId): boolean {
    return this.#queue.waiting(tenantId) > 0
  }

  /**
   * Whether a call that is about to begin may start at once: it would be the next to be taken, nothing holds it, and it belongs to no flow. It then
   * counts as under way, and must be `answered` like one that was taken.
   */
  claim(alarm: Alarm, now: number): boolean {
    this.#pass(now)
    if (this.#holds.of(alarm) !== null) return false
    if (this.#options.flows && hasFlow(alarm)) return false
    return this.#queue.claim(alarm, now)
  }

  /** Calls of flows that places are to be asked for now. Each must be `placed`. */
  asks(now: number, limit: number): ReadonlyArray<FlowAlarm> {
    this.#pass(now)
    return this.#releasing > 0 ? [] : this.#gate.asks(now, limit)
  }

  /** What became of the asking for a place. `answer` is null when nobody could say. */
  placed(alarm: FlowAlarm, answer: FlowAnswer | null, now: number): void {
    const goesOn = this.#gate.answered(alarm, answer, now)
    if (answer?._tag !== "Granted") return
    if (goesOn && this.#queue.add(alarm, now)) this.#place(alarm, now, now + keepAfterMs)
    // Withdrawn meanwhile, or no room: the place is not used.
    else this.#freed.push(holderOf(alarm))
  }

  /** Calls that have had their place for a while and wait for their turn: the store is to be told. Each must be `kept`. */
  keeps(now: number, limit: number): ReadonlyArray<FlowAlarm> {
    const waiting: Array<FlowAlarm> = []
    for (const placed of this.#placed.values()) {
      const { alarm, askAt, since } = placed
      if (waiting.length === limit || (askAt > now && now >= since)) break
      if (askAt === Number.POSITIVE_INFINITY) continue
      placed.askAt = Number.POSITIVE_INFINITY
      waiting.push(alarm)
    }
    return waiting
  }

  /** Whether each of these has its place still; null when nobody could say. One that has none asks for one again. */
  kept(alarms: ReadonlyArray<FlowAlarm>, answers: ReadonlyArray<boolean> | null, now: number): void {
    for (const [n, alarm] of alarms.entries()) {
      const placed = this.#placed.get(alarm.callId)
      if (placed?.alarm !== alarm) continue
      if (answers === null) this.#place(alarm, placed.since, now + keepAfterMs)
      else if (answers[n] === true) this.#place(alarm, now, now + keepAfterMs)
      else {
        this.#placed.delete(alarm.callId)
        for (const one of this.#queue.withdraw(alarm.tenantId, (one) => one === alarm)) this.#goOn(one, now)
      }
    }
  }

  /** Places that are not used any more, to be given back: told once, and if there are any, `freed` must follow. No place is asked for until then. */
  takeFreed(): ReadonlyArray<FlowHolder> {
    const freed = this.#freed
    if (freed.length === 0) return freed
    this.#freed = []
    this.#releasing += 1
    return freed
  }

  /** They have been given back, or could not be: the next of their flows may have them. */
  freed(holders: ReadonlyArray<FlowHolder>, now: number): void {
    this.#releasing -= 1
    for (const holder of holders) this.#gate.freed(holder, now)
  }

  /** Removes and answers up to `limit` alarms whose calls may start now, in their order. Each counts as under way from here on. */
  take(now: number, limit: number): ReadonlyArray<Alarm> {
    this.#pass(now)
    const taken = this.#queue.take(now, limit)
    return this.#placed.size === 0 ? taken : taken.filter((alarm) => this.#mayStart(alarm, now))
  }

  /** When something that waits may start without anything else happening: now, later, or positive infinity. */
  nextWakeAt(now: number): number {
    this.#pass(now)
    const [first] = this.#placed.values()
    const keepAt = first?.askAt ?? Number.POSITIVE_INFINITY
    const askAt = this.#releasing > 0 ? Number.POSITIVE_INFINITY : this.#gate.nextWakeAt
    return Math.min(this.#queue.nextWakeAt(now), this.#held.nextWakeAt(now), askAt, keepAt)
  }

  /**
   * The asking for an alarm that was taken is over; its attempt, if any, was told of before. The place of one that may run is given back with the
   * end of its attempt, and if there is none, the store finds it.
   */
  answered(alarm: Alarm, became: Became, now: number): void {
    this.#queue.answered(alarm, became === "started", now)
    // A newer revision that waits already goes on with the place.
    const isReplaced = () => this.#queue.knows({ ...alarm, revision: alarm.revision + 1 })
    if (became === "idle" && this.#options.flows && hasFlow(alarm) && !isReplaced()) this.#freed.push(holderOf(alarm))
  }

  /** An attempt is under way, also when another process asked for it. */
  started(intent: ExecutionRequested, now: number): void {
    this.#queue.started(intent, now)
  }

  /** An attempt is over. Told twice, it changes nothing. */
  ended(intent: AttemptEnded, now: number): void {
    this.#queue.ended(intent, now)
    const { callId, flow, tenantId } = intent
    if (flow === undefined || !this.#options.flows) return
    const holder = { tenantId, callId, key: flow }
    if (!this.#isOnItsWay(holder)) this.#freed.push(holder)
  }

  /** A place is the call's and not the attempt's: what is heard late of one that ended must not take it from the next one. */
  #isOnItsWay({ callId, tenantId }: FlowHolder): boolean {
    const anyRevision = { tenantId, callId, revision: 0, dueAt: 0, target: "" }
    return this.#gate.isAsked(callId) || this.#queue.knows(anyRevision)
  }

  #enter(alarm: Alarm, now: number): void {
    if (!this.#held.add(alarm, now)) this.#goOn(alarm, now)
  }

  /** Time goes by: pauses begin and end, and what they held is released. */
  #pass(now: number): void {
    const holds = this.#options.holds()
    if (holds !== this.#holds) this.#change(holds, now)
    for (const alarm of this.#held.release(now)) this.#goOn(alarm, now)
  }

  #place(alarm: FlowAlarm, since: number, askAt: number): void {
    this.#placed.delete(alarm.callId)
    this.#placed.set(alarm.callId, { alarm, since, askAt })
  }

  /** A call whose place may be another's by now asks for one again. */
  #mayStart(alarm: Alarm, now: number): boolean {
    const placed = this.#placed.get(alarm.callId)
    if (placed?.alarm !== alarm) return true
    this.#placed.delete(alarm.callId)
    if (now - placed.since <= startWithinMs) return true
    this.#queue.answered(alarm, false, now)
    this.#goOn(alarm, now)
    return false
  }

  /** Nothing holds it any more. */
  #goOn(alarm: Alarm, now: number): void {
    if (this.#options.flows && hasFlow(alarm)) this.#gate.add(alarm, now)
    else this.#queue.add(alarm, now)
  }

  #change(holds: Holds, now: number): void {
    this.#holds = holds
    for (const alarm of this.#held.change(holds, now)) this.#goOn(alarm, now)
    // What was let go of already, at whatever rate, is not held back again by a release.
    const isHeld = (alarm: Alarm) => holds.of(alarm)?.release === null
    for (const tenantId of holds.tenants) {
      for (const alarm of this.#gate.withdraw(tenantId, isHeld)) this.#held.add(alarm, now)
      for (const alarm of this.#queue.withdraw(tenantId, isHeld)) {
        this.#placed.delete(alarm.callId)
        if (this.#options.flows && hasFlow(alarm)) this.#freed.push(holderOf(alarm))
        this.#held.add(alarm, now)
      }
    }
  }
}
