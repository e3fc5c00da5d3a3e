/** How long to wait before something is tried again: twice as long after every failure, up to a bound, spread by ±20 %. */
import { Effect, Random, Schedule } from "effect"

export interface Backoff {
  /** Milliseconds after the first failure. */
  readonly initialMs: number
  /** Milliseconds that no delay exceeds. */
  readonly maxMs: number
}

/** What the outbox, the bus and the dispatcher use: 100 ms to 10 s. */
export const defaultBackoff: Backoff = { initialMs: 100, maxMs: 10_000 }

const jitter = 0.2

/** Milliseconds after the `failures`-th failure in a row (1 for the first), without any spread: `multiplier` times as long after each. */
export const exponentialMs = ({ initialMs, maxMs }: Backoff, failures: number, multiplier = 2): number =>
  Math.min(maxMs, initialMs * multiplier ** Math.min(failures - 1, 1_000))

/** Whole milliseconds to wait after the `failures`-th failure in a row (1 for the first). The spread keeps many from returning at once. */
export const backoff = (bounds: Backoff, failures: number): Effect.Effect<number> =>
  Effect.map(Random.next, (roll) => {
    const steady = exponentialMs(bounds, failures)
    return Math.min(bounds.maxMs, Math.round(steady * (1 - jitter + 2 * jitter * roll)))
  })

/** The same delays as a schedule for `Effect.retry`. It never ends. */
export const backoffSchedule = (between: Backoff): Schedule.Schedule<number> =>
  Schedule.forever.pipe(Schedule.modifyDelay(({ attempt }) => backoff(between, attempt)))
