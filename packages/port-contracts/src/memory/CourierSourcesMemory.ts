/** Courier sources by their address, over the state in memory. */
import type { CourierSources } from "@dueline/contracts/ports/CourierSources"
import { Effect } from "effect"
import { copyOf, keyOf, type MemoryState } from "./MemoryState.ts"

export const make = (state: MemoryState): CourierSources["Service"] => ({
  find: (id) =>
    Effect.sync(() => {
      for (const row of state.rows.values()) {
        if (row._tag !== "CourierSourceRow" || row.courierSourceId !== id) continue
        return { row: copyOf(row), sealed: state.streams.get(keyOf(row.tenantId, id))?.sealed ?? null }
      }
      return null
    })
})
