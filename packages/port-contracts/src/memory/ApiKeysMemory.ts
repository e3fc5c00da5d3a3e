/** API keys by their id, over the state in memory. */
import type { ApiKeyId } from "@dueline/contracts/apiKey/ApiKey"
import type { EpochMillis } from "@dueline/contracts/Ids"
import type { ApiKeys } from "@dueline/contracts/ports/ApiKeys"
import { Effect } from "effect"
import { copyOf, keyOf, type MemoryState } from "./MemoryState.ts"

export const make = (state: MemoryState): ApiKeys["Service"] => {
  const uses = new Map<string, EpochMillis>()
  const rowOf = (id: ApiKeyId) =>
    [...state.rows.values()].find((row) => row._tag === "ApiKeyRow" && row.apiKeyId === id)
  return {
    find: (id) =>
      Effect.sync(() => {
        const row = rowOf(id)
        return row?._tag === "ApiKeyRow" ? copyOf(row) : null
      }),
    used: (told) =>
      Effect.sync(() => {
        for (const { apiKeyId, at, tenantId } of told) {
          const key = keyOf(tenantId, apiKeyId)
          if (rowOf(apiKeyId)?.tenantId === tenantId && at > (uses.get(key) ?? 0)) uses.set(key, at)
        }
      }),
    lastUses: (tenantId, ids) =>
      Effect.sync(
        () =>
          new Map(
            ids.flatMap((id) => {
              const at = uses.get(keyOf(tenantId, id))
              return at === undefined ? [] : [[id, at] as const]
            })
          )
      )
  }
}
