/** A message of the bus on the wire: what it is about in headers, its payload as JSON. */
import { StreamId, TenantId } from "@dueline/contracts/Ids"
import type { BusMessage } from "@dueline/contracts/ports/EventBus"
import type { JsMsg } from "@nats-io/jetstream"
import { headers, type MsgHdrs } from "@nats-io/nats-core"
import { Schema } from "effect"

const names = { event: "Dueline-Event", tenant: "Dueline-Tenant", stream: "Dueline-Stream", topic: "Dueline-Topic" }

const isTenant = Schema.is(TenantId)
const isStream = Schema.is(StreamId)

/** What JetStream recognises a repeat by. */
export const messageId = ({ eventId, tenantId }: BusMessage): string => `${tenantId}/${eventId}`

/** New ones for every attempt: publishing writes into them. */
export const eventHeaders = ({ eventId, streamId, tenantId, topic }: BusMessage): MsgHdrs => {
  const written = headers()
  written.set(names.event, eventId)
  written.set(names.tenant, tenantId)
  written.set(names.stream, streamId)
  written.set(names.topic, topic)
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
    return { eventId, tenantId, streamId, topic, payload: JSON.parse(new TextDecoder().decode(data)) }
  } catch {
    return undefined
  }
}
