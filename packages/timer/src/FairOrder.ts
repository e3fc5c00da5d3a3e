/**
 * Whose turn it is between tenants, by virtual time (start-time fair queueing; Goyal, Vin and Cheng, 1996): each start moves its tenant
 * on by 1 / weight, the tenant that is furthest behind is next, and one that has been away joins where the others are. So with n other
 * tenants in line a call of a tenant of the same weight that has nothing before it is picked within n + 1 picks, whatever the others have
 * waiting. Plain data structures, times in epoch ms.
 */
import { MinHeap } from "./MinHeap.ts"
import type { TargetQueue } from "./TargetQueue.ts"
import type { TenantQueue } from "./TenantQueue.ts"

/** Weights beyond these decide whose turn it is, and not how much is left to others. */
const [lightest, heaviest] = [0.25, 4]

/**
 * How many of the places a tenant may hold: the more it holds, the more must stay free for others. A threshold that follows what is free
 * (Choudhury and Hahne, Dynamic Queue Length Thresholds, 1998), here with a root in place of a line.
 */
export class PlaceThreshold {
  readonly #total: () => number
  #places: number
  /** Places that are taken, by all tenants together. */
  taken = 0

  /** `total`: places there are, for all tenants together; positive infinity when nothing limits them. */
  constructor(total: () => number) {
    this.#total = total
    this.#places = total()
  }

  get free(): number {
    return this.#places - this.taken
  }

