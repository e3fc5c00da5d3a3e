/** The Timer of the embedded default: alarms inside a horizon wait in memory and fire to the millisecond, never too early. */
import { type Alarm, Timer } from "@dueline/contracts/ports/Timer"
import { Clock, Deferred, Effect, Layer } from "effect"
import { AlarmHeap } from "./AlarmHeap.ts"

export interface MemoryTimerOptions {
  /** Alarms further away than this are left to the sweep. */
  readonly horizonMs: number
  /** Alarms held at the most, and of one tenant as many as there is room left; the rest are left to the sweep too. */
  readonly alarmLimit: number
  /** How long before their due time alarms fire, in milliseconds, so that what is needed for the call can be prepared. Default 0. */
  readonly leadMs?: number
}

export const defaultMemoryTimerOptions: MemoryTimerOptions = { horizonMs: 60_000, alarmLimit: 200_000 }

/** A taker that waits until `wakeAt` unless an earlier alarm comes. */
interface Sleeper {
  readonly wakeAt: number
  readonly wake: Deferred.Deferred<void>
}

export const make = ({ leadMs = 0, ...options }: MemoryTimerOptions) =>
  Effect.sync(() => {
    const heap = new AlarmHeap()
    const sleepers = new Set<Sleeper>()

    /** A tenant may have as many alarms here as there is room left, so that none fills it alone. */
    const hasRoom = (alarm: Alarm) => heap.sizeOf(alarm.tenantId) < options.alarmLimit - heap.size || heap.has(alarm)

    const arm = (alarms: ReadonlyArray<Alarm>) =>
      Clock.clockWith((clock) =>
        Effect.sync(() => {
          const now = clock.currentTimeMillisUnsafe()
          let earliest = Number.POSITIVE_INFINITY
          for (const alarm of alarms) {
            if (alarm.dueAt > now + options.horizonMs || !hasRoom(alarm)) continue
            // One that was known and is overdue wakes too: the clock may have been set forward under a sleeper.
            if (heap.add(alarm) || alarm.dueAt - leadMs <= now) earliest = Math.min(earliest, alarm.dueAt - leadMs)
          }
          for (const { wake, wakeAt } of [...sleepers]) {
            if (earliest < wakeAt || earliest <= now) Deferred.doneUnsafe(wake, Effect.void)
          }
        })
      )

    const sleep = (now: number) =>
      Effect.suspend(() => {
        const wakeAt = (heap.earliest ?? Number.POSITIVE_INFINITY) - leadMs
        const sleeper = { wakeAt, wake: Deferred.makeUnsafe<void>() }
        sleepers.add(sleeper)
        const woken = Deferred.await(sleeper.wake)
        // A machine's timer may ring up to two milliseconds early; the caller looks at the clock again, so that costs a turn and no more.
        const either = wakeAt === Number.POSITIVE_INFINITY ? woken : Effect.raceFirst(woken, Effect.sleep(wakeAt - now))
        return Effect.ensuring(
          either,
          Effect.sync(() => sleepers.delete(sleeper))
        )
      })

    const take = (limit: number): Effect.Effect<ReadonlyArray<Alarm>> =>
      Effect.gen(function* () {
        while (true) {
          const now = yield* Clock.currentTimeMillis
          const due = heap.take(now + leadMs, limit)
          if (due.length > 0) return due
          yield* sleep(now)
        }
      })

    return { timer: Timer.of({ arm, take }), size: () => heap.size }
  })

export const layer = (options: Partial<MemoryTimerOptions> = {}) =>
  Layer.effect(
    Timer,
    Effect.map(make({ ...defaultMemoryTimerOptions, ...options }), ({ timer }) => timer)
  )
