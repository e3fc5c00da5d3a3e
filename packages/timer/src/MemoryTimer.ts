/** The Timer of the embedded default: alarms inside a horizon wait in memory and fire to the millisecond, never early. */
import { type Alarm, Timer } from "@dueline/contracts/ports/Timer"
import { Clock, Deferred, Effect, Layer } from "effect"
import { AlarmHeap } from "./AlarmHeap.ts"

export interface MemoryTimerOptions {
  /** Alarms further away than this are left to the sweep. */
  readonly horizonMs: number
  /** Alarms held at the most; the rest are left to the sweep too. */
  readonly alarmLimit: number
}

export const defaultMemoryTimerOptions: MemoryTimerOptions = { horizonMs: 60_000, alarmLimit: 200_000 }

export const make = (options: MemoryTimerOptions) =>
  Effect.sync(() => {
    const heap = new AlarmHeap()
    /** Set while someone sleeps until `wakeAt`; completed when an earlier alarm comes. */
    let sleeper: { readonly wakeAt: number; readonly wake: Deferred.Deferred<void> } | null = null

    const arm = (alarms: ReadonlyArray<Alarm>) =>
      Clock.clockWith((clock) =>
        Effect.sync(() => {
          const horizon = clock.currentTimeMillisUnsafe() + options.horizonMs
          let earliest = Number.POSITIVE_INFINITY
          for (const alarm of alarms) {
            if (alarm.dueAt > horizon || heap.size >= options.alarmLimit) continue
            if (heap.add(alarm) && alarm.dueAt < earliest) earliest = alarm.dueAt
          }
          if (sleeper !== null && earliest < sleeper.wakeAt) Deferred.doneUnsafe(sleeper.wake, Effect.void)
        })
      )

    const sleep = (now: number) =>
      Effect.suspend(() => {
        const wakeAt = heap.earliest ?? Number.POSITIVE_INFINITY
        const wake = Deferred.makeUnsafe<void>()
        sleeper = { wakeAt, wake }
        const woken = Deferred.await(wake)
        // A machine's timer may ring up to two milliseconds early; the caller looks at the clock again, so that costs a turn and no more.
        return wakeAt === Number.POSITIVE_INFINITY ? woken : Effect.raceFirst(woken, Effect.sleep(wakeAt - now))
      })

    const take = (limit: number): Effect.Effect<ReadonlyArray<Alarm>> =>
      Effect.gen(function* () {
        while (true) {
          const now = yield* Clock.currentTimeMillis
          const due = heap.take(now, limit)
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
