/**
 * Due calls of flows before they have a place: each flow in a line of its own, by due time, so that one that is full holds up no other. A
 * plain data structure; whoever has it asks the store for places (`asks`) and says what it answered. Times in epoch ms.
 */
import { ShortLivedMap } from "@dueline/contracts/ShortLived"
import type { ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import type { FlowAnswer, FlowHolder } from "@dueline/contracts/ports/FlowPlaces"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import type { Flow } from "@dueline/contracts/serviceCall/Spec"
import { MinHeap } from "./MinHeap.ts"

/** The alarm of a call that belongs to a flow. */
export type FlowAlarm = Alarm & { readonly flow: Flow }

export const hasFlow = (alarm: Alarm): alarm is FlowAlarm => alarm.flow !== undefined

export const holderOf = ({ callId, flow, tenantId }: FlowAlarm): FlowHolder => ({ tenantId, callId, key: flow.key })

/** How soon a flow that was full is asked for again when nothing was heard, in milliseconds: another process may have freed a place. */
export const lookAgainMs = 250
/** When the store did not answer. */
const troubleMs = 1_000
/** Calls of one flow that are asked for at once. */
const laneBatch = 32

class Lane {
  readonly name: string
  readonly waiting = new MinHeap<FlowAlarm>()
  /** Calls that are being asked for. */
  asking = 0
  /** Not before. */
  askAt = 0
  /** A place came free while it was being asked for. */
  heard = false

  constructor(name: string) {
    this.name = name
  }
}

const laneOf = (tenantId: TenantId, key: string): string => `${tenantId} ${key}`

export class FlowGate {
  readonly #limit: number
  readonly #lanes = new Map<string, Lane>()
  /** Lanes by when they are to be asked for. An entry whose time is not its lane's says nothing any more. */
  readonly #turns = new MinHeap<Lane>()
  readonly #current = new ShortLivedMap<ServiceCallId, FlowAlarm>()
  readonly #asked = new Set<ServiceCallId>()
  readonly #ofTenant = new Map<TenantId, number>()

  /** `limit`: calls that may wait here. A tenant may have as many as there is room left; the rest are left to the sweep. */
  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#current.size
  }

  /** A newer revision of a call takes the place of an older one. */
  add(alarm: FlowAlarm, now: number): void {
    const { callId, tenantId } = alarm
    const known = this.#current.get(callId)
    if (known !== undefined && known.revision >= alarm.revision) return
    const own = this.#ofTenant.get(tenantId) ?? 0
    if (known === undefined && own >= this.#limit - this.size) return
    if (known === undefined) this.#ofTenant.set(tenantId, own + 1)
    this.#current.set(callId, alarm)
    const name = laneOf(tenantId, alarm.flow.key)
    const lane = this.#lanes.get(name) ?? new Lane(name)
    this.#lanes.set(name, lane)
    lane.waiting.push(alarm.dueAt, alarm)
    if (lane.waiting.size === 1) this.#queue(lane, Math.max(now, lane.askAt))
  }

  /** Calls that places are to be asked for now, of each flow the earliest first. Each must be `answered`. */
  asks(now: number, limit: number): ReadonlyArray<FlowAlarm> {
    const asked: Array<FlowAlarm> = []
    while (asked.length < limit && this.#turns.firstKey <= now) {
      const at = this.#turns.firstKey
      const lane = this.#turns.pop()
      if (lane === undefined || lane.asking > 0 || lane.askAt > at) continue
      for (let most = laneBatch; most > 0 && asked.length < limit; most -= 1) {
        const alarm = lane.waiting.pop()
        if (alarm === undefined) break
        if (this.#current.get(alarm.callId) !== alarm) continue
        lane.asking += 1
        this.#asked.add(alarm.callId)
        asked.push(alarm)
        // It has as many places as the first call says at the most.
        if (lane.asking >= (alarm.flow.concurrency ?? laneBatch) || alarm.flow.ratePerSecond !== undefined) break
      }
      if (lane.asking === 0) this.#goOn(lane, at)
    }
    return asked
  }

  /** Whether a place is being asked for the call. */
  isAsked(callId: ServiceCallId): boolean {
    return this.#asked.has(callId)
  }

  /** True when the call goes on, with its place. `answer` is null when the store did not say. */
  answered(alarm: FlowAlarm, answer: FlowAnswer | null, now: number): boolean {
    const lane = this.#lanes.get(laneOf(alarm.tenantId, alarm.flow.key))
    this.#asked.delete(alarm.callId)
    const isCurrent = this.#current.get(alarm.callId) === alarm
    const goesOn = isCurrent && answer?._tag === "Granted"
    // Moved, cancelled or begun since: its newer alarm, if any, comes by itself.
    const isOver = isCurrent && answer?._tag === "Stale"
    if (goesOn || isOver) this.#forget(alarm)
    if (lane === undefined) return goesOn
    lane.asking -= 1
    if (isCurrent && !goesOn && !isOver) lane.waiting.push(alarm.dueAt, alarm)
    if (answer === null) lane.askAt = now + troubleMs
    else if (answer._tag === "Full") lane.askAt = lane.heard ? now : now + lookAgainMs
    else if (answer._tag === "Early") lane.askAt = now + Math.max(1, Math.ceil(answer.waitMs))
    if (lane.asking > 0) return goesOn
    lane.heard = false
    this.#goOn(lane, Math.max(now, lane.askAt))
    return goesOn
  }

  /** A place of the flow is free again. */
  freed({ key, tenantId }: FlowHolder, now: number): void {
    const lane = this.#lanes.get(laneOf(tenantId, key))
    if (lane === undefined) return
    lane.heard = true
    if (lane.asking > 0 || lane.waiting.size === 0) return
    this.#queue(lane, now)
  }

  /** Takes calls of the tenant out that wait and meet the test. Of those that are being asked for the answer counts. */
  withdraw(tenantId: TenantId, test: (alarm: Alarm) => boolean): ReadonlyArray<Alarm> {
    const withdrawn = [...this.#current.values()].filter((alarm) => alarm.tenantId === tenantId && test(alarm))
    for (const alarm of withdrawn) this.#forget(alarm)
    return withdrawn
  }

  /** When something is to be asked for: now, later, or positive infinity. */
  get nextWakeAt(): number {
    return this.#turns.firstKey
  }

  #queue(lane: Lane, at: number): void {
    lane.askAt = at
    this.#turns.push(at, lane)
  }

  /** Nothing of the lane is being asked for: it has its next turn, or ends. */
  #goOn(lane: Lane, at: number): void {
    if (lane.waiting.size > 0) return this.#queue(lane, at)
    this.#lanes.delete(lane.name)
    // The flow may have another lane by the time that a turn of this one comes up.
    lane.askAt = Number.POSITIVE_INFINITY
  }

  #forget({ callId, tenantId }: FlowAlarm): void {
    this.#current.delete(callId)
    const left = (this.#ofTenant.get(tenantId) ?? 1) - 1
    if (left > 0) this.#ofTenant.set(tenantId, left)
    else this.#ofTenant.delete(tenantId)
  }
}
