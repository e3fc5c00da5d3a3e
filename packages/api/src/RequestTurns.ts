/**
 * Requests that have arrived whole and wait to be worked off: tenants by turns, and in each turn of the event loop only so much that
 * everything else gets its turn soon. Without it, as many requests of one tenant as have connections are worked off at one go, and every
 * step of another tenant's call, of its timers and its answers, waits for that.
 */
import type { TenantId } from "@dueline/contracts/Ids"
import { TenantLines } from "@dueline/contracts/TenantLines"

/** Of one turn of the event loop. A submission of ordinary size weighs one, which is some 100 µs of work. */
const weightPerTurn = 16
const bytesPerWeight = 1_024

interface Waiting<A> {
  readonly entry: A
  readonly weight: number
}

export class RequestTurns<A> {
  readonly #work: (entry: A) => void
  readonly #nextTurn: (act: () => void) => void
  /** How many may wait is bounded where requests get their places. */
  readonly #lines = new TenantLines<Waiting<A>>(Number.POSITIVE_INFINITY)
  #left = weightPerTurn
  #asked = false

  /** `work` must not throw. `nextTurn`: has something done in the next turn of the event loop. */
  constructor(work: (entry: A) => void, nextTurn: (act: () => void) => void = setImmediate) {
    this.#work = work
    this.#nextTurn = nextTurn
  }

  /** Worked off at once when nobody waits and there is time in this turn. `bytes`: how large it is. */
  push(tenantId: TenantId, bytes: number, entry: A): void {
    this.#lines.push(tenantId, { entry, weight: 1 + Math.floor(bytes / bytesPerWeight) })
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
      this.#work(next.entry)
    }
  }

  readonly #turn = (): void => {
    this.#left = weightPerTurn
    this.#asked = this.#lines.size > 0
    if (this.#asked) this.#nextTurn(this.#turn)
    this.#go()
  }
}
