/** Attempts that were made: word of one may come again, and it must not leave twice under one epoch. */

/** More than a busy worker makes within a lease; beyond it the oldest half is forgotten. */
const attemptLimit = 200_000

/**
 * Remembers an attempt until its first lease has ended, when nothing is sent for it any more, and somewhat longer. Two halves, of which the
 * older one is dropped as a whole: a map that loses its oldest key with each new one leaves a hole for each, and steps over all of them to
 * find the next.
 */
export class RecentAttempts {
  #older = new Set<string>()
  #newer = new Set<string>()
  /** Epoch milliseconds from which on no lease of the older half is left. */
  #olderUntil = 0
  #newerUntil = 0

  has(key: string): boolean {
    return this.#newer.has(key) || this.#older.has(key)
  }

  add(key: string, leaseUntil: number, now: number): void {
    if (this.#olderUntil <= now || this.#newer.size >= attemptLimit / 2) this.#turn()
    this.#newer.add(key)
    this.#newerUntil = Math.max(this.#newerUntil, leaseUntil)
  }

  #turn(): void {
    this.#older = this.#newer
    this.#olderUntil = this.#newerUntil
    this.#newer = new Set()
    this.#newerUntil = 0
  }
}
