/** Why the answer to a command about a customer is no. Nothing was stored. */
import { Schema } from "effect"
import { CustomerId } from "../Ids.ts"

const about = { customerId: CustomerId }

export class CustomerNotFound extends Schema.TaggedError<CustomerNotFound>()("CustomerNotFound", about) {}

/** The id was derived from a key that once named another request. */
export class CustomerIdTaken extends Schema.TaggedError<CustomerIdTaken>()("CustomerIdTaken", about) {}

/** What was asked needs a customer that is still known. */
export class CustomerIsErased extends Schema.TaggedError<CustomerIsErased>()("CustomerIsErased", about) {}

/** There are scheduled or confirmed orders for the customer: they have to be cancelled or completed first. */
export class CustomerInUse extends Schema.TaggedError<CustomerInUse>()("CustomerInUse", about) {}

export const CustomerRejection = Schema.Union([CustomerNotFound, CustomerIdTaken, CustomerIsErased, CustomerInUse])
export type CustomerRejection = typeof CustomerRejection.Type

/** The problems that the API tells of customers alone, by code. Codes are never renamed or reused. */
export const customerProblems = {
  customer_in_use: { status: 409, title: "There are scheduled or confirmed orders for the customer." },
  customer_unfit: { status: 409, title: "The customer cannot be named here." },
  customer_erased: { status: 410, title: "The customer was erased." },
  profile_lost: { status: 500, title: "The customer's profile is lost." }
} as const
