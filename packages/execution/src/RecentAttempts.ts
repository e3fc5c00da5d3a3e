/** Attempts that were made: word of one may come again, and it must not leave twice under one epoch. */

/** More than a busy worker makes in that time; beyond it the oldest half is forgotten. */
const attemptLimit = 200_000

/**
 * How long an attempt is remembered at least, in milliseconds: longer than a call can be believed to run under its epoch when nobody
 * records what came of it.
 */
export const rememberedMs = 30_000

/**
 * Two halves, of which the older one is dropped as a whole: a map that loses its oldest key with each new one leaves a hole for each, and
 * steps over all of them to find the next. `elapsed` is the time that only goes forward, in milliseconds.
 */
export class RecentAttempts {
  #older = new Set<string>()
  #newer = new Set<string>()
  /** When the newer half was begun: the older one is older than that. */
  #turnedAt = Number.NEGATIVE_INFINITY

  has(key: string): boolean {
    return this.#newer.has(key) || this.#older.has(key)
  }

  add(key: string, elapsed: number): void {
    if (elapsed - this.#turnedAt >= rememberedMs || this.#newer.size >= attemptLimit / 2) this.#turn(elapsed)
    this.#newer.add(key)
  }

  #turn(elapsed: number): void {
    this.#older = this.#newer
    this.#turnedAt = elapsed
    this.#newer = new Set()
  }
}
