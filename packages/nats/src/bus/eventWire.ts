/** A message of the bus on the wire: what it is about in headers, its payload as JSON. */
import { StreamId, TenantId } from "@dueline/contracts/Ids"
import { type BusMessage, publicationId } from "@dueline/contracts/ports/EventBus"
import { readTraceparent } from "@dueline/contracts/telemetry/Tracing"
import type { JsMsg } from "@nats-io/jetstream"
import { headers, type MsgHdrs } from "@nats-io/nats-core"
import { Schema } from "effect"

const names = { event: "Dueline-Event", tenant: "Dueline-Tenant", stream: "Dueline-Stream", topic: "Dueline-Topic" }
/** Of a dead letter that is brought once more: for which group, and which time that is. Programs of before 0.2 pass over them. */
const replayNames = { group: "Dueline-Replay-Group", replay: "Dueline-Replay" }
/** Under the name that others know it by. */
const traceName = "traceparent"

const isTenant = Schema.is(TenantId)
const isStream = Schema.is(StreamId)

/** What JetStream recognises a repeat by. */
export const messageId = publicationId

/** New ones for every attempt: publishing writes into them. */
export const eventHeaders = ({ eventId, redelivery, streamId, tenantId, topic, traceparent }: BusMessage): MsgHdrs => {
  const written = headers()
  written.set(names.event, eventId)
  written.set(names.tenant, tenantId)
  written.set(names.stream, streamId)
  written.set(names.topic, topic)
  if (redelivery !== undefined) {
    written.set(replayNames.group, redelivery.group)
    written.set(replayNames.replay, String(redelivery.replay))
  }
  if (traceparent !== undefined) written.set(traceName, traceparent)
  return written
}

export const eventBody = ({ payload }: BusMessage): string => JSON.stringify(payload ?? null)

/** Undefined for a message that this program does not write. */
export const readEvent = ({ data, headers: found }: Pick<JsMsg, "data" | "headers">): BusMessage | undefined => {
  const [eventId = "", tenantId, streamId, topic = ""] = [names.event, names.tenant, names.stream, names.topic].map(
    (name) => found?.get(name)
  )
  if (eventId === "" || topic === "" || !isTenant(tenantId) || !isStream(streamId)) return undefined
  try {
    const payload: unknown = JSON.parse(new TextDecoder().decode(data))
    const replay = found?.get(replayNames.replay) ?? ""
    const redelivery = { group: found?.get(replayNames.group) ?? "", replay: Number(replay) }
    const traceparent = readTraceparent(found?.get(traceName))
    return {
      eventId,
      tenantId,
      streamId,
      topic,
      payload,
      ...(/^\d{1,9}$/u.test(replay) ? { redelivery } : {}),
      ...(traceparent === null ? {} : { traceparent })
    }
  } catch {
    return undefined
  }
}
