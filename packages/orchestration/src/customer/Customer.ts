/** The customer aggregate as one value: all that the writer knows of it. */
import type { CustomerCommand } from "@dueline/contracts/customer/Command"
import { CustomerEvent } from "@dueline/contracts/customer/Event"
import type { CustomerOutcome } from "@dueline/contracts/customer/Outcome"
import { CustomerInUse, type CustomerRejection } from "@dueline/contracts/customer/Rejection"
import type { CustomerId, StreamId } from "@dueline/contracts/Ids"
import { customerFree } from "@dueline/contracts/order/rules"
import type { Aggregate } from "../engine/Aggregate.ts"
import { decide } from "./decide.ts"
import { announce } from "./react.ts"
import { CustomerState, evolve, initial } from "./State.ts"

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