  /** Looks again how many places there are. Answers whether their number has changed. */
  refresh(): boolean {
    const places = this.#total()
    if (places === this.#places) return false
    this.#places = places
    return true
  }

  /**
   * How many places must be free for a tenant that holds `held` to take one more: that one, and those that stay free after it, which are
   * the lesser of a quarter of all and √(places × held / 2 × weight). A tenant that holds none may take the last one. Of 256 places a
   * tenant alone may hold 192; if all its calls hang, a second one may hold 17 of the other 64, a third 11, and so on: when twelve let
   * everything hang, the thirteenth still finds a place at once. Those that hold more than an eighth need the same, so that weights decide.
   */
  needed(held: number, weight: number): number {
    if (held === 0) return 1
    const share = held / Math.min(heaviest, Math.max(lightest, weight))
    return 1 + Math.ceil(Math.min(this.#places / 4, Math.sqrt((this.#places * share) / 2)))
  }

  admits(held: number, weight: number): boolean {
    return this.#places === Number.POSITIVE_INFINITY || this.free >= this.needed(held, weight)
  }
}

/** Tenants that wait until so many places are free: one entry for each tenant, in the order they came. */
class PlaceWaiters<T> {
  readonly #needs = new Map<T, number>()
  readonly #waiting = new Map<number, Set<T>>()
  /** The numbers in `waiting`, each once. */
  readonly #numbers = new MinHeap<number>()

  /** In place of whatever it waited for before. */
  add(tenant: T, needed: number): void {
    if (this.#needs.get(tenant) === needed) return
    this.delete(tenant)
    this.#needs.set(tenant, needed)
    const waiting = this.#waiting.get(needed)
    if (waiting !== undefined) waiting.add(tenant)
    else {
      this.#waiting.set(needed, new Set([tenant]))
      this.#numbers.push(needed, needed)
    }
  }

  delete(tenant: T): void {
    const needed = this.#needs.get(tenant)
    if (needed === undefined) return
    this.#needs.delete(tenant)
    this.#waiting.get(needed)?.delete(tenant)
  }

  /** Removes and answers the one that needs least, if so many places are enough for it. */
  take(free: number): T | undefined {
    while (true) {
      const needed = this.#numbers.first
      if (needed === undefined || needed > free) return undefined
      const [tenant] = this.#waiting.get(needed) ?? []
      if (tenant !== undefined) {
        this.delete(tenant)
        return tenant
      }
      this.#waiting.delete(needed)
      this.#numbers.pop()
    }
  }

  clear(): void {
    this.#needs.clear()
    this.#waiting.clear()
    this.#numbers.clear()
  }
}

/** However long a pause is said to be, the target is tried again after this many milliseconds: that costs one call that is handed back. */
const pauseLimitMs = 600_000
/** How long a target that nothing waits for is remembered after its pause: calls that were handed back come again just then. */
const probeMemoryMs = 60_000
/** Pauses, and tenants that wait for their rate, kept at once. A pause beyond that is found out again by each call that meets it. */
const wakeLimit = 100_000
/** Tenants that join the line for one call that is over: of those that need the same the one furthest behind should be among them. */
const joinLimit = 16

/** A tenant's place in the order. */
export class Tenant {
  readonly queue: TenantQueue
  /** Virtual time from which on it may be served. */
  pass = 0
  inLine = false
  /** Whether it waits for its rate. */
  hasWake = false

  constructor(queue: TenantQueue) {
    this.queue = queue
  }
}

interface Wake {
  readonly tenant: Tenant
  /** Null: the tenant waits for its rate. */
  readonly target: TargetQueue | null
}

export class FairOrder {
  /** Tenants that have something that may start. May hold one that has been stopped meanwhile. */
  readonly #line = new MinHeap<Tenant>()
  readonly #wakes = new MinHeap<Wake>()
  /** Tenants that hold as many places as they may while so few are free. */
  readonly #waiters = new PlaceWaiters<Tenant>()
  readonly #threshold: PlaceThreshold
  #virtualTime = 0

  constructor(threshold: PlaceThreshold) {
    this.#threshold = threshold
  }

  /** When a tenant may join the line by the passing of time alone; positive infinity when none waits for that. */
  get nextWakeAt(): number {
    return this.#wakes.firstKey
  }

  /** Whether the tenant would gain nothing by being forgotten. */
  isEven({ pass }: Tenant): boolean {
    return pass <= this.#virtualTime
  }

  first(now: number): Tenant | undefined {
    while (true) {
      const tenant = this.#line.first
      if (tenant === undefined) {
        if (!this.#letIn(now)) return undefined
        continue
      }
      if (tenant.queue.readyAt(now) <= now && this.#mayTake(tenant)) return tenant
      this.#leave(tenant)
      this.join(tenant, now)
    }
  }

  /** Only for the first: one call of it has been picked. */
  served(tenant: Tenant, now: number): void {
    this.#leave(tenant)
    this.#virtualTime = tenant.pass
    tenant.pass += 1 / tenant.queue.weight
    this.join(tenant, now)
  }

  /** Must be called whenever a tenant may have something to start. */
  join(tenant: Tenant, now: number): void {
    if (tenant.inLine) return
    const readyAt = tenant.queue.readyAt(now)
    if (readyAt <= now) {
      if (!this.#mayTake(tenant))
        return this.#waiters.add(tenant, this.#threshold.needed(tenant.queue.running, tenant.queue.weight))
      this.#waiters.delete(tenant)
      tenant.inLine = true
      tenant.pass = Math.max(tenant.pass, this.#virtualTime)
      this.#line.push(tenant.pass, tenant)
    } else if (readyAt < Number.POSITIVE_INFINITY && !tenant.hasWake) {
      tenant.hasWake = true
      this.#wakes.push(readyAt, { tenant, target: null })
    }
  }

  /** Must be called when calls are over: those join that waited for so many free places. The rest follow when the line is empty. */
  roomMade(now: number): void {
    for (let n = 0; n < joinLimit && this.#letIn(now); n += 1);
  }

  pause(tenant: Tenant, target: TargetQueue, until: number, now: number): void {
    if (this.#wakes.size < wakeLimit) {
      target.pause(Math.min(until, now + pauseLimitMs))
      this.#wake(tenant, target, target.pausedUntil ?? now)
    }
    tenant.queue.targets.changed(target)
  }

  /** Lets in the tenants that waited for a time that has come. */
  advance(now: number): void {
    while (this.#wakes.firstKey <= now) {
      const at = this.#wakes.firstKey
      const wake = this.#wakes.pop()
      if (wake === undefined) return
      const { target, tenant } = wake
      if (target === null) tenant.hasWake = false
      else if (target.wakeAt === at) this.#advanceTarget(tenant, target, now)
      this.join(tenant, now)
    }
  }

  /** Begins again with these, after limits have changed or the clock was set back. The order between them stays. */
  rebuild(tenants: Iterable<Tenant>, now: number): void {
    this.#line.clear()
    this.#wakes.clear()
    this.#waiters.clear()
    for (const tenant of tenants) {
      tenant.inLine = false
      tenant.hasWake = false
      for (const target of tenant.queue.targets.all) {
        target.wakeAt = null
        if (target.pausedUntil !== null) target.pausedUntil = Math.min(target.pausedUntil, now + pauseLimitMs)
        if (target.pausedUntil !== null || target.probing)
          this.#wake(tenant, target, target.pausedUntil ?? now + probeMemoryMs)
      }
      this.join(tenant, now)
    }
  }

  #leave(tenant: Tenant): void {
    this.#line.pop()
    tenant.inLine = false
  }

  #mayTake(tenant: Tenant): boolean {
    return this.#threshold.admits(tenant.queue.running, tenant.queue.weight)
  }

  /** Answers whether there was a tenant for which enough places are free. */
  #letIn(now: number): boolean {
    const tenant = this.#waiters.take(this.#threshold.free)
    if (tenant !== undefined) this.join(tenant, now)
    return tenant !== undefined
  }

  #wake(tenant: Tenant, target: TargetQueue, at: number): void {
    if (target.wakeAt !== null && target.wakeAt <= at) return
    target.wakeAt = at
    this.#wakes.push(at, { tenant, target })
  }

  #advanceTarget(tenant: Tenant, target: TargetQueue, now: number): void {
    target.wakeAt = null
    const { pausedUntil } = target
    if (pausedUntil !== null && pausedUntil > now) return this.#wake(tenant, target, pausedUntil)
    if (pausedUntil !== null) target.pauseIsOver()
    else if (target.probing && target.isQuiet) target.probing = false
    if (target.probing) this.#wake(tenant, target, now + probeMemoryMs)
    tenant.queue.targets.changed(target)
  }
}
