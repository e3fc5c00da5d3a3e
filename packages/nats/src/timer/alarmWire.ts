/**
 * An alarm as it waits in the stream: the whole of it, since a schedule that fires keeps nothing but its body. And alarms as they go from
 * one process to another, many in one message.
 */
import { ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import { Option, Schema } from "effect"

const Waiting = Schema.Struct({
  tenantId: TenantId,
  callId: ServiceCallId,
  revision: Schema.Int,
  dueAt: Schema.Int,
  target: Schema.String
})
const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Waiting))
const decodeAll = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Array(Waiting)))

export const alarmText = ({ callId, dueAt, revision, target, tenantId }: Alarm): string =>
  JSON.stringify({ tenantId, callId, revision, dueAt, target })

/** Undefined for what nobody here has written. */
export const readAlarm = (text: string): Alarm | undefined => Option.getOrUndefined(decode(text))

export const alarmsText = (alarms: ReadonlyArray<string>): string => `[${alarms.join(",")}]`
export const readAlarms = (text: string): ReadonlyArray<Alarm> | undefined => Option.getOrUndefined(decodeAll(text))

/** A revision is scheduled once: the server recognises a repeat by this. */
export const scheduleId = ({ callId, revision, tenantId }: Alarm): string => `${tenantId}/${callId}/${revision}`
