/** What is answered about bins. */
import { Schema } from "effect"
import { BinCategory, BinStatus, CapacityLitres, Location, SerialNumber, SizeLitres } from "../bin/Spec.ts"
import { BinId, CorrelationId, CustomerId } from "../Ids.ts"
import { NextCursor } from "./conventions.ts"
import { Timestamp, Version } from "./Wire.ts"

const state = {
  id: BinId,
  serialNumber: SerialNumber,
  category: BinCategory,
  sizeLitres: SizeLitres,
  capacityLitres: CapacityLitres,
  status: BinStatus,
  location: Schema.NullOr(Location),
  customerId: Schema.NullOr(CustomerId),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  version: Version,
  links: Schema.Struct({ self: Schema.String })
}

/** The answer to a command: follows from its outcome alone, so that a repeat is answered with the same bytes. */
export const BinState = Schema.Struct(state).annotate({ identifier: "BinState" })
export type BinState = typeof BinState.Type

const found = { ...state, correlationId: CorrelationId }

export const Bin = Schema.Struct(found).annotate({ identifier: "Bin" })
export type Bin = typeof Bin.Type

export const BinListed = Schema.Struct({
  ...found,
  distanceMetres: Schema.optionalKey(
    Schema.Finite.annotate({ description: "From the place that `near` names, to a tenth of a metre; only with `near`" })
  )
}).annotate({ identifier: "BinListed" })
export type BinListed = typeof BinListed.Type

export const BinPage = Schema.Struct({ items: Schema.Array(BinListed), nextCursor: NextCursor }).annotate({
  identifier: "BinPage"
})
