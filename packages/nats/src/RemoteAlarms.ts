/**
 * Alarms for calls of other partitions: what the sweep finds goes to the process that serves the call's partition, to wait in its memory.
 * One that gets lost on the way is found by the next sweep.
 */
import { ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import { partitionOf, rendezvous } from "@dueline/contracts/partition"
import type { Alarm, Timer } from "@dueline/contracts/ports/Timer"
import { Effect, FiberSet, Option, Schema } from "effect"
import { Members } from "./Members.ts"
import { Nats } from "./Nats.ts"
import { Outgoing } from "./Outgoing.ts"

export interface RemoteAlarmsOptions {
  /** The memory of this process, for its own partitions; null in a process without an orchestrator. */
  readonly local: Timer["Service"] | null
}

const Alarms = Schema.fromJsonString(
  Schema.Array(
    Schema.Struct({
      tenantId: TenantId,
      callId: ServiceCallId,
      revision: Schema.Int,
      dueAt: Schema.Int,
      target: Schema.String
    })
  )
)
const decode = Schema.decodeUnknownOption(Alarms)

/** A Timer whose `arm` reaches the owner of each call; `take` gives what is due in this process. */
export const make = Effect.fnUntraced(function* (options: RemoteAlarmsOptions) {
  const { local } = options
  const { connection, prefix } = yield* Nats
  const members = yield* Members
  const run = yield* FiberSet.makeRuntime<never>()
  const outgoing = new Map<string, Outgoing>()

  const outgoingTo = (id: string): Outgoing => {
    const known = outgoing.get(id)
    if (known !== undefined) return known
    const made = new Outgoing(run, (alarms) => {
      if (!connection.isClosed()) connection.publish(`${prefix}.alarm.${id}`, `[${alarms.join(",")}]`)
    })
    outgoing.set(id, made)
    return made
  }
  members.onChange(({ id, kind }) => {
    if (kind !== "joined") outgoing.delete(id)
  })

  const arm = (alarms: ReadonlyArray<Alarm>): Effect.Effect<void> =>
    Effect.suspend(() => {
      const there = members.withRole("orchestrator")
      const mine: Array<Alarm> = []
      for (const alarm of alarms) {
        const owner = rendezvous(partitionOf(alarm.tenantId, alarm.callId), there)[0]
        if (owner === members.id || (owner === undefined && local !== null)) mine.push(alarm)
        else if (owner !== undefined) outgoingTo(owner).add(JSON.stringify(alarm))
      }
      return local === null || mine.length === 0 ? Effect.void : local.arm(mine)
    })

  if (local !== null) {
    const subscription = connection.subscribe(`${prefix}.alarm.${members.id}`, {
      callback: (_, message) => {
        const alarms = decode(message.string())
        if (Option.isSome(alarms)) run(local.arm(alarms.value))
      }
    })
    yield* Effect.addFinalizer(() => Effect.sync(() => subscription.unsubscribe()))
  }
  const alarms: Timer["Service"] = { arm, take: (limit) => (local === null ? Effect.never : local.take(limit)) }
  return alarms
})
