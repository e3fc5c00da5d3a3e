/** What may be asked of a bin. */
import { Schema } from "effect"
import { BinId, CustomerId, EpochMillis } from "../Ids.ts"
import { Origin } from "../serviceCall/Spec.ts"
import { BinCategory, BinDescription, CapacityLitres, Location, SerialNumber, SizeLitres } from "./Spec.ts"

const target = { binId: BinId, at: EpochMillis }

/** What is to change; what is left out stays as it is. */
export const BinChanges = Schema.Struct({
  serialNumber: Schema.optionalKey(SerialNumber),
  category: Schema.optionalKey(BinCategory),
  sizeLitres: Schema.optionalKey(SizeLitres),
  location: Schema.optionalKey(Schema.NullOr(Location)),
  customerId: Schema.optionalKey(Schema.NullOr(CustomerId)),
  status: Schema.optionalKey(Schema.Literals(["Active", "Maintenance"]))
})
export type BinChanges = typeof BinChanges.Type

export const BinCommand = Schema.TaggedUnion({
  CreateBin: {
    ...target,
    bin: BinDescription,
    /** Null: as much as its size. */
    capacityLitres: Schema.NullOr(CapacityLitres),
    fingerprint: Schema.NullOr(Schema.String),
    origin: Origin
  },
  UpdateBin: { ...target, changes: BinChanges },
  UpdateBinCapacity: { ...target, capacityLitres: CapacityLitres },
  RetireBin: target
})
export type BinCommand = typeof BinCommand.Type
