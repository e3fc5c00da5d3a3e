/** Public names of facts about bins, and what their messages hold: the bin as it is after the fact. */
import { Schema } from "effect"
import { BinId, CorrelationId, EpochMillis, TenantId } from "../Ids.ts"
import { common, ids, minutesLater, topic } from "../topics/topic.ts"
import { BinFacts } from "./Bin.ts"

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
