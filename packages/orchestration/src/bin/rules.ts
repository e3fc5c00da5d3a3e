/** What facts about a bin ask of customers and orders, and what the answer is when they do not comply. */
import type { BinCommand } from "@dueline/contracts/bin/Command"
import type { BinEvent } from "@dueline/contracts/bin/Event"
import { BinCustomerUnfit, BinInUse, type BinRejection, SerialNumberTaken } from "@dueline/contracts/bin/Rejection"
import { customerActive } from "@dueline/contracts/customer/rules"
import type { CustomerId } from "@dueline/contracts/Ids"
import { binFree } from "@dueline/contracts/order/rules"
import type { Requirement, StoreRule } from "@dueline/contracts/StoreRule"

const required = (event: BinEvent, { binId }: BinCommand): ReadonlyArray<Requirement> => {
  if (event._tag === "BinRetired") return [binFree(binId, null)]
  if (event._tag === "BinCapacityUpdated") return []
  const { customerId } = event.bin
  if (customerId === null || (event._tag === "BinUpdated" && !event.changed.includes("customerId"))) return []
  const there = customerActive(customerId)
  // Orders of others may not be left with a bin that is not for them.
  return event._tag === "BinCreated" ? [there] : [there, binFree(binId, customerId)]
}

export const requires = (events: ReadonlyArray<BinEvent>, command: BinCommand): ReadonlyArray<Requirement> =>
  events.flatMap((event) => required(event, command))

const customerOf = (command: BinCommand): CustomerId | null =>
  command._tag === "CreateBin"
    ? command.bin.customerId
    : command._tag === "UpdateBin"
      ? (command.changes.customerId ?? null)
      : null

const serialOf = (command: BinCommand): string | null =>
  command._tag === "CreateBin"
    ? command.bin.serialNumber
    : command._tag === "UpdateBin"
      ? (command.changes.serialNumber ?? null)
      : null

export const refuse = (rule: StoreRule, command: BinCommand): BinRejection | null => {
  const { binId } = command
  const [customerId, serialNumber] = [customerOf(command), serialOf(command)]
  switch (rule) {
    case "bin_in_use":
      return new BinInUse({ binId })
    case "serial_taken":
      return serialNumber === null ? null : new SerialNumberTaken({ binId, serialNumber })
    case "customer_missing":
      return customerId === null ? null : new BinCustomerUnfit({ binId, customerId, reason: "not_found" })
    case "customer_erased":
      return customerId === null ? null : new BinCustomerUnfit({ binId, customerId, reason: "erased" })
    default:
      return null
  }
}
