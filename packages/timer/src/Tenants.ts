/** The queues of all tenants under the limits of the moment. Plain data structure, times in epoch ms. */
import type { TenantId } from "@dueline/contracts/Ids"
import type { Room } from "./Room.ts"
import { shareOf, type TenantLimits } from "./TenantLimits.ts"
import { TenantQueue } from "./TenantQueue.ts"

export interface TenantsOptions {
  /** Must answer the same object while nothing has changed. */
  readonly limits: () => TenantLimits
  /** Processes that divide the limits between them, at least 1. */
  readonly processes: () => number
  /** Tenants with nothing waiting nor under way that are remembered at the most, give or take as many again. */
  readonly quietLimit: number
}

export class Tenants {
  readonly #options: TenantsOptions
  readonly #tenants = new Map<TenantId, TenantQueue>()
  readonly #room: Room
  readonly #mayForget: (tenant: TenantQueue, now: number) => boolean
  #limits: TenantLimits
  #processes: number
  #pruneAt: number

  /** What they have under way is counted in `room`. `mayForget` says of a quiet tenant whether nothing is lost with it. */
  constructor(options: TenantsOptions, room: Room, mayForget: (tenant: TenantQueue, now: number) => boolean) {
    this.#options = options
    this.#room = room
    this.#mayForget = mayForget
    this.#limits = options.limits()
    this.#processes = options.processes()
    this.#pruneAt = options.quietLimit
  }

  get size(): number {
    return this.#tenants.size
  }

  get all(): Iterable<TenantQueue> {
    return this.#tenants.values()
  }

  find(tenantId: TenantId): TenantQueue | undefined {
    return this.#tenants.get(tenantId)
  }

  of(tenantId: TenantId, now: number): TenantQueue {
    const known = this.#tenants.get(tenantId)
    if (known !== undefined) return known
    if (this.#tenants.size >= this.#pruneAt) this.#prune(now)
    const tenant = new TenantQueue(shareOf(this.#limits, tenantId, this.#processes), this.#room, now)
    this.#tenants.set(tenantId, tenant)
    return tenant
  }

  /** Puts new limits into force. Answers whether there were any. */
  refresh(now: number): boolean {
    const [limits, processes] = [this.#options.limits(), this.#options.processes()]
    if (limits === this.#limits && processes === this.#processes) return false
    this.#limits = limits
    this.#processes = processes
    for (const [id, tenant] of this.#tenants) tenant.limitTo(shareOf(limits, id, processes), now)
    return true
  }

  /** Forgets those with whom nothing is lost, and beyond the limit those known for longest. A constant cost for each new one. */
  #prune(now: number): void {
    const { quietLimit } = this.#options
    const quiet = [...this.#tenants].filter(([, tenant]) => tenant.isQuiet)
    let excess = quiet.length - quietLimit
    for (const [id, tenant] of quiet) {
      if (excess <= 0 && !this.#mayForget(tenant, now)) continue
      this.#tenants.delete(id)
      excess -= 1
    }
    this.#pruneAt = this.#tenants.size + quietLimit
  }
}
