/** What the world hears of facts about a customer: that something changed, never what. */
import type { CustomerId } from "@dueline/contracts/Ids"
import type { CustomerEvent } from "@dueline/contracts/customer/Event"
import type { CustomerChanged, CustomerTopic } from "@dueline/contracts/customer/Topic"
import type { Stamp } from "../engine/Aggregate.ts"
import type { CustomerState } from "./State.ts"

const topics: Readonly<Record<CustomerEvent["_tag"], CustomerTopic>> = {
  CustomerRegistered: "ops.customer.created",
  CustomerUpdated: "ops.customer.updated",
  CustomerErased: "ops.customer.erased"
}

export const announce = (
  event: CustomerEvent,
  after: CustomerState,
  { at, tenantId, version }: Stamp,
  customerId: CustomerId
): { readonly topic: CustomerTopic; readonly payload: CustomerChanged } | null => {
  if (after._tag === "Unknown") return null
  const payload: CustomerChanged = {
    schemaVersion: 1,
    tenantId,
    customerId,
    version,
    status: after._tag,
    fields: event._tag === "CustomerErased" ? [] : event.fields,
    occurredAt: at,
    correlationId: after.correlationId
  }
  return { topic: topics[event._tag], payload }
}
