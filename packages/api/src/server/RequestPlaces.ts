/** Requests under way at the edge: how many there may be, and in which order those that have arrived are worked off. Tenants share both. */
import type { TenantId } from "@dueline/contracts/Ids"
import { TenantLines } from "@dueline/contracts/TenantShares"
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

/** Of one turn of the event loop. A submission of ordinary size weighs one, which is some 100 µs of work. */
const weightPerTurn = 16
const bytesPerWeight = 256

interface Waiting {
  readonly work: () => void
  readonly weight: number
}

/**
 * Requests that have arrived whole and wait to be worked off: tenants by turns, and in each turn of the event loop only so much that
 * everything else gets its turn soon. Without it, as many requests of one tenant as have connections are worked off at one go, and every
 * step of another tenant's call, of its timers and its answers, waits for that.
 */
export class RequestTurns {
  readonly #nextTurn: (act: () => void) => void
  /** How many may wait is bounded where requests get their places. */
  readonly #lines = new TenantLines<Waiting>(Number.POSITIVE_INFINITY)
  #left = weightPerTurn
  #asked = false

  /** `nextTurn`: has something done in the next turn of the event loop. */
  constructor(nextTurn: (act: () => void) => void = setImmediate) {
    this.#nextTurn = nextTurn
  }

  /** Worked off at once when nobody waits and there is time in this turn. `bytes`: how large it is. `work` must not throw. */
  push(tenantId: TenantId, bytes: number, work: () => void): void {
    this.#lines.push(tenantId, { work, weight: 1 + Math.floor(bytes / bytesPerWeight) })
    if (!this.#asked) {
      this.#asked = true
      this.#nextTurn(this.#turn)
    }
    this.#go()
  }

  #go(): void {
    while (this.#left > 0) {
      const next = this.#lines.shift()
      if (next === undefined) return
      this.#left -= next.weight
      next.work()
    }
  }

  readonly #turn = (): void => {
    this.#left = weightPerTurn
    this.#asked = this.#lines.size > 0
    if (this.#asked) this.#nextTurn(this.#turn)
    this.#go()
  }
}
