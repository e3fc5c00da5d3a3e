/**
 * Due calls of all tenants, and which of them may start: in weighted fair order between tenants, in the order they came within a tenant
 * and target; never above a tenant's caps, never so many that nothing is left for others, never towards a target that is paused. Plain
 * data structure: times come in, epoch ms.
 */
import type { TenantId } from "@dueline/contracts/Ids"
import type { AttemptEnded, ExecutionRequested } from "@dueline/contracts/Intent"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import { targetOf } from "@dueline/contracts/serviceCall/target"
import { FairOrder, PlaceThreshold, Tenant } from "./FairOrder.ts"
import { shareOf, type TenantLimits, unlimited } from "./TenantLimits.ts"
import { TenantQueue } from "./TenantQueue.ts"

interface TenantQueuesOptions {
  /** Must answer the same object while nothing has changed. */
  readonly limits: () => TenantLimits
  /** Processes that divide the limits between them, at least 1. */
  readonly processes: () => number
  /** Tenants with nothing waiting nor under way that are kept at the most, give or take as many again. */
  readonly quietLimit: number
}

/** The queues of all tenants under the limits of the moment. */
export class TenantQueues {
  readonly #options: TenantQueuesOptions
  readonly #tenants = new Map<TenantId, Tenant>()
  readonly #threshold: PlaceThreshold
  readonly #mayForget: (tenant: Tenant, now: number) => boolean
  #limits: TenantLimits
  #processes: number
  #pruneAt: number

  /** What they have under way is counted in `threshold`. `mayForget` says of a quiet tenant whether nothing is lost with it. */
  constructor(
    options: TenantQueuesOptions,
    threshold: PlaceThreshold,
    mayForget: (tenant: Tenant, now: number) => boolean
  ) {
    this.#options = options
    this.#threshold = threshold
    this.#mayForget = mayForget
    this.#limits = options.limits()
    this.#processes = options.processes()
    this.#pruneAt = options.quietLimit
  }

  get size(): number {
    return this.#tenants.size
  }

  get all(): Iterable<Tenant> {
    return this.#tenants.values()
  }

  find(tenantId: TenantId): Tenant | undefined {
    return this.#tenants.get(tenantId)
  }

