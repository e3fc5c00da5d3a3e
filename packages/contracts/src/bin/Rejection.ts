/** Why the answer to a command about a bin is no. Nothing was stored. */
import { Schema } from "effect"
import { BinId, CustomerId } from "../Ids.ts"

const about = { binId: BinId }

export class BinNotFound extends Schema.TaggedError<BinNotFound>()("BinNotFound", about) {}

/** The id was derived from a key that once named another request. */
export class BinIdTaken extends Schema.TaggedError<BinIdTaken>()("BinIdTaken", about) {}

/** Retired for good: nothing about it changes any more. */
export class BinIsRetired extends Schema.TaggedError<BinIsRetired>()("BinIsRetired", about) {}

/** Another bin of the tenant, perhaps a retired one, has this serial number. */
export class SerialNumberTaken extends Schema.TaggedError<SerialNumberTaken>()("SerialNumberTaken", {
  ...about,
  serialNumber: Schema.String
}) {}

export class CapacityAboveSize extends Schema.TaggedError<CapacityAboveSize>()("CapacityAboveSize", {
  ...about,
  capacityLitres: Schema.Int,
  sizeLitres: Schema.Int
}) {}

/** Scheduled or confirmed orders stand in the way of retiring it, or of keeping it for another customer. */
export class BinInUse extends Schema.TaggedError<BinInUse>()("BinInUse", about) {}

/** The customer the bin is to be kept for is not there, or not any more. */
export class BinCustomerUnfit extends Schema.TaggedError<BinCustomerUnfit>()("BinCustomerUnfit", {
  ...about,
  customerId: CustomerId,
  reason: Schema.Literals(["not_found", "erased"])
}) {}

export const BinRejection = Schema.Union([
  BinNotFound,
  BinIdTaken,
  BinIsRetired,
  SerialNumberTaken,
  CapacityAboveSize,
  BinInUse,
  BinCustomerUnfit
])
export type BinRejection = typeof BinRejection.Type

/** The problems that the API tells of bins alone, by code. Codes are never renamed or reused. */
export const binProblems = {
  serial_number_taken: { status: 409, title: "Another bin has this serial number." },
  bin_in_use: { status: 409, title: "Scheduled or confirmed orders hold the bin." },
  bin_retired: { status: 409, title: "The bin is retired for good." },
  bin_unfit: { status: 409, title: "The bin cannot serve this order." },
  capacity_above_size: { status: 422, title: "The capacity is more than the size of the bin." }
} as const
