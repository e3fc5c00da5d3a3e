/** Public names of facts about customers, and what their messages hold: never personal data. */
import { Schema } from "effect"
import { CorrelationId, CustomerId, EpochMillis, TenantId } from "../Ids.ts"
import { common, ids, minutesLater, topic } from "../topics/topic.ts"
import { CustomerStatus, ProfileField } from "./Customer.ts"

/** Version 1 of the message on every `ops.customer.*` topic. */
export const CustomerChanged = Schema.Struct({
  schemaVersion: Schema.Literal(1),
  tenantId: TenantId,
  customerId: CustomerId,
  /** The stream's version, so that a reader can tell which message is newer. */
  version: Schema.Int,
  status: CustomerStatus,
  /** Which parts of the profile there are now (created) or are different (updated); their contents never leave. */
  fields: Schema.Array(ProfileField),
  occurredAt: EpochMillis,
  correlationId: CorrelationId
}).annotate({ identifier: "CustomerChanged" })
export type CustomerChanged = typeof CustomerChanged.Type

const created: CustomerChanged = {
  ...common,
  customerId: ids.customerId,
  version: 1,
  status: "Active",
  fields: ["name", "email"],
  occurredAt: minutesLater(0)
}

const later = (version: number, minutes: number, changes: Partial<CustomerChanged>): CustomerChanged => ({
  ...created,
  version,
  occurredAt: minutesLater(minutes),
  ...changes
})

export const customerTopics = {
  "ops.customer.created": topic(CustomerChanged, "A customer was registered.", created),
  "ops.customer.updated": topic(
    CustomerChanged,
    "Parts of a customer's profile changed.",
    later(2, 10, { fields: ["phone"] })
  ),
  "ops.customer.erased": topic(
    CustomerChanged,
    "A customer was erased: the profile cannot be read any more, by anybody.",
    later(3, 99 * 60, { status: "Erased", fields: [] })
  )
} as const

export type CustomerTopic = keyof typeof customerTopics