  of(tenantId: TenantId, now: number): Tenant {
    const known = this.#tenants.get(tenantId)
    if (known !== undefined) return known
    if (this.#tenants.size >= this.#pruneAt) this.#prune(now)
    const share = shareOf(this.#limits, tenantId, this.#processes)
    const tenant = new Tenant(new TenantQueue(share, this.#threshold, now))
    this.#tenants.set(tenantId, tenant)
    return tenant
  }

  /** Puts new limits into force. Answers whether there were any. */
  refresh(now: number): boolean {
    const [limits, processes] = [this.#options.limits(), this.#options.processes()]
    if (limits === this.#limits && processes === this.#processes) return false
    this.#limits = limits
    this.#processes = processes
    for (const [id, { queue }] of this.#tenants) queue.limitTo(shareOf(limits, id, processes), now)
    return true
  }

  /** Forgets those with whom nothing is lost, and beyond the limit those known for longest. A constant cost for each new one. */
  #prune(now: number): void {
    const { quietLimit } = this.#options
    const quiet = [...this.#tenants].filter(([, { queue }]) => queue.isQuiet)
    let excess = quiet.length - quietLimit
    for (const [id, tenant] of quiet) {
      if (excess <= 0 && !this.#mayForget(tenant, now)) continue
      this.#tenants.delete(id)
      excess -= 1
    }
    this.#pruneAt = this.#tenants.size + quietLimit
  }
}

export interface FairQueueOptions extends TenantQueuesOptions {
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

/** How long after its deadline an attempt is counted whose end is not known: long enough to record it, in milliseconds. */
const endGraceMs = 5_000
/** The longest time-out with its graces: no attempt is counted for longer, whatever its deadline says. */
const attemptLimitMs = 320_000
/** Backward steps up to this many milliseconds are ignored; larger ones count as a clock change. */
const clockStepMs = 1_000

export class FairQueue {
  readonly #alarmLimit: number
  readonly #threshold: PlaceThreshold
  readonly #order: FairOrder
  readonly #tenants: TenantQueues
  #size = 0
  #now = 0
  /** No attempt's end is overdue before this. */
  #expiryAt = Number.POSITIVE_INFINITY

  constructor(options: FairQueueOptions) {
    this.#alarmLimit = options.alarmLimit
    this.#threshold = new PlaceThreshold(() => Math.ceil(options.places() / Math.max(1, options.processes())))
    this.#order = new FairOrder(this.#threshold)
    this.#tenants = new TenantQueues(
      options,
      this.#threshold,
      (tenant, now) => tenant.queue.isIdle(now) && this.#order.isEven(tenant)
    )
  }

  /** Alarms that wait; replaced ones do not count. */
  get size(): number {
    return this.#size
  }

  /** Alarms of the tenant that wait. */
  waiting(tenantId: TenantId): number {
    return this.#tenants.find(tenantId)?.queue.waiting ?? 0
  }

  /** Calls of the tenant that are asked for or under way. */
  running(tenantId: TenantId): number {
    return this.#tenants.find(tenantId)?.queue.running ?? 0
  }

  /** False when there is no room for it. The same or an older revision of a call changes nothing, a newer one replaces it. */
  add(alarm: Alarm, now: number): boolean {
    const at = this.#pass(now)
    const tenant = this.#tenants.of(alarm.tenantId, at)
    if (tenant.queue.knows(alarm)) return true
    const isNew = !tenant.queue.has(alarm)
    if (isNew && tenant.queue.waiting >= this.#alarmLimit - this.#size) return false
    tenant.queue.add(alarm)
    if (isNew) this.#size += 1
    this.#order.join(tenant, at)
    return true
  }

  /** Whether this revision of the call or a newer one waits or is being asked for. */
  knows(alarm: Alarm): boolean {
    return this.#tenants.find(alarm.tenantId)?.queue.knows(alarm) ?? false
  }

  /** Takes alarms of the tenant out that wait and meet the test; answers them in the order they came. */
  withdraw(tenantId: TenantId, test: (alarm: Alarm) => boolean): ReadonlyArray<Alarm> {
    const withdrawn = this.#tenants.find(tenantId)?.queue.withdraw(test) ?? []
    this.#size -= withdrawn.length
    return withdrawn
  }

  /** Removes and answers up to `limit` alarms whose calls may start now, in their order. Each counts as under way from here on. */
  take(now: number, limit: number): ReadonlyArray<Alarm> {
    const at = this.#pass(now)
    const taken: Array<Alarm> = []
    while (taken.length < limit) {
      const tenant = this.#order.first(at)
      const alarm = tenant?.queue.next()
      if (tenant === undefined || alarm === undefined) break
      this.#order.served(tenant, at)
      this.#size -= 1
      taken.push(alarm)
    }
    return taken
  }

  /** Like `add` and `take` of this one alarm: true when nothing of its tenant waits and it is its turn; else nothing has changed. */
  claim(alarm: Alarm, now: number): boolean {
    if (this.waiting(alarm.tenantId) > 0 || this.knows(alarm) || !this.add(alarm, now)) return false
    if (this.#order.first(this.#pass(now)) === this.#tenants.find(alarm.tenantId)) return this.take(now, 1).length === 1
    this.withdraw(alarm.tenantId, (one) => one === alarm)
    return false
  }

  /** When something that waits may start without anything else happening: now, later, or positive infinity. */
  nextWakeAt(now: number): number {
    const at = this.#pass(now)
    if (this.#order.first(at) !== undefined) return now
    return this.#size === 0 ? Number.POSITIVE_INFINITY : Math.min(this.#order.nextWakeAt, this.#expiryAt)
  }

  /** The asking for an alarm that was taken is over; its attempt, if any, was told of before. */
  answered(alarm: Alarm, hasStarted: boolean, now: number): void {
    const at = this.#pass(now)
    const tenant = this.#tenants.find(alarm.tenantId)
    if (tenant === undefined) return
    tenant.queue.answered(alarm, hasStarted)
    this.#left(tenant, at)
  }

  /** An attempt is under way, also when another process asked for it. */
  started({ callId, deadlineAt, epoch, request, tenantId }: ExecutionRequested, now: number): void {
    const at = this.#pass(now)
    const expiresAt = Math.min(deadlineAt + endGraceMs, at + attemptLimitMs)
    this.#expiryAt = Math.min(this.#expiryAt, expiresAt)
    this.#tenants.of(tenantId, at).queue.started(callId, epoch, targetOf(request.url), expiresAt)
  }

  /** An attempt is over. Told twice, it changes nothing. */
  ended({ answered, callId, epoch, pausedUntil, target, tenantId }: AttemptEnded, now: number): void {
    const at = this.#pass(now)
    const tenant = pausedUntil === null ? this.#tenants.find(tenantId) : this.#tenants.of(tenantId, at)
    if (tenant === undefined) return
    if (pausedUntil !== null) this.#order.pause(tenant, tenant.queue.targets.of(target), pausedUntil, at)
    tenant.queue.ended(callId, epoch)
    if (answered) tenant.queue.hasAnswered(target)
    this.#left(tenant, at)
  }

  /** A call of the tenant may be over: it may start another, and so may a tenant that waited for a place. */
  #left(tenant: Tenant, now: number): void {
    this.#order.join(tenant, now)
    this.#order.roomMade(now)
  }

  /** Time goes by. Answers the time to go by, which never goes back a little. */
  #pass(now: number): number {
    const wasSetBack = now < this.#now - clockStepMs
    this.#now = wasSetBack ? now : Math.max(now, this.#now)
    if (wasSetBack || now >= this.#expiryAt) this.#expire(this.#now)
    const hasRoomChanged = this.#threshold.refresh()
    const hasChanged = this.#tenants.refresh(this.#now) || hasRoomChanged
    if (wasSetBack || hasChanged) this.#order.rebuild(this.#tenants.all, this.#now)
    this.#order.advance(this.#now)
    return this.#now
  }

  #expire(now: number): void {
    let earliest = Number.POSITIVE_INFINITY
    for (const tenant of this.#tenants.all) {
      if (tenant.queue.running === 0) continue
      earliest = Math.min(earliest, tenant.queue.expire(now, now + attemptLimitMs))
      this.#left(tenant, now)
    }
    this.#expiryAt = earliest
  }
}
