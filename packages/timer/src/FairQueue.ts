/**
 * Due calls of all tenants, and which of them may start: in weighted fair order between tenants, in the order they came within a tenant
 * and target; never above a tenant's caps, never so many that nothing is left for others, never towards a target that is paused. Plain data structure: times come in, epoch ms.
 */
import type { TenantId } from "@dueline/contracts/Ids"
import type { AttemptEnded, ExecutionRequested } from "@dueline/contracts/Intent"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import { targetOf } from "@dueline/contracts/serviceCall/target"
import { FairLine } from "./FairLine.ts"
import { Room } from "./Room.ts"
import { unlimited } from "./TenantLimits.ts"
import type { TenantQueue } from "./TenantQueue.ts"
import { Tenants, type TenantsOptions } from "./Tenants.ts"

export interface FairQueueOptions extends TenantsOptions {
  /** Alarms that may wait. A tenant may have as many as there is room left, so that none fills it alone; the rest are refused. */
  readonly alarmLimit: number
  /** Places for attempts, of all processes together; positive infinity when nothing limits them. Divided like the limits. */
  readonly places: () => number
}

export const defaultFairQueueOptions: FairQueueOptions = {
  alarmLimit: 200_000,
  quietLimit: 10_000,
  places: () => Number.POSITIVE_INFINITY,
  limits: () => unlimited,
  processes: () => 1
}

/** How long after its deadline an attempt is counted whose end has not been heard of: long enough to record it, in milliseconds. */
const endGraceMs = 5_000
/** The longest time-out with its graces: no attempt is counted for longer, whatever its deadline says. */
const attemptLimitMs = 320_000
/** A clock may tremble. When it goes back by more than this many milliseconds, it was set. */
const trembleMs = 1_000

export class FairQueue {
  readonly #alarmLimit: number
  readonly #room: Room
  readonly #line: FairLine
  readonly #tenants: Tenants
  #size = 0
  #now = 0
  /** No attempt's end is overdue before this. */
  #expiryAt = Number.POSITIVE_INFINITY

  constructor(options: FairQueueOptions) {
    this.#alarmLimit = options.alarmLimit
    this.#room = new Room(() => Math.ceil(options.places() / Math.max(1, options.processes())))
    this.#line = new FairLine(this.#room)
    this.#tenants = new Tenants(options, this.#room, (tenant, now) => tenant.isIdle(now) && this.#line.isEven(tenant))
  }

  /** Alarms that wait; replaced ones do not count. */
  get size(): number {
    return this.#size
  }

  /** Calls of the tenant that are asked for or under way. */
  running(tenantId: TenantId): number {
    return this.#tenants.find(tenantId)?.running ?? 0
  }

  /** False when there is no room for it. The same or an older revision of a call changes nothing, a newer one replaces it. */
  add(alarm: Alarm, now: number): boolean {
    const at = this.#pass(now)
    const tenant = this.#tenants.of(alarm.tenantId, at)
    if (tenant.knows(alarm)) return true
    const isNew = !tenant.has(alarm)
    if (isNew && tenant.waiting >= this.#alarmLimit - this.#size) return false
    tenant.add(alarm)
    if (isNew) this.#size += 1
    this.#line.join(tenant, at)
    return true
  }

  /** Removes and answers up to `limit` alarms whose calls may start now, in their order. Each counts as under way from here on. */
  take(now: number, limit: number): ReadonlyArray<Alarm> {
    const at = this.#pass(now)
    const taken: Array<Alarm> = []
    while (taken.length < limit) {
      const tenant = this.#line.first(at)
      const alarm = tenant?.next()
      if (tenant === undefined || alarm === undefined) break
      this.#line.served(tenant, at)
      this.#size -= 1
      taken.push(alarm)
    }
    return taken
  }

  /** When something that waits may start without anything else happening: now, later, or positive infinity. */
  nextWakeAt(now: number): number {
    const at = this.#pass(now)
    if (this.#line.first(at) !== undefined) return now
    return this.#size === 0 ? Number.POSITIVE_INFINITY : Math.min(this.#line.nextWakeAt, this.#expiryAt)
  }

  /** The asking for an alarm that was taken is over; its attempt, if any, was told of before. */
  answered(alarm: Alarm, hasStarted: boolean, now: number): void {
    const at = this.#pass(now)
    const tenant = this.#tenants.find(alarm.tenantId)
    if (tenant === undefined) return
    tenant.answered(alarm, hasStarted)
    this.#left(tenant, at)
  }

  /** An attempt is under way, whoever asked for it. */
  started({ callId, deadlineAt, epoch, request, tenantId }: ExecutionRequested, now: number): void {
    const at = this.#pass(now)
    const expiresAt = Math.min(deadlineAt + endGraceMs, at + attemptLimitMs)
    this.#expiryAt = Math.min(this.#expiryAt, expiresAt)
    this.#tenants.of(tenantId, at).started(callId, epoch, targetOf(request.url), expiresAt)
  }

  /** An attempt is over. Told twice, it changes nothing. */
  ended({ answered, callId, epoch, pausedUntil, target, tenantId }: AttemptEnded, now: number): void {
    const at = this.#pass(now)
    const tenant = pausedUntil === null ? this.#tenants.find(tenantId) : this.#tenants.of(tenantId, at)
    if (tenant === undefined) return
    if (pausedUntil !== null) this.#line.pause(tenant, tenant.lanes.of(target), pausedUntil, at)
    tenant.ended(callId, epoch)
    if (answered) tenant.hasAnswered(target)
    this.#left(tenant, at)
  }

  /** A call of the tenant may be over: it may start another, and so may whoever waited for the room. */
  #left(tenant: TenantQueue, now: number): void {
    this.#line.join(tenant, now)
    this.#line.roomMade(now)
  }

  /** Time goes by. Answers the time to go by, which never goes back a little. */
  #pass(now: number): number {
    const wasSetBack = now < this.#now - trembleMs
    this.#now = wasSetBack ? now : Math.max(now, this.#now)
    if (wasSetBack || now >= this.#expiryAt) this.#expire(this.#now)
    const hasRoomChanged = this.#room.refresh()
    const hasChanged = this.#tenants.refresh(this.#now) || hasRoomChanged
    if (wasSetBack || hasChanged) this.#line.rebuild(this.#tenants.all, this.#now)
    this.#line.advance(this.#now)
    return this.#now
  }

  #expire(now: number): void {
    let earliest = Number.POSITIVE_INFINITY
    for (const tenant of this.#tenants.all) {
      if (tenant.running === 0) continue
      earliest = Math.min(earliest, tenant.expire(now, now + attemptLimitMs))
      this.#left(tenant, now)
    }
    this.#expiryAt = earliest
  }
}
