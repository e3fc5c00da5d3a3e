/**
 * Time that this process has run: what a time-out counts. Elapsed time would also count a stop of the process (SIGSTOP, a suspended
 * machine, a blocked event loop), and a time-out would fire before the answer that came meanwhile is read.
 */
import { ShortLivedSet } from "@dueline/contracts/ShortLived"

/** Length of a slice in milliseconds. Whatever lies between two looks at the clock counts as twice this much at the most. */
const defaultSliceMs = 250

/** Deadlines of one length, the earliest first, and one timer for them all: most are cancelled long before it fires. */
class Lapse {
  readonly waiting = new ShortLivedSet<Deadline>()
  timer: NodeJS.Timeout | null = null
  readonly ms: number
  readonly emptied: (lapse: Lapse) => void

  constructor(ms: number, emptied: (lapse: Lapse) => void) {
    this.ms = ms
    this.emptied = emptied
  }
}

/** Lengths whose timers are left running when nothing waits for them: most will be waited for again at once. */
const maxUnused = 64

export class Deadline {
  #judging: NodeJS.Immediate | null = null
  readonly expiresAt: number
  readonly #lapse: Lapse
  readonly #expire: () => void

  constructor(lapse: Lapse, expiresAt: number, expire: () => void) {
    this.#lapse = lapse
    this.expiresAt = expiresAt
    this.#expire = expire
  }

  /** Does nothing when it has expired or was cancelled before. */
  cancel(): void {
    if (this.#judging !== null) clearImmediate(this.#judging)
    const lapse = this.#lapse
    if (lapse.waiting.delete(this) && lapse.waiting.size === 0) lapse.emptied(lapse)
  }

  /** Its timer has fired. Timers run before the poll phase of the event loop, immediates after it. */
  judge(): void {
    this.#lapse.waiting.delete(this)
    this.#judging = setImmediate(this.#expire)
  }
}

export class RunningTime {
  #ran = 0
  #seenAt: number
  #ticker: NodeJS.Timeout | null = null
  readonly #lapses = new Map<number, Lapse>()
  readonly #now: () => number
  readonly #sliceMs: number

  /** `now`: milliseconds by a clock that is never set. */
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
    const lapse = this.#lapses.get(ms) ?? new Lapse(ms, this.#emptied)
    const deadline = new Deadline(lapse, this.elapsed() + ms, expire)
    lapse.waiting.add(deadline)
    if (lapse.timer === null) {
      this.#lapses.set(ms, lapse)
      this.#arm(lapse, ms)
      this.#tick()
    }
    return deadline
  }

  #arm(lapse: Lapse, left: number): void {
    // What is waited for keeps the process alive, not the time-out.
    // oxlint-disable-next-line eslint/no-restricted-globals -- a real socket waits in real time, whatever clock the program was given
    lapse.timer = setTimeout(() => this.#fire(lapse), left).unref()
  }

  readonly #emptied = (lapse: Lapse): void => {
    if (this.#lapses.size > maxUnused) this.#drop(lapse)
  }

  #drop(lapse: Lapse): void {
    if (lapse.timer !== null) clearTimeout(lapse.timer)
    lapse.timer = null
    this.#lapses.delete(lapse.ms)
  }

  #fire(lapse: Lapse): void {
    const elapsed = this.elapsed()
    for (const deadline of lapse.waiting) {
      const left = deadline.expiresAt - elapsed
      if (left > 0) return this.#arm(lapse, left)
      deadline.judge()
    }
    this.#drop(lapse)
  }

  /** Looks at the clock once a slice as long as a timer runs; else no time would be told from a stop. */
  #tick(): void {
    if (this.#ticker !== null) return
    // oxlint-disable-next-line eslint/no-restricted-globals -- as above
    this.#ticker = setInterval(() => {
      this.elapsed()
      if (this.#lapses.size > 0 || this.#ticker === null) return
      clearInterval(this.#ticker)
      this.#ticker = null
    }, this.#sliceMs).unref()
  }
}
