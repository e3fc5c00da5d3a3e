/**
 * Alarms for calls of other partitions: what the sweep finds goes to the process that serves the call's partition, to wait in its memory.
 * One that gets lost on the way is found by the next sweep.
 */
import type { Alarm, Timer } from "@dueline/contracts/ports/Timer"
import { Effect, FiberSet, Option, Schema } from "effect"
import { Members } from "../members/Members.ts"
import { Nats } from "../Nats.ts"
import { alarmPartition } from "../Subjects.ts"
import { TurnBatcher, TurnBatchers } from "../TurnBatcher.ts"
import { AlarmJson, alarmText } from "./ScheduleWriter.ts"

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Array(AlarmJson)))

/** Many in one message. */
export const alarmsText = (alarms: ReadonlyArray<string>): string => `[${alarms.join(",")}]`
export const readAlarms = (text: string): ReadonlyArray<Alarm> | undefined => Option.getOrUndefined(decode(text))

export interface RemoteAlarmsOptions {
  /** The memory of this process, for its own partitions; null in a process without an orchestrator. */
  readonly local: Timer["Service"] | null
}

/** A Timer whose `arm` reaches the owner of each call; `take` gives what is due in this process. */
export const make = Effect.fnUntraced(function* (options: RemoteAlarmsOptions) {
  const { local } = options
  const { connection, prefix } = yield* Nats
  const members = yield* Members
  const run = yield* FiberSet.makeRuntime<never>()
  const orchestrators = new TurnBatchers(
    (id) =>
      new TurnBatcher(run, (alarms) => {
        if (!connection.isClosed()) connection.publish(`${prefix}.alarm.${id}`, alarmsText(alarms))
      })
  )
  members.onChange(({ id, kind }) => {
    if (kind !== "joined") orchestrators.forget(id)
  })

  const arm = (alarms: ReadonlyArray<Alarm>): Effect.Effect<void> =>
    Effect.suspend(() => {
      const mine: Array<Alarm> = []
      for (const alarm of alarms) {
        const owner = members.ranking(alarmPartition(alarm))[0]
        if (owner === members.id || (owner === undefined && local !== null)) mine.push(alarm)
        else if (owner !== undefined) orchestrators.to(owner).add(alarmText(alarm))
      }
      return local === null || mine.length === 0 ? Effect.void : local.arm(mine)
    })

  if (local !== null) {
    const subscription = connection.subscribe(`${prefix}.alarm.${members.id}`, {
      callback: (_, message) => {
        const alarms = readAlarms(message.string())
        if (alarms !== undefined) run(local.arm(alarms))
      }
    })
    yield* Effect.addFinalizer(() => Effect.sync(() => subscription.unsubscribe()))
  }
  const alarms: Timer["Service"] = { arm, take: (limit) => (local === null ? Effect.never : local.take(limit)) }
  return alarms
})
