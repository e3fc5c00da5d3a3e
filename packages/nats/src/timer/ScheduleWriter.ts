/**
 * Gives alarms to the server as scheduled messages: many at once, never more than so many waiting, and whoever arms waits for nothing.
 * What cannot be given is handed back.
 */
import type { Alarm } from "@dueline/contracts/ports/Timer"
import { Effect, Queue } from "effect"
import { alarmText, scheduleId } from "./alarmWire.ts"
import { makeComplain } from "../retryForever.ts"
import type { Nats } from "../Nats.ts"
import { dueSubject, scheduleSubject } from "../Subjects.ts"
import type { Topology } from "../Topology.ts"

export interface ScheduleWriterOptions {
  readonly nats: Nats["Service"]
  readonly topology: Topology["Service"]
  /** Milliseconds before the due time at which the server is to speak. */
  readonly leadMs: number
  /** Alarms that may wait to be given. */
  readonly limit: number
  /** Gets back what the server did not take. */
  readonly onFailed: (alarms: ReadonlyArray<Alarm>) => Effect.Effect<void>
}

/** On the wire at the same time. */
const batch = 256

/** `write` takes what there is room for and answers the rest. */
export const makeScheduleWriter = Effect.fnUntraced(function* (options: ScheduleWriterOptions) {
  const { leadMs, limit, nats, onFailed, topology } = options
  const waiting = yield* Queue.dropping<Alarm>(limit)
  const complain = makeComplain("alarms could not be left with NATS; they wait in memory, or for the sweep")

  const give = (alarm: Alarm) =>
    topology.publishing(
      nats.request(() =>
        nats.jetstream.publish(scheduleSubject(nats.prefix, alarm), alarmText(alarm), {
          msgID: scheduleId(alarm),
          timeout: 5_000,
          schedule: {
            specification: { at: new Date(alarm.dueAt - leadMs) },
            target: dueSubject(nats.prefix, alarm)
          }
        })
      )
    )

  const round = Effect.gen(function* () {
    const alarms = yield* Queue.takeBetween(waiting, 1, batch)
    const failed: Array<Alarm> = []
    let reason: unknown
    yield* Effect.forEach(
      alarms,
      (alarm) =>
        Effect.catch(give(alarm), (error) => {
          reason = error._tag === "NatsFailed" ? error.cause : error
          failed.push(alarm)
          return Effect.void
        }),
      { concurrency: "unbounded", discard: true }
    )
    if (failed.length === 0) return
    yield* onFailed(failed)
    yield* complain(reason, failed.length)
  })
  yield* Effect.forkScoped(Effect.forever(round))

  const write = (alarms: ReadonlyArray<Alarm>): ReadonlyArray<Alarm> =>
    alarms.filter((alarm) => !Queue.offerUnsafe(waiting, alarm))
  return { write, complain }
})
