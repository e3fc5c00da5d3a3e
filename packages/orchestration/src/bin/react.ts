/** What the world hears of facts about a bin. */
import type { BinEvent } from "@dueline/contracts/bin/Event"
import type { BinChanged, BinTopic } from "@dueline/contracts/bin/Topic"
import type { BinId } from "@dueline/contracts/Ids"
import type { Stamp } from "../engine/Aggregate.ts"
import type { BinState } from "./State.ts"

const topics: Readonly<Record<BinEvent["_tag"], BinTopic>> = {
  BinCreated: "ops.bin.created",
  BinUpdated: "ops.bin.updated",
  BinCapacityUpdated: "ops.bin.capacity.updated",
  BinRetired: "ops.bin.retired"
}

export const announce = (
  { _tag }: BinEvent,
  after: BinState,
  { at, tenantId, version }: Stamp,
  binId: BinId
): { readonly topic: BinTopic; readonly payload: BinChanged } | null => {
  if (after._tag === "Unknown") return null
  const { bin, correlationId } = after
  return {
    topic: topics[_tag],
    payload: { schemaVersion: 1, tenantId, binId, version, bin, occurredAt: at, correlationId }
  }
}
