/** How often something may happen. Plain data structure, times in epoch ms. */

/** Sums of fractions of a token come out a little below one. */
const almostOne = 1 - 1e-6

/** So many starts per second, with what was saved up to a limit on top. */
export class TokenBucket {
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #filledAt: number

  /** Begins full. */
  constructor(perSecond: number, burst: number, now: number) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
    this.#filledAt = now
  }

  take(): void {
    this.#tokens -= 1
  }

  giveBack(): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + 1)
  }

  /** When the next token is there: now or later; positive infinity at a rate of zero. */
  readyAt(now: number): number {
    this.#fill(now)
    if (this.#tokens >= almostOne) return now
    return now + Math.max(1, Math.ceil(((almostOne - this.#tokens) / this.#perSecond) * 1_000))
  }

  isFull(now: number): boolean {
    this.#fill(now)
    return this.#tokens >= this.#burst
  }

  /** What it holds stays when its limits change. */
  become(perSecond: number, burst: number, now: number): TokenBucket {
    this.#fill(now)
    const next = new TokenBucket(perSecond, burst, now)
    next.#tokens = Math.min(burst, this.#tokens)
    return next
  }

  /** A clock that was set back adds nothing, and counts from there. */
  #fill(now: number): void {
    const passedMs = Math.max(0, now - this.#filledAt)
    this.#filledAt = now
    this.#tokens = Math.min(this.#burst, this.#tokens + (passedMs * this.#perSecond) / 1_000)
  }
}
