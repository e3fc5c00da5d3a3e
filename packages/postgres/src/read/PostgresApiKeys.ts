/** API keys by their id, asked for before a tenant is known, and the time of their last use. */
import type { ApiKeyId, ApiKeyRow } from "@dueline/contracts/apiKey/ApiKey"
import type { EpochMillis } from "@dueline/contracts/Ids"
import { ApiKeys } from "@dueline/contracts/ports/Directories"
import { PgTypes } from "@effect/sql-pg"
import { Effect, Layer, Result } from "effect"
import { Database } from "../Database.ts"
import { asking, reading } from "../SqlFailure.ts"

const { float8, uuid } = PgTypes.OID
const list = (values: ReadonlyArray<unknown>, oid: number) => Result.getOrThrow(PgTypes.array(values, oid))

export const layer: Layer.Layer<ApiKeys, never, Database> = Layer.effect(
  ApiKeys,
  Effect.map(Database, ({ edge, intake }) =>
    ApiKeys.of({
      find: (id) =>
        edge.unsafe<{ readonly found: ApiKeyRow | null }>("select dueline.find_api_key($1::uuid) as found", [id]).pipe(
          Effect.map(([row]) => row?.found ?? null),
          reading("find an API key")
        ),
      used: (uses) =>
        intake
          .unsafe("select dueline.note_key_uses($1, $2, $3)", [
            list(
              uses.map(({ tenantId }) => tenantId),
              uuid
            ),
            list(
              uses.map(({ apiKeyId }) => apiKeyId),
              uuid
            ),
            list(
              uses.map(({ at }) => at),
              float8
            )
          ])
          .pipe(Effect.asVoid, asking("note uses of API keys")),
      lastUses: (tenantId, ids) =>
        edge
          .unsafe<{ readonly uses: ReadonlyArray<readonly [ApiKeyId, EpochMillis]> }>(
            "select dueline.key_uses($1::uuid, $2) as uses",
            [tenantId, list(ids, uuid)]
          )
          .pipe(
            Effect.map(([row]) => new Map(row?.uses ?? [])),
            reading("read uses of API keys")
          )
    })
  )
)
