/**
 * The timer whose memory is the table: what it must ring for was written by the commit itself, so it forgets nothing when the process
 * does. It looks at bounded intervals, and sleeps until the next due time where that comes sooner.
 */
import { Backlog } from "@dueline/contracts/ports/Backlog"
import { type Alarm, Timer } from "@dueline/contracts/ports/Timer"
import { Clock, Effect, Layer } from "effect"

export interface PostgresTimerOptions {
  /** The longest time between two looks, which is also how late a call may be that was scheduled meanwhile. */
  readonly intervalMs: number
  /** How long a taken alarm is not given again: the time its command has to change the row. */
  readonly graceMs: number
}

/** Taken alarms that are remembered; more than these are never taken at once. */
const memory = 10_000

const nameOf = ({ callId, revision }: Alarm): string => `${callId} ${revision}`

/** Alarms given lately. The table still shows them until the writer has got round to them. */
class Taken {
  readonly #until = new Map<string, number>()

  forget(now: number): void {
    for (const [name, until] of this.#until) if (until <= now) this.#until.delete(name)
  }

  get size(): number {
    return this.#until.size
  }

  add(alarms: ReadonlyArray<Alarm>, until: number): ReadonlyArray<Alarm> {
    for (const alarm of alarms) this.#until.set(nameOf(alarm), until)
    return alarms
  }

  has(alarm: Alarm): boolean {
    return this.#until.has(nameOf(alarm))
  }
}

const make = (options: PostgresTimerOptions) =>
  Effect.gen(function* () {
    const backlog = yield* Backlog
    const taken = new Taken()
    const look = (limit: number) =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        taken.forget(now)
        const soon = yield* backlog.upcoming({
          before: now + options.intervalMs,
          after: null,
          limit: limit + taken.size + 1
        })
        const open = soon.filter((alarm) => !taken.has(alarm))
        const due = open.filter(({ dueAt }) => dueAt <= now).slice(0, Math.min(limit, memory - taken.size))
        const wait = Math.max(1, Math.min(options.intervalMs, (open[0]?.dueAt ?? Infinity) - now))
        return { due: taken.add(due, now + options.graceMs), wait }
      }).pipe(
        Effect.catch((error) =>
          Effect.logDebug("the timer cannot read the table", error).pipe(
            Effect.as({ due: [], wait: options.intervalMs })
          )
        )
      )
    const take = (limit: number): Effect.Effect<ReadonlyArray<Alarm>> =>
      Effect.flatMap(look(limit), ({ due, wait }) =>
        due.length > 0
          ? Effect.succeed(due)
          : Effect.andThen(
              Effect.sleep(wait),
              Effect.suspend(() => take(limit))
            )
      )
    return Timer.of({ arm: () => Effect.void, take })
  })

export const layer = (
  options: PostgresTimerOptions = { intervalMs: 1_000, graceMs: 5_000 }
): Layer.Layer<Timer, never, Backlog> => Layer.effect(Timer, make(options))
