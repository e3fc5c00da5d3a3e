/** What is refused of customers, as a problem. */
import {
  Conflict,
  Gone,
  Internal,
  NotFound,
  type PreconditionFailed,
  type Unavailable,
  type Unprocessable
} from "@dueline/contracts/api/ProblemError"
import type { CustomerRejection } from "@dueline/contracts/customer/Rejection"
import type { Refusal } from "@dueline/contracts/ports/Orchestrator"
import { Effect } from "effect"
import { keyReused, refusedAnewAnyway, refusedAnyway } from "../refusal.ts"
import { reject } from "../reject.ts"

type CustomerRefusal = Refusal<CustomerRejection>

export const customerNotFound = reject(NotFound, "customer_not_found", "Check the id and the tenant.")

export const customerErased = reject(
  Gone,
  "customer_erased",
  "Register a new customer: what was known of this one is gone for good."
)

/** Not the answer of an erased customer, who has an event that says so: this one's profile should be there. */
export const profileLost = reject(
  Internal,
  "profile_lost",
  "The profile is gone from the store, or damaged, though the customer was not erased: have it restored from a backup. `dueline verify` " +
    "finds every such customer. Orders and history are not touched."
)

const inUse = reject(
  Conflict,
  "customer_in_use",
  "Cancel or complete the customer's scheduled and confirmed orders first; list them with `?customerId=`."
)

export const refusedUpdate = (
  refusal: CustomerRefusal
): Effect.Effect<never, NotFound | Gone | Conflict | PreconditionFailed | Unprocessable | Unavailable> =>
  refusal._tag === "CustomerIsErased" ? customerErased : refusedErasure(refusal)

export const refusedErasure = (
  refusal: CustomerRefusal
): Effect.Effect<never, NotFound | Conflict | PreconditionFailed | Unprocessable | Unavailable> => {
  switch (refusal._tag) {
    case "CustomerNotFound":
      return customerNotFound
    case "CustomerInUse":
      return inUse
    case "CustomerIdTaken":
      return keyReused
    case "CustomerIsErased":
      return Effect.die(refusal)
    default:
      return refusedAnyway(refusal)
  }
}

/** A new customer can be refused for fewer reasons; any other is a fault of ours. */
export const refusedRegistration = (refusal: CustomerRefusal): Effect.Effect<never, Unprocessable | Unavailable> => {
  switch (refusal._tag) {
    case "CustomerIdTaken":
      return keyReused
    case "CustomerNotFound":
    case "CustomerIsErased":
    case "CustomerInUse":
      return Effect.die(refusal)
    default:
      return refusedAnewAnyway(refusal)
  }
}
