/**
 * What one tenant may cause in the log: so many lines of a kind at once and one more every second, and then a line that says how many were
 * left out. Lines that name no tenant are bounded in the same way, all together by kind. Plain data structure, times in milliseconds.
 */

/** Lines of one kind that are written at once. */
const burst = 20
/** Until one more may be written. */
const everyMs = 1_000
/** Kinds that are remembered; beyond it all are forgotten, which costs a burst for each. */
const kindLimit = 10_000

interface Kind {
  tokens: number
  filledAt: number
  suppressed: number
}

/** Ids, numbers and quoted texts are what differs between lines of one kind. */
const kindOf = (message: string): string =>
  message.slice(0, 200).replace(/[0-9a-f]{8}-[0-9a-f-]{27}|"[^"]*"|\S*\d\S*/gu, "#")

export class LogBounds {
  readonly #kinds = new Map<string, Kind>()

  /** Null: leave the line out. Otherwise write it; the number is how many of its kind were left out since the last that was written. */
  admit(tenantId: string, level: string, message: string, now: number): number | null {
    const key = `${tenantId} ${level} ${kindOf(message)}`
    let kind = this.#kinds.get(key)
    if (kind === undefined) {
      if (this.#kinds.size >= kindLimit) this.#kinds.clear()
      kind = { tokens: burst, filledAt: now, suppressed: 0 }
      this.#kinds.set(key, kind)
    }
    const passedMs = Math.max(0, now - kind.filledAt)
    kind.tokens = Math.min(burst, kind.tokens + passedMs / everyMs)
    kind.filledAt = now
    if (kind.tokens < 1) {
      kind.suppressed += 1
      return null
    }
    kind.tokens -= 1
    const { suppressed } = kind
    kind.suppressed = 0
    return suppressed
  }
}
