/** What an accepted command about a customer is answered with. Kept in the receipt, so it holds no personal data. */
import { Schema } from "effect"
import { CustomerId, EpochMillis } from "../Ids.ts"
import { CustomerStatus } from "./Spec.ts"

export const CustomerOutcome = Schema.TaggedUnion({
  CustomerAccepted: {
    customerId: CustomerId,
    status: CustomerStatus,
    createdAt: EpochMillis,
    updatedAt: EpochMillis
  }
})
export type CustomerOutcome = typeof CustomerOutcome.Type
