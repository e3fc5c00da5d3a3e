/** Requests under way at the edge: so many of all tenants, and of one tenant as many as there is room left, so that none has all of them. */
import type { TenantId } from "@dueline/contracts/Ids"
import { Context, Effect } from "effect"

/** Requests under way at once. Each may hold a body of the size that the edge allows. */
export const defaultRequestLimit = 2_048

/**
 * Gives the place of this request back before it has been answered: for one that only waits from here on, and holds nothing that has to
 * be bounded with it. Free where requests have no places.
 */
export const LeavePlace = Context.Reference<Effect.Effect<void>>("@dueline/api/LeavePlace", {
  defaultValue: () => Effect.void
})

export class RequestPlaces {
  readonly #limit: number
  readonly #held = new Map<TenantId, number>()
  #taken = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Null when there is no place for one more request of the tenant; otherwise what gives the place back. Done twice, that is done once. */
  enter(tenantId: TenantId): (() => void) | null {
    const held = this.#held.get(tenantId) ?? 0
    if (held >= this.#limit - this.#taken) return null
    this.#taken += 1
    this.#held.set(tenantId, held + 1)
    let gone = false
    return () => {
      if (gone) return
      gone = true
      this.#taken -= 1
      const left = (this.#held.get(tenantId) ?? 0) - 1
      if (left > 0) this.#held.set(tenantId, left)
      else this.#held.delete(tenantId)
    }
  }
}
