/** What a bin is. */
import { Schema } from "effect"
import { CustomerId, EpochMillis } from "../Ids.ts"

export const BinCategory = Schema.Literals(["skip", "roll_off", "front_load", "wheelie", "compactor", "tank"])
export type BinCategory = typeof BinCategory.Type

/** `Maintenance`: out of service for a while; nothing new is scheduled with it. `Retired` is final. */
export const BinStatus = Schema.Literals(["Active", "Maintenance", "Retired"])
export type BinStatus = typeof BinStatus.Type

export const SerialNumber = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$/u, {
    description: "1 to 64 letters, digits and ._/-, beginning with a letter or digit"
  })
)

/** The bin's volume, in whole litres. */
export const SizeLitres = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000_000 }))

/** How much may be put into it, in whole litres; never more than its size. */
export const CapacityLitres = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))

/** WGS 84, in degrees. */
export const Location = Schema.Struct({
  lat: Schema.Finite.check(Schema.isBetween({ minimum: -90, maximum: 90 })),
  lon: Schema.Finite.check(Schema.isBetween({ minimum: -180, maximum: 180 }))
}).annotate({ identifier: "Location" })
export type Location = typeof Location.Type

/** What can be changed by hand. */
const described = {
  serialNumber: SerialNumber,
  category: BinCategory,
  sizeLitres: SizeLitres,
  /** Null when nobody said where it is. */
  location: Schema.NullOr(Location),
  /** Whom the bin is kept for; null when it may go to anyone. */
  customerId: Schema.NullOr(CustomerId)
}

export const BinDescription = Schema.Struct(described)
export type BinDescription = typeof BinDescription.Type

/** All that is known of a bin at one version. */
export const BinFacts = Schema.Struct({
  ...described,
  capacityLitres: CapacityLitres,
  status: BinStatus,
  createdAt: EpochMillis,
  updatedAt: EpochMillis
})
export type BinFacts = typeof BinFacts.Type
