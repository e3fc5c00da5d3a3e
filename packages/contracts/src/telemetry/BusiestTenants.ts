/**
 * Which tenants have a name in metrics: the busiest, a bounded number of them; all others are counted together. With a series for each of
 * ten thousand tenants one reading would cost the event loop more than half a second.
 */
import type { TenantId } from "../Ids.ts"

/** What others are called together. No tenant's id looks like it. */
export const otherTenants = "__other__"

/** Tenants with a name. */
export const defaultNamedTenants = 50

/** Tenants without a name that are watched, for each that has one. */
const watchedForEach = 4

/** How much busier a tenant must have been than one with a name to take its place: places that change hands often tell nobody anything. */
const clearly = 2

/** Places are looked at no more often than this, in milliseconds. */
const everyMs = 60_000

/** Plain data structure; the caller brings the time. */
export class BusiestTenants {
  /** The last place is that of all others. */
  readonly places: number
  readonly #named: Array<TenantId> = []
  readonly #places = new Map<TenantId, number>()
  readonly #activity: Array<number> = []
  /** Of those without a name: at least the busiest of them are among these, by the counters of Misra and Gries. */
  readonly #watched = new Map<TenantId, number>()
  readonly #listeners: Array<(place: number) => void> = []
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(limit = defaultNamedTenants) {
    this.places = limit + 1
  }

  /** The place under which something of this tenant is counted, now. Counts as activity of the tenant. */
  placeOf(tenantId: TenantId): number {
    const place = this.#places.get(tenantId)
    if (place !== undefined) {
      this.#activity[place] = (this.#activity[place] ?? 0) + 1
      return place
    }
    if (this.#named.length < this.places - 1) return this.#give(this.#named.length, tenantId, 1)
    this.#watch(tenantId)
    return this.places - 1
  }

  nameOf(place: number): string {
    return this.#named[place] ?? otherTenants
  }

  /** Called when a place goes to another tenant: what was counted there is the former one's. */
  onChange(listener: (place: number) => void): void {
    this.#listeners.push(listener)
  }

  /** Gives places to tenants that were clearly busier than those who have them, at most once a minute. `elapsed` in milliseconds. */
  look(elapsed: number): void {
    if (elapsed - this.#lookedAt < everyMs) return
    this.#lookedAt = elapsed
    const rising = [...this.#watched].sort(([, a], [, b]) => b - a)
    const falling = this.#activity.map((count, place) => ({ count, place })).sort((a, b) => a.count - b.count)
    for (const [n, [tenantId, count]] of rising.entries()) {
      const least = falling[n]
      if (least === undefined || count <= clearly * least.count) break
      this.#watched.delete(tenantId)
      this.#give(least.place, tenantId, count)
      for (const tell of this.#listeners) tell(least.place)
    }
    // What was long ago counts less and less.
    for (const [place, count] of this.#activity.entries()) this.#activity[place] = count / 2
    for (const [tenantId, count] of this.#watched) {
      if (count < 2) this.#watched.delete(tenantId)
      else this.#watched.set(tenantId, count / 2)
    }
  }

  #give(place: number, tenantId: TenantId, activity: number): number {
    const former = this.#named[place]
    if (former !== undefined) this.#places.delete(former)
    this.#named[place] = tenantId
    this.#activity[place] = activity
    this.#places.set(tenantId, place)
    return place
  }

  #watch(tenantId: TenantId): void {
    const seen = this.#watched.get(tenantId)
    if (seen !== undefined || this.#watched.size < watchedForEach * this.places) {
      this.#watched.set(tenantId, (seen ?? 0) + 1)
      return
    }
    for (const [other, count] of this.#watched) {
      if (count <= 1) this.#watched.delete(other)
      else this.#watched.set(other, count - 1)
    }
  }
}
