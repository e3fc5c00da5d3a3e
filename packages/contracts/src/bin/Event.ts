/** Facts about a bin. Every case is stored for ever: add cases, never edit one. */
import { Schema } from "effect"
import { EpochMillis } from "../Ids.ts"
import { Origin } from "../serviceCall/Spec.ts"
import { BinDescription, CapacityLitres } from "./Spec.ts"

export const BinEvent = Schema.TaggedUnion({
  BinCreated: {
    bin: BinDescription,
    capacityLitres: CapacityLitres,
    createdAt: EpochMillis,
    fingerprint: Schema.NullOr(Schema.String),
    origin: Origin
  },
  /** The whole description after the change, and the names of what is different. */
  BinUpdated: {
    bin: BinDescription,
    status: Schema.Literals(["Active", "Maintenance"]),
    changed: Schema.Array(
      Schema.Literals(["serialNumber", "category", "sizeLitres", "location", "customerId", "status"])
    )
  },
  BinCapacityUpdated: { capacityLitres: CapacityLitres, previousLitres: CapacityLitres },
  BinRetired: {}
})
export type BinEvent = typeof BinEvent.Type
