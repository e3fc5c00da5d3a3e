/** Payloads that are due, in memory. */
import type { DueIngestions } from "@dueline/contracts/ports/DueIngestions"
import { targetOf } from "@dueline/contracts/serviceCall/target"
import { Effect } from "effect"
import { type MemoryState, rowsOf } from "./MemoryState.ts"

export const make = (state: MemoryState): DueIngestions["Service"] => ({
  due: ({ before, each, limit }) =>
    Effect.sync(() => {
      const counts = new Map<string, number>()
      return rowsOf(state, "ingestion")
        .flatMap(({ dropbin, ingestionId, tenantId }) => {
          const dueAt = dropbin?.dueAt ?? null
          return dueAt === null || dueAt > before
            ? []
            : [{ tenantId, ingestionId, dueAt, target: targetOf(dropbin?.reference?.uri ?? "") }]
        })
        .sort((a, b) => a.dueAt - b.dueAt || (a.ingestionId < b.ingestionId ? -1 : 1))
        .filter(({ tenantId }) => {
          const count = (counts.get(tenantId) ?? 0) + 1
          counts.set(tenantId, count)
          return count <= each
        })
        .slice(0, limit)
        .map(({ ingestionId, target, tenantId }) => ({ tenantId, ingestionId, target }))
    }),
  unended: ({ before, limit }) =>
    Effect.sync(() =>
      rowsOf(state, "ingestion")
        .filter(
          ({ createdAt, dropbin, endedAt }) => endedAt === null && (dropbin ?? null) === null && createdAt <= before
        )
        .sort((a, b) => a.createdAt - b.createdAt || (a.ingestionId < b.ingestionId ? -1 : 1))
        .slice(0, limit)
        .map(({ ingestionId, tenantId }) => ({ tenantId, ingestionId }))
    )
})
