/**
 * Time that this process has run: what a time-out counts. Elapsed time would also count a stop of the process (SIGSTOP, a suspended
 * machine, a blocked event loop), and a time-out would fire before the answer that came meanwhile is read.
 */

/** Length of a slice in milliseconds. Whatever lies between two looks at the clock counts as twice this much at the most. */
const defaultSliceMs = 250

export interface Deadline {
  /** Does nothing when it has expired or was cancelled before. */
  readonly cancel: () => void
}

export class RunningTime {
  #ran = 0
  #seenAt: number
  #ticker: NodeJS.Timeout | null = null
  #waiting = 0
  readonly #now: () => number
  readonly #sliceMs: number

  /** `now`: milliseconds by a clock that nobody sets. */
  constructor(now: () => number, sliceMs: number = defaultSliceMs) {
    this.#now = now
    this.#sliceMs = sliceMs
    this.#seenAt = now()
  }

  /** Milliseconds, from an arbitrary origin. */
  readonly elapsed = (): number => {
    const now = this.#now()
    this.#ran += Math.min(Math.max(0, now - this.#seenAt), 2 * this.#sliceMs)
    this.#seenAt = now
    return this.#ran
  }

  /** Calls `expire` once, `ms` of running time from now and never earlier, after what the sockets hold at that moment was read. */
  after(ms: number, expire: () => void): Deadline {
    const expiresAt = this.elapsed() + ms
    let timer: NodeJS.Timeout | null = null
    let judging: NodeJS.Immediate | null = null
    let done = false
    const cancel = (): void => {
      if (done) return
      done = true
      if (timer !== null) clearTimeout(timer)
      if (judging !== null) clearImmediate(judging)
      this.#waiting--
    }
    const fire = (): void => {
      const left = expiresAt - this.elapsed()
      if (left > 0) {
        timer = setTimeout(fire, left)
        return
      }
      // Timers run before the poll phase of the event loop, immediates after it.
      judging = setImmediate(() => {
        cancel()
        expire()
      })
    }
    timer = setTimeout(fire, ms)
    this.#waiting++
    this.#tick()
    return { cancel }
  }

  /** Looks at the clock once a slice as long as anybody waits; else no time would be told from a stop. */
  #tick(): void {
    if (this.#ticker !== null) return
    this.#ticker = setInterval(() => {
      this.elapsed()
      if (this.#waiting > 0 || this.#ticker === null) return
      clearInterval(this.#ticker)
      this.#ticker = null
    }, this.#sliceMs).unref()
  }
}
