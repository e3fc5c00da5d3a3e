/**
 * How fast a job may go: at its own rate while the writer answers at once, and ever slower while it does not, since then commands that somebody
 * waits for are queued. Halved after a step in which an answer took long, a quarter more after each in which none did.
 */

/** An answer that takes longer, in milliseconds, has waited behind others. */
export const slowMs = 250

export const makePace = () => {
  let share = 1
  let slowest = 0

  return {
    /** An item took so long. */
    spent: (ms: number): void => {
      slowest = Math.max(slowest, ms)
    },
    hindered: (): void => {
      slowest = Number.POSITIVE_INFINITY
    },
    /** Items in the next second, one at least; takes note of how the last step went. */
    rate: (wanted: number): number => {
      share = slowest > slowMs ? share / 2 : Math.min(1, share * 1.25)
      share = Math.max(share, 1 / wanted)
      slowest = 0
      return Math.max(1, Math.floor(wanted * share))
    }
  }
}
