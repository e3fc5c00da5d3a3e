/** Public names of facts about customers, and what their messages hold: never personal data. */
import { Schema } from "effect"
import { CorrelationId, CustomerId, EpochMillis, TenantId } from "../Ids.ts"
import { CustomerStatus, ProfileField } from "./Spec.ts"

export const CustomerTopic = Schema.Literals(["ops.customer.created", "ops.customer.updated", "ops.customer.erased"])
export type CustomerTopic = typeof CustomerTopic.Type

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
