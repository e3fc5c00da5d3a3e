/** Public names of facts about bins, and what their messages hold: the bin as it is after the fact. */
import { Schema } from "effect"
import { BinId, CorrelationId, EpochMillis, TenantId } from "../Ids.ts"
import { BinFacts } from "./Spec.ts"

export const BinTopic = Schema.Literals([
  "ops.bin.created",
  "ops.bin.updated",
  "ops.bin.capacity.updated",
  "ops.bin.retired"
])
export type BinTopic = typeof BinTopic.Type

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
