/** Attempts that were made: word of one may come again, and it must not leave twice under one epoch. */

/** More than a busy worker makes within a lease; beyond it the oldest are forgotten. */
const attemptLimit = 100_000

/**
 * Remembers an attempt until its first lease has ended: from then on nothing is sent for it anyway. Keys are forgotten in the order
 * they were added, which is near enough the order of their leases.
 */
export class RecentAttempts {
  readonly #leases = new Map<string, number>()

  has(key: string): boolean {
    return this.#leases.has(key)
  }

  add(key: string, leaseUntil: number, now: number): void {
    this.#leases.set(key, leaseUntil)
    for (const [oldest, until] of this.#leases) {
      if (until > now && this.#leases.size <= attemptLimit) return
      this.#leases.delete(oldest)
    }
  }
}
