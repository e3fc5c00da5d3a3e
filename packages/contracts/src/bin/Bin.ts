/**
 * What a bin is, what may be asked of it, what becomes of that, its read model, and what holds between it and others. How far two places are apart,
 * the same everywhere: the shorter way over a sphere with the Earth's mean radius.
 */
import { Schema } from "effect"
import { BinId, CorrelationId, CustomerId, EpochMillis, TenantId } from "../Ids.ts"
import type { RowIs, Rules } from "../Rules.ts"
import { Origin } from "../serviceCall/Spec.ts"
import type { Fields } from "../specification/Specification.ts"
import { common, ids, minutesLater, topic } from "../topics/topic.ts"

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

/** What may be asked of a bin. */
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

/** Facts about a bin. Every case is stored for ever: add cases, never edit one. */
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

/** What an accepted command about a bin is answered with: the bin as the command left it. */
export const BinOutcome = Schema.TaggedUnion({ BinAccepted: { binId: BinId, bin: BinFacts } })
export type BinOutcome = typeof BinOutcome.Type

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

/** Why the answer to a command about a bin is no. Nothing was stored. */
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

/** The read model of a bin: one row, in step with the events. */
export interface BinRow extends BinFacts {
  readonly _tag: "BinRow"
  readonly tenantId: TenantId
  readonly binId: BinId
  readonly version: number
  readonly correlationId: string
}

/** What lists of bins can be filtered by. */
export const binFields = {
  serialNumber: { type: "text", read: ({ serialNumber }) => serialNumber },
  category: { type: "text", read: ({ category }) => category, oneOf: BinCategory.literals },
  sizeLitres: { type: "number", read: ({ sizeLitres }) => sizeLitres },
  capacityLitres: { type: "number", read: ({ capacityLitres }) => capacityLitres },
  status: { type: "text", read: ({ status }) => status, oneOf: BinStatus.literals },
  lat: { type: "number", read: ({ location }) => location?.lat ?? null },
  lon: { type: "number", read: ({ location }) => location?.lon ?? null },
  customerId: { type: "text", uuid: true, read: ({ customerId }) => customerId },
  createdAt: { type: "instant", read: ({ createdAt }) => createdAt },
  updatedAt: { type: "instant", read: ({ updatedAt }) => updatedAt },
  version: { type: "number", read: ({ version }) => version }
} satisfies Fields<BinRow>

type Field = keyof typeof binFields

/** What others may require of a bin, and what bins keep among themselves. */
export const binRules = {
  required: ["bin_missing", "bin_retired", "bin_in_maintenance", "bin_of_another_customer"],
  unique: [{ fields: ["serialNumber"], rule: "serial_taken" }],
  apart: []
} as const satisfies Rules<Field>

/** The bin is there, in service, and kept for nobody else. */
export const binFits = (
  binId: BinId,
  customerId: CustomerId
): RowIs<"bin", Field, (typeof binRules.required)[number]> => ({
  _tag: "RowIs",
  kind: "bin",
  id: binId,
  missing: "bin_missing",
  unless: [
    { field: "status", is: ["Retired"], rule: "bin_retired" },
    { field: "status", isNot: ["Active"], rule: "bin_in_maintenance" },
    { field: "customerId", isNot: [null, customerId], rule: "bin_of_another_customer" }
  ],
  hold: "update"
})

// Public names of facts about bins, and what their messages hold: the bin as it is after the fact.

/** Version 1 of the message on every `ops.bin.*` topic. */
export const BinChanged = Schema.Struct({
  schemaVersion: Schema.Literal(1),
  tenantId: TenantId,
  binId: BinId,
  /** The stream's version, so that a reader can tell which message is newer. */
  version: Schema.Int,
  bin: BinFacts,
  occurredAt: EpochMillis,
  correlationId: CorrelationId
}).annotate({ identifier: "BinChanged" })
export type BinChanged = typeof BinChanged.Type

const created: BinChanged = {
  ...common,
  binId: ids.binId,
  version: 1,
  bin: {
    serialNumber: "SKIP-0042",
    category: "skip",
    sizeLitres: 7_000,
    location: { lat: 50.0875, lon: 14.4213 },
    customerId: ids.customerId,
    capacityLitres: 7_000,
    status: "Active",
    createdAt: minutesLater(1),
    updatedAt: minutesLater(1)
  },
  occurredAt: minutesLater(1)
}

const later = (version: number, minutes: number, changes: Partial<BinChanged["bin"]>): BinChanged => ({
  ...created,
  version,
  bin: { ...created.bin, ...changes, updatedAt: minutesLater(minutes) },
  occurredAt: minutesLater(minutes)
})

const moved = { location: { lat: 50.0755, lon: 14.4378 } }

export const binTopics = {
  "ops.bin.created": topic(BinChanged, "A bin was added.", created),
  "ops.bin.updated": topic(BinChanged, "A bin's description, place or status changed.", later(2, 5, moved)),
  "ops.bin.capacity.updated": topic(
    BinChanged,
    "How much may be put into a bin changed.",
    later(3, 6, { ...moved, capacityLitres: 5_500 })
  ),
  "ops.bin.retired": topic(
    BinChanged,
    "A bin was retired, for good.",
    later(4, 98 * 60, { capacityLitres: 5_500, status: "Retired" })
  )
} as const

export type BinTopic = keyof typeof binTopics

/** Mean radius of the Earth (IUGG), in metres. */
export const earthRadiusMetres = 6_371_008.8

/** What a search for bins around a place may ask for, in metres. */
export const nearRadiusMetres = { minimum: 1, maximum: 500_000 } as const

const radians = (degrees: number): number => degrees * (Math.PI / 180)

/** In radians; differences below some nanometres are none, so that no number becomes too small to be squared. */
const between = (from: number, to: number): number => radians(to - from + 360 - 360)

const cosine = (latitude: number): number => Math.sin(radians(90 - Math.abs(latitude)))

/** By the haversine formula, exact to less than a millimetre up to some thousand kilometres, to a decimetre at the antipodes. */
export const distanceMetres = (a: Location, b: Location): number => {
  const north = Math.sin(between(a.lat, b.lat) / 2)
  const east = Math.sin(between(a.lon, b.lon) / 2)
  const half = north * north + cosine(a.lat) * cosine(b.lat) * (east * east)
  return 2 * earthRadiusMetres * Math.asin(Math.min(1, Math.sqrt(half)))
}
