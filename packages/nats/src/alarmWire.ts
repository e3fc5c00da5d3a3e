/** An alarm as it waits in the stream: the whole of it, since a schedule that fires keeps nothing but its body. */
import { ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import { Option, Schema } from "effect"

const AlarmText = Schema.fromJsonString(
  Schema.Struct({
    tenantId: TenantId,
    callId: ServiceCallId,
    revision: Schema.Int,
    dueAt: Schema.Int,
    target: Schema.String
  })
)
const decode = Schema.decodeUnknownOption(AlarmText)

export const alarmText = ({ callId, dueAt, revision, target, tenantId }: Alarm): string =>
  JSON.stringify({ tenantId, callId, revision, dueAt, target })

/** Undefined for what nobody here has written. */
export const readAlarm = (text: string): Alarm | undefined => Option.getOrUndefined(decode(text))

/** A revision is scheduled once: the server recognises a repeat by this. */
export const scheduleId = ({ callId, revision, tenantId }: Alarm): string => `${tenantId}/${callId}/${revision}`
