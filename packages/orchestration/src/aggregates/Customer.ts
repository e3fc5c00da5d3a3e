/**
 * The customer aggregate: its state, what happens when something is asked of it, and what it announces: that something changed, never what.
 */
import {
  type CustomerChanged,
  type CustomerCommand,
  CustomerEvent,
  CustomerIdTaken,
  CustomerInUse,
  CustomerIsErased,
  CustomerNotFound,
  type CustomerOutcome,
  type CustomerRejection,
  type CustomerTopic
} from "@dueline/contracts/customer/Customer"
import { CorrelationId, type CustomerId, EpochMillis, type StreamId } from "@dueline/contracts/Ids"
import { customerFree } from "@dueline/contracts/order/Order"
import { Result, Schema } from "effect"
import type { Aggregate, Stamp } from "../engine/Aggregate.ts"

const facts = {
  fingerprint: Schema.NullOr(Schema.String),
  correlationId: CorrelationId,
  createdAt: EpochMillis,
  updatedAt: EpochMillis
}

/** In snapshots too: a changed shape needs another `form` there. */
const CustomerState = Schema.TaggedUnion({
  Unknown: {},
  Active: facts,
  Erased: { ...facts, erasedAt: EpochMillis }
})
type CustomerState = typeof CustomerState.Type

const initial: CustomerState = { _tag: "Unknown" }

/** Total: an event that does not apply changes nothing. */
const evolve = (state: CustomerState, event: CustomerEvent, at: EpochMillis): CustomerState => {
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

type Decision = Result.Result<ReadonlyArray<CustomerEvent>, CustomerRejection>

const nothing: Decision = Result.succeed([])
const one = (event: CustomerEvent): Decision => Result.succeed([event])

/** Asking twice for the same thing decides nothing the second time. */
const decide = (command: CustomerCommand, state: CustomerState): Decision => {
  const { customerId } = command
  switch (command._tag) {
    case "RegisterCustomer": {
      const { at, fields, fingerprint, origin } = command
      if (state._tag === "Unknown") {
        return one({ _tag: "CustomerRegistered", fields, registeredAt: at, fingerprint, origin })
      }
      return state.fingerprint === fingerprint ? nothing : Result.fail(new CustomerIdTaken({ customerId }))
    }
    case "UpdateCustomer":
      if (state._tag === "Unknown") return Result.fail(new CustomerNotFound({ customerId }))
      if (state._tag === "Erased") return Result.fail(new CustomerIsErased({ customerId }))
      return command.fields.length === 0 ? nothing : one({ _tag: "CustomerUpdated", fields: command.fields })
    case "EraseCustomer":
      if (state._tag === "Unknown") return Result.fail(new CustomerNotFound({ customerId }))
      return state._tag === "Erased" ? nothing : one({ _tag: "CustomerErased" })
  }
}

const topics: Readonly<Record<CustomerEvent["_tag"], CustomerTopic>> = {
  CustomerRegistered: "ops.customer.created",
  CustomerUpdated: "ops.customer.updated",
  CustomerErased: "ops.customer.erased"
}

/** The public message of each fact: that something changed, never what. */
const announce = (
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

export const Customer: Aggregate<CustomerCommand, CustomerState, CustomerEvent, CustomerRejection, CustomerOutcome> = {
  category: "customer",
  event: CustomerEvent,
  upcasters: {},
  snapshot: { form: 1, state: CustomerState },
  streamOf: ({ customerId }) => customerId as string as StreamId,
  opens: ({ _tag }) => _tag === "RegisterCustomer",
  ended: ({ _tag }) => _tag === "Erased",
  initial,
  correlation: (state) => (state._tag === "Unknown" ? null : state.correlationId),
  evolve,
  decide,
  respond: ({ _tag, customerId }, after) => {
    if (after._tag === "Unknown") throw new Error(`an accepted ${_tag} left no customer behind`)
    const { _tag: status, createdAt, updatedAt } = after
    return { _tag: "CustomerAccepted", customerId, status, createdAt, updatedAt }
  },
  // The profile is the attachment: sealed, outside the history, and gone with the customer.
  attachment: (command, before, after) => {
    if (after._tag === "Erased") return null
    return command._tag === "EraseCustomer" ? before : command.sealed
  },
  ruled: false,
  requires: (events, _after, { customerId }) =>
    events.some(({ _tag }) => _tag === "CustomerErased") ? [customerFree(customerId)] : [],
  refuse: (rule, { customerId }) => (rule === "customer_in_use" ? new CustomerInUse({ customerId }) : null),
  project: (after, { at, streamId, tenantId, version }) => {
    if (after._tag === "Unknown") return null
    const { _tag: status, correlationId, createdAt } = after
    const erasedAt = after._tag === "Erased" ? after.erasedAt : null
    return {
      _tag: "CustomerRow",
      tenantId,
      customerId: streamId as string as CustomerId,
      version,
      status,
      createdAt,
      updatedAt: at,
      erasedAt,
      correlationId
    }
  },
  announce: (event, after, stamp, { customerId }) => announce(event, after, stamp, customerId),
  intend: () => []
}
