/** Draws what is asked of customers and bins. */
import type { BinCommand } from "@dueline/contracts/bin/Bin"
import type { CustomerCommand } from "@dueline/contracts/customer/Customer"
import { type BinId, type CorrelationId, type CustomerId, EpochMillis } from "@dueline/contracts/Ids"
import type { Dice } from "./Dice.ts"

type Of<T extends { readonly _tag: string }, Tag extends T["_tag"]> = Extract<T, { readonly _tag: Tag }>

interface About {
  readonly correlationId: CorrelationId
  readonly fingerprint: string
}

/** Begins with whom it is about, so that nobody's is taken for another's. */
const profile = (customerId: CustomerId, text: string): string => `${customerId}.${text}`

export const drawCustomer = (
  now: number,
  customerId: CustomerId,
  { correlationId, fingerprint }: About
): Of<CustomerCommand, "RegisterCustomer"> => ({
  _tag: "RegisterCustomer",
  customerId,
  at: EpochMillis.make(now),
  fields: ["name"],
  sealed: profile(customerId, "first"),
  fingerprint,
  origin: { correlationId, traceparent: null }
})

export const drawCustomerChange = (dice: Dice, now: number, customerId: CustomerId): CustomerCommand => {
  const at = EpochMillis.make(now)
  if (dice.chance(0.25)) return { _tag: "EraseCustomer", customerId, at }
  const fields = dice.chance(0.2) ? [] : [dice.pick(["name", "email", "phone"] as const)]
  return { _tag: "UpdateCustomer", customerId, at, fields, sealed: profile(customerId, `${now}`) }
}

const drawSerial = (dice: Dice): string => `SN-${dice.between(1, 4)}`

export const drawBin = (
  dice: Dice,
  now: number,
  binId: BinId,
  { correlationId, fingerprint }: About
): Of<BinCommand, "CreateBin"> => ({
  _tag: "CreateBin",
  binId,
  at: EpochMillis.make(now),
  bin: { serialNumber: drawSerial(dice), category: "skip", sizeLitres: 1_000, location: null, customerId: null },
  capacityLitres: dice.pick([null, 500, 1_000]),
  fingerprint,
  origin: { correlationId, traceparent: null }
})

export const drawBinChange = (dice: Dice, now: number, binId: BinId, customerId: CustomerId): BinCommand => {
  const at = EpochMillis.make(now)
  const roll = dice.next()
  if (roll < 0.12) return { _tag: "RetireBin", binId, at }
  if (roll < 0.3) return { _tag: "UpdateBinCapacity", binId, at, capacityLitres: dice.pick([400, 900, 1_000, 1_200]) }
  const changes =
    roll < 0.5
      ? { serialNumber: drawSerial(dice) }
      : roll < 0.65
        ? { status: dice.pick(["Active", "Active", "Maintenance"] as const) }
        : roll < 0.9
          ? { customerId: dice.pick([customerId, null]) }
          : { sizeLitres: dice.pick([800, 1_000]) }
  return { _tag: "UpdateBin", binId, at, changes }
}
