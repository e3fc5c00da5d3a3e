/** How long to wait before something is tried again: twice as long after every failure, up to a bound, spread by ±20 %. */
import { Effect, Random } from "effect"

export interface Backoff {
  /** Milliseconds after the first failure. */
  readonly initialMs: number
  /** Milliseconds that no delay exceeds. */
  readonly maxMs: number
}

/** What the outbox, the bus and the dispatcher use: 100 ms to 10 s. */
export const defaultBackoff: Backoff = { initialMs: 100, maxMs: 10_000 }

const jitter = 0.2

/** Whole milliseconds to wait after the `failures`-th failure in a row (1 for the first). The spread keeps many from returning at once. */
export const backoff = ({ initialMs, maxMs }: Backoff, failures: number): Effect.Effect<number> =>
  Effect.map(Random.next, (roll) => {
    const steady = Math.min(maxMs, initialMs * 2 ** Math.min(failures - 1, 30))
    return Math.min(maxMs, Math.round(steady * (1 - jitter + 2 * jitter * roll)))
  })
