/**
 * Whose turn it is between tenants, by virtual time (start-time fair queueing; Goyal, Vin and Cheng, 1996): each start moves its tenant
 * on by 1 / weight, whoever is furthest behind is next, and who has been away joins where the others are. So with n other tenants in
 * line a call of a tenant of the same weight that has nothing before it is picked within n + 1 picks, whatever the others have waiting.
 * Plain data structure, times in epoch ms.
 */
import { MinHeap } from "./MinHeap.ts"
import { Crowd } from "./Crowd.ts"
import type { Room } from "./Room.ts"
import type { TargetLane } from "./TargetLane.ts"
import type { TenantQueue } from "./TenantQueue.ts"

/** However long a pause is said to be, the target is tried again after this many milliseconds: that costs one call that is handed back. */
const pauseLimitMs = 600_000
/** How long a target that nothing waits for is remembered after its pause: calls that were handed back come again just then. */
const probeMemoryMs = 60_000
/** Pauses, and tenants that wait for their rate, remembered at once. A pause beyond that is learned anew by each call that meets it. */
const wakeLimit = 100_000
/** Tenants that join the line for one call that is over: of those that need the same the one furthest behind should be among them. */
const joinLimit = 16

interface Wake {
  readonly tenant: TenantQueue
  /** Null: the tenant waits for its rate. */
  readonly lane: TargetLane | null
}

export class FairLine {
  /** Tenants that have something that may start. May hold one that has been stopped meanwhile. */
  readonly #line = new MinHeap<TenantQueue>()
  readonly #wakes = new MinHeap<Wake>()
  /** Tenants that hold as many places as they may while so few are free. */
  readonly #crowd = new Crowd<TenantQueue>()
  readonly #room: Room
  #virtualTime = 0

  constructor(room: Room) {
    this.#room = room
  }

  /** When a tenant may join the line by the passing of time alone; positive infinity when none waits for that. */
  get nextWakeAt(): number {
    return this.#wakes.firstKey
  }

  /** Whether the tenant would get nothing out of being forgotten. */
  isEven({ pass }: TenantQueue): boolean {
    return pass <= this.#virtualTime
  }

  first(now: number): TenantQueue | undefined {
    while (true) {
      const tenant = this.#line.first
      if (tenant === undefined) {
        if (!this.#letIn(now)) return undefined
        continue
      }
      if (tenant.readyAt(now) <= now && this.#mayTake(tenant)) return tenant
      this.#leave(tenant)
      this.join(tenant, now)
    }
  }

  /** Only for the first: one call of it has been picked. */
  served(tenant: TenantQueue, now: number): void {
    this.#leave(tenant)
    this.#virtualTime = tenant.pass
    tenant.pass += 1 / tenant.weight
    this.join(tenant, now)
  }

  /** To be told whenever a tenant may have something to start. */
  join(tenant: TenantQueue, now: number): void {
    if (tenant.inLine) return
    const readyAt = tenant.readyAt(now)
    if (readyAt <= now) {
      if (!this.#mayTake(tenant)) return this.#crowd.add(tenant, this.#room.needed(tenant.running, tenant.weight))
      this.#crowd.delete(tenant)
      tenant.inLine = true
      tenant.pass = Math.max(tenant.pass, this.#virtualTime)
      this.#line.push(tenant.pass, tenant)
    } else if (readyAt < Number.POSITIVE_INFINITY && !tenant.hasWake) {
      tenant.hasWake = true
      this.#wakes.push(readyAt, { tenant, lane: null })
    }
  }

  /** To be told when calls are over: those join that waited for so many free places. The rest follow when the line is empty. */
  roomMade(now: number): void {
    for (let n = 0; n < joinLimit && this.#letIn(now); n += 1);
  }

  pause(tenant: TenantQueue, lane: TargetLane, until: number, now: number): void {
    if (this.#wakes.size < wakeLimit) {
      lane.pause(Math.min(until, now + pauseLimitMs))
      this.#wake(tenant, lane, lane.pausedUntil ?? now)
    }
    tenant.lanes.changed(lane)
  }

  /** Lets in whoever waited for a time that has come. */
  advance(now: number): void {
    while (this.#wakes.firstKey <= now) {
      const at = this.#wakes.firstKey
      const wake = this.#wakes.pop()
      if (wake === undefined) return
      const { lane, tenant } = wake
      if (lane === null) tenant.hasWake = false
      else if (lane.wakeAt === at) this.#advanceLane(tenant, lane, now)
      this.join(tenant, now)
    }
  }

  /** Begins anew with these, after limits have changed or the clock was set back. The order between them stays. */
  rebuild(tenants: Iterable<TenantQueue>, now: number): void {
    this.#line.clear()
    this.#wakes.clear()
    this.#crowd.clear()
    for (const tenant of tenants) {
      tenant.inLine = false
      tenant.hasWake = false
      for (const lane of tenant.lanes.all) {
        lane.wakeAt = null
        if (lane.pausedUntil !== null) lane.pausedUntil = Math.min(lane.pausedUntil, now + pauseLimitMs)
        if (lane.pausedUntil !== null || lane.probing) this.#wake(tenant, lane, lane.pausedUntil ?? now + probeMemoryMs)
      }
      this.join(tenant, now)
    }
  }

  #leave(tenant: TenantQueue): void {
    this.#line.pop()
    tenant.inLine = false
  }

  #mayTake(tenant: TenantQueue): boolean {
    return this.#room.admits(tenant.running, tenant.weight)
  }

  /** Answers whether there was one for whom enough places are free. */
  #letIn(now: number): boolean {
    const tenant = this.#crowd.take(this.#room.free)
    if (tenant !== undefined) this.join(tenant, now)
    return tenant !== undefined
  }

  #wake(tenant: TenantQueue, lane: TargetLane, at: number): void {
    if (lane.wakeAt !== null && lane.wakeAt <= at) return
    lane.wakeAt = at
    this.#wakes.push(at, { tenant, lane })
  }

  #advanceLane(tenant: TenantQueue, lane: TargetLane, now: number): void {
    lane.wakeAt = null
    const { pausedUntil } = lane
    if (pausedUntil !== null && pausedUntil > now) return this.#wake(tenant, lane, pausedUntil)
    if (pausedUntil !== null) lane.pauseIsOver()
    else if (lane.probing && lane.isQuiet) lane.probing = false
    if (lane.probing) this.#wake(tenant, lane, now + probeMemoryMs)
    tenant.lanes.changed(lane)
  }
}
