/** What is sent to create or change a bin. */
import { Schema } from "effect"
import { BinChanges } from "../bin/Command.ts"
import { BinCategory, CapacityLitres, Location, SerialNumber, SizeLitres } from "../bin/Spec.ts"
import { CustomerId } from "../Ids.ts"
import { idAsSent } from "./Wire.ts"

export const CreateBin = Schema.Struct({
  serialNumber: SerialNumber,
  category: BinCategory,
  sizeLitres: SizeLitres,
  capacityLitres: Schema.optionalKey(CapacityLitres.annotate({ description: "As much as the size when left out" })),
  location: Schema.optionalKey(Schema.NullOr(Location)),
  customerId: Schema.optionalKey(Schema.NullOr(idAsSent(CustomerId)))
}).annotate({ identifier: "CreateBin" })
export type CreateBin = typeof CreateBin.Type

export const UpdateBin = Schema.Struct({
  ...BinChanges.fields,
  customerId: Schema.optionalKey(Schema.NullOr(idAsSent(CustomerId)))
}).annotate({
  identifier: "UpdateBin",
  description: "What is left out stays as it is; null takes the location or the customer away"
})
export type UpdateBin = typeof UpdateBin.Type

export const UpdateBinCapacity = Schema.Struct({ capacityLitres: CapacityLitres }).annotate({
  identifier: "UpdateBinCapacity"
})
export type UpdateBinCapacity = typeof UpdateBinCapacity.Type

const placePattern = /^(-?\d{1,2}(?:\.\d{1,12})?),(-?\d{1,3}(?:\.\d{1,12})?)$/u

/** Null for a text that names no place on the Earth. */
export const parsePlace = (text: string): Location | null => {
  const [, lat, lon] = placePattern.exec(text) ?? []
  if (lat === undefined || lon === undefined) return null
  const place = { lat: Number(lat), lon: Number(lon) }
  return Math.abs(place.lat) <= 90 && Math.abs(place.lon) <= 180 ? place : null
}

export const Place = Schema.String.annotate({
  description: "Latitude and longitude in degrees (WGS 84), e.g. `50.0755,14.4378`",
  examples: ["50.0755,14.4378"]
}).check(
  Schema.makeFilter(
    (text: string) => parsePlace(text) !== null || "must be latitude,longitude in degrees, e.g. 50.0755,14.4378"
  )
)
