/** The pauses that hold now, over the state in memory. */
import type { PauseInForce, Pauses } from "@dueline/contracts/ports/Pauses"
import { Effect } from "effect"
import { type MemoryState, rowsOf } from "./MemoryState.ts"

export const make = (state: MemoryState): Pauses["Service"] => ({
  inForce: ({ limit, resumedAfter }) =>
    Effect.sync(() =>
      rowsOf(state, "pause")
        .toSorted((a, b) => a.createdAt - b.createdAt || (a.pauseId < b.pauseId ? -1 : 1))
        .flatMap(({ key, of, pauseId, releasePerSecond, resumedAt, tenantId }): ReadonlyArray<PauseInForce> => {
          const pause = { tenantId, pauseId, of, key }
          if (resumedAt === null) return [{ ...pause, release: null }]
          return releasePerSecond === null || resumedAt <= resumedAfter
            ? []
            : [{ ...pause, release: { at: resumedAt, perSecond: releasePerSecond } }]
        })
        .slice(0, limit)
    )
})
