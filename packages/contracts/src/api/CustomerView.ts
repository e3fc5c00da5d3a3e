/** What is answered about customers. */
import { Schema } from "effect"
import { CustomerProfile, CustomerStatus } from "../customer/Spec.ts"
import { CorrelationId, CustomerId } from "../Ids.ts"
import { NextCursor } from "./conventions.ts"
import { Timestamp, Version } from "./Wire.ts"

const state = {
  id: CustomerId,
  status: CustomerStatus,
  createdAt: Timestamp,
  updatedAt: Timestamp,
  version: Version,
  links: Schema.Struct({ self: Schema.String })
}

/** The answer to a command: follows from its outcome alone, so that a repeat is answered with the same bytes. Kept, so without profile. */
export const CustomerState = Schema.Struct(state).annotate({ identifier: "CustomerState" })
export type CustomerState = typeof CustomerState.Type

const summary = { ...state, erasedAt: Schema.NullOr(Timestamp), correlationId: CorrelationId }

/** As lists show it: without personal data. */
export const CustomerSummary = Schema.Struct(summary).annotate({ identifier: "CustomerSummary" })
export type CustomerSummary = typeof CustomerSummary.Type

export const Customer = Schema.Struct({
  ...summary,
  profile: Schema.NullOr(CustomerProfile).annotate({
    description: "Null when a past state is asked for: personal data has no history"
  })
}).annotate({ identifier: "Customer" })
export type Customer = typeof Customer.Type

export const CustomerPage = Schema.Struct({ items: Schema.Array(CustomerSummary), nextCursor: NextCursor }).annotate({
  identifier: "CustomerPage"
})
