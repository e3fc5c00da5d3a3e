/**
 * The timer of several processes: near alarms wait in this process's memory and fire to the millisecond; later ones are scheduled at
 * JetStream, which delivers them a little early to the process that serves the call's partition by then. A schedule fires up to 250 ms
 * late, more in a burst, and a newer revision that is armed while the older one fires cannot cancel it: so each revision has a schedule
 * of its own, a wake-up is a hint, and the writer decides whether it is current.
 *
 * When the server has lost everything, this process schedules its own alarms again, and the sweep finds those of other processes. While
 * the server is away, alarms wait in memory instead.
 */
import { type Alarm, Timer } from "@dueline/contracts/ports/Timer"
import { Clock, Effect, FiberSet } from "effect"
import { ScheduledAtBroker } from "./ScheduledAtBroker.ts"
import { Nats } from "../Nats.ts"
import { makeScheduleWriter } from "./ScheduleWriter.ts"
import { Topology } from "../Topology.ts"
import { type Ranks, consumeDue } from "./DueConsumer.ts"

export interface NatsTimerOptions {
  /** The memory of this process: fires to the millisecond what is armed in it. */
  readonly inner: Timer["Service"]
  readonly ranks: Ranks
  /** What is due within so many milliseconds never leaves the process. */
  readonly nearMs?: number
  /** Milliseconds before the due time at which the server is to speak. */
  readonly leadMs?: number
  /** Alarms further away than this (ms) are left to the sweep. */
  readonly horizonMs?: number
  /** Milliseconds after which what this process had when it died comes to the next. */
  readonly ackWaitMs?: number
  /** Wake-ups of one partition that may be with this process before their time. */
  readonly maxHeld?: number
  /** Alarms that may wait to be given to the server; more of them wait in memory. */
  readonly writeLimit?: number
  /** Alarms left with the server of which this process knows. */
  readonly remembered?: number
}

/** Milliseconds between two looks for what need not be remembered any more. */
const forgetMs = 5_000

/** Until the scope closes; what it was woken for and has not rung goes back to the server then. */
export const make = Effect.fnUntraced(function* (options: NatsTimerOptions) {
  const {
    ackWaitMs = 15_000,
    horizonMs = 600_000,
    inner,
    leadMs = 500,
    maxHeld = 1_000,
    nearMs = 1_500,
    ranks
  } = options
  const nats = yield* Nats
  const topology = yield* Topology
  const run = yield* FiberSet.makeRuntime<never>()
  const scheduled = new ScheduledAtBroker(options.remembered ?? 50_000)

  /** Back into memory, which forgets what is beyond its own horizon and leaves that to the sweep. */
  const keepHere = (alarms: ReadonlyArray<Alarm>) =>
    Effect.suspend(() => {
      for (const alarm of alarms) scheduled.remove(alarm)
      return inner.arm(alarms)
    })

  const writer = yield* makeScheduleWriter({
    nats,
    topology,
    leadMs,
    limit: options.writeLimit ?? 10_000,
    onFailed: keepHere
  })

  const arm = (alarms: ReadonlyArray<Alarm>): Effect.Effect<void> =>
    Clock.clockWith((clock) => {
      const now = clock.currentTimeMillisUnsafe()
      const near: Array<Alarm> = []
      const far: Array<Alarm> = []
      for (const alarm of alarms) {
        if (scheduled.isOutdated(alarm)) continue
        if (alarm.dueAt <= now + nearMs) near.push(alarm)
        else if (alarm.dueAt <= now + horizonMs && !scheduled.has(alarm)) {
          scheduled.add(alarm)
          far.push(alarm)
          continue
        }
        scheduled.supersede(alarm)
      }
      const refused = writer.write(far)
      if (refused.length > 0) {
        run(writer.warn("too many at once", refused.length))
        return keepHere([...near, ...refused])
      }
      return near.length === 0 ? Effect.void : inner.arm(near)
    })

  let rung: Array<Alarm> = []
  const armRung = Effect.suspend(() => {
    const alarms = rung
    rung = []
    return inner.arm(alarms)
  })

  const ring = (alarm: Alarm): boolean => {
    if (scheduled.isOutdated(alarm)) return false
    // Those that come in one piece from the socket are armed together.
    if (rung.push(alarm) === 1) run(Effect.andThen(Effect.yieldNow, armRung))
    return true
  }

  const take = (limit: number): Effect.Effect<ReadonlyArray<Alarm>> =>
    Effect.flatMap(inner.take(limit), (taken) => {
      const current = taken.filter((alarm) => !scheduled.isOutdated(alarm))
      return current.length > 0 ? Effect.succeed(current) : take(limit)
    })

  topology.onLost((which) => {
    if (which !== "due") return
    run(Effect.flatMap(Clock.currentTimeMillis, (now) => arm(scheduled.takeBack(now))))
  })
  yield* consumeDue({ nats, topology, ranks, leadMs, ackWaitMs, maxHeld, ring })
  const forget = Effect.map(Clock.currentTimeMillis, (now) => scheduled.forget(now))
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(forgetMs), forget)))
  return Timer.of({ arm, take })
})
