/** What happens when something is asked of a customer. */
import type { CustomerCommand } from "@dueline/contracts/customer/Command"
import type { CustomerEvent } from "@dueline/contracts/customer/Event"
import {
  CustomerIdTaken,
  CustomerIsErased,
  CustomerNotFound,
  type CustomerRejection
} from "@dueline/contracts/customer/Rejection"
import { Result } from "effect"
import type { CustomerState } from "./State.ts"

type Decision = Result.Result<ReadonlyArray<CustomerEvent>, CustomerRejection>

const nothing: Decision = Result.succeed([])
const one = (event: CustomerEvent): Decision => Result.succeed([event])

/** Asking twice for the same thing decides nothing the second time. */
export const decide = (command: CustomerCommand, state: CustomerState): Decision => {
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
