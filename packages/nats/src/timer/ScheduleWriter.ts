/**
 * Alarms as scheduled messages of the server: their text, and the queue that publishes them. Publishing is concurrent, the queue is
 * bounded, and arming an alarm does not wait for it; what the server does not take is handed back.
 */
import { ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import { Flow } from "@dueline/contracts/serviceCall/Spec"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import { Effect, Option, Queue, Schema } from "effect"
import { throttledWarning } from "../retryForever.ts"
import type { Nats } from "../Nats.ts"
import { dueSubject, scheduleSubject } from "../Subjects.ts"
import type { Topology } from "../Topology.ts"

/** The whole of an alarm, since a schedule that fires keeps nothing but its body. */
export const AlarmJson = Schema.Struct({
  tenantId: TenantId,
  callId: ServiceCallId,
  revision: Schema.Int,
  dueAt: Schema.Int,
  target: Schema.String,
  tags: Schema.optionalKey(Schema.Array(Schema.String)),
  flow: Schema.optionalKey(Flow)
})
const decode = Schema.decodeUnknownOption(Schema.fromJsonString(AlarmJson))

export const alarmText = ({ callId, dueAt, flow, revision, tags, target, tenantId }: Alarm): string =>
  JSON.stringify({ tenantId, callId, revision, dueAt, target, tags, flow })

/** Undefined for a text that this program does not write. */
export const readAlarm = (text: string): Alarm | undefined => Option.getOrUndefined(decode(text))

/** A revision is scheduled once: the server recognises a repeat by this. */
const scheduleId = ({ callId, revision, tenantId }: Alarm): string => `${tenantId}/${callId}/${revision}`

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
  const warn = throttledWarning("alarms could not be left with NATS; they wait in memory, or for the sweep")

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
    yield* warn(reason, failed.length)
  })
  yield* Effect.forkScoped(Effect.forever(round))

  const write = (alarms: ReadonlyArray<Alarm>): ReadonlyArray<Alarm> =>
    alarms.filter((alarm) => !Queue.offerUnsafe(waiting, alarm))
  return { write, warn }
})
