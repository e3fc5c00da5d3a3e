/** What the next decision needs to remember about a customer, and how facts change it. */
import { CorrelationId, EpochMillis } from "@dueline/contracts/Ids"
import type { CustomerEvent } from "@dueline/contracts/customer/Event"
import { Schema } from "effect"

const facts = {
  fingerprint: Schema.NullOr(Schema.String),
  correlationId: CorrelationId,
  createdAt: EpochMillis,
  updatedAt: EpochMillis
}

/** In snapshots too: a changed shape needs another `form` there. */
export const CustomerState = Schema.TaggedUnion({
  Unknown: {},
  Active: facts,
  Erased: { ...facts, erasedAt: EpochMillis }
})
export type CustomerState = typeof CustomerState.Type
export type Known = Exclude<CustomerState, { readonly _tag: "Unknown" }>

export const initial: CustomerState = { _tag: "Unknown" }

export const evolve = (state: CustomerState, event: CustomerEvent, at: EpochMillis): CustomerState => {
  if (event._tag === "CustomerRegistered") {
    const { fingerprint, origin, registeredAt } = event
    const { correlationId } = origin
    return { _tag: "Active", fingerprint, correlationId, createdAt: registeredAt, updatedAt: at }
  }
  if (state._tag === "Unknown") return state
  return event._tag === "CustomerErased"
    ? { ...state, _tag: "Erased", updatedAt: at, erasedAt: at }
    : { ...state, updatedAt: at }
}
