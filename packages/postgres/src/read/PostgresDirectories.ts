/**
 * What is looked up across tenants: tenants, as whoever writes may see them; API keys and courier sources, before a tenant is known; the pauses
 * that hold now.
 */
import type { EpochMillis } from "@dueline/contracts/Ids"
import type { ApiKeyId, ApiKeyRow } from "@dueline/contracts/apiKey/ApiKey"
import {
  type AddressedSource,
  ApiKeys,
  CourierSources,
  type PauseInForce,
  Pauses,
  type SuspendedTenant,
  TenantDirectory
} from "@dueline/contracts/ports/Directories"
import type { TenantRow } from "@dueline/contracts/tenant/Tenant"
import { PgTypes } from "@effect/sql-pg"
import { Effect, Layer, Result } from "effect"
import { Database } from "../Database.ts"
import { asking, reading } from "../SqlFailure.ts"

interface Found {
  readonly row: TenantRow
}

export const layerTenantDirectory: Layer.Layer<TenantDirectory, never, Database> = Layer.effect(
  TenantDirectory,
  Effect.map(Database, ({ writer }) =>
    TenantDirectory.of({
      exists: (tenantId) =>
        writer.unsafe<{ readonly found: boolean }>("select dueline.tenant_exists($1::uuid) as found", [tenantId]).pipe(
          Effect.map(([row]) => row?.found === true),
          reading("look for a tenant")
        ),
      find: (tenantId) =>
        writer
          .unsafe<Found>("select row from dueline.tenant_rows where tenant_id = $1::uuid and id = $1::uuid", [tenantId])
          .pipe(
            Effect.map(([found]) => found?.row ?? null),
            reading("look for a tenant")
          ),
      suspended: writer
        .unsafe<SuspendedTenant>(`select tenant_id::text as "tenantId", reason from dueline.suspended_tenants()`)
        .pipe(reading("look for suspended tenants")),
      list: ({ after, limit, status }) =>
        writer
          .unsafe<Found>(
            `select row from dueline.tenant_rows
              where ($1::text is null or status = $1) and ($2::bigint is null or (created_at, id) < ($2::bigint, $3::uuid))
              order by created_at desc, id desc limit $4::int4`,
            [status, after?.createdAt ?? null, after?.id ?? null, limit + 1]
          )
          .pipe(
            Effect.map((found) => {
              const rows = found.slice(0, limit).map(({ row }) => row)
              const last = rows.at(-1)
              const next = found.length > limit && last !== undefined ? last : null
              return { rows, next: next === null ? null : { createdAt: next.createdAt, id: next.tenantId } }
            }),
            reading("list tenants")
          )
    })
  )
)

/** API keys by their id, asked for before a tenant is known, and the time of their last use. */
const { float8, uuid } = PgTypes.OID
const keyUses = (values: ReadonlyArray<unknown>, oid: number) => Result.getOrThrow(PgTypes.array(values, oid))

export const layerApiKeys: Layer.Layer<ApiKeys, never, Database> = Layer.effect(
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
            keyUses(
              uses.map(({ tenantId }) => tenantId),
              uuid
            ),
            keyUses(
              uses.map(({ apiKeyId }) => apiKeyId),
              uuid
            ),
            keyUses(
              uses.map(({ at }) => at),
              float8
            )
          ])
          .pipe(Effect.asVoid, asking("note uses of API keys")),
      lastUses: (tenantId, ids) =>
        edge
          .unsafe<{ readonly uses: ReadonlyArray<readonly [ApiKeyId, EpochMillis]> }>(
            "select dueline.key_uses($1::uuid, $2) as uses",
            [tenantId, keyUses(ids, uuid)]
          )
          .pipe(
            Effect.map(([row]) => new Map(row?.uses ?? [])),
            reading("read uses of API keys")
          )
    })
  )
)

/** Courier sources by their address: the one question the edge asks before it knows a tenant. */
export const layerCourierSources: Layer.Layer<CourierSources, never, Database> = Layer.effect(
  CourierSources,
  Effect.map(Database, ({ edge }) =>
    CourierSources.of({
      find: (id) =>
        edge
          .unsafe<{ readonly found: AddressedSource | null }>("select dueline.find_courier_source($1::uuid) as found", [
            id
          ])
          .pipe(
            Effect.map(([row]) => row?.found ?? null),
            reading("find a courier source")
          )
    })
  )
)

/** The pauses that hold now, along the index of those that do. */
const pausesStatement = "select dueline.pauses_in_force($1::float8::bigint, $2::int4) as pause"

export const layerPauses: Layer.Layer<Pauses, never, Database> = Layer.effect(
  Pauses,
  Effect.map(Database, ({ worker }) =>
    Pauses.of({
      inForce: ({ limit, resumedAfter }) =>
        worker.unsafe<{ readonly pause: PauseInForce }>(pausesStatement, [resumedAfter, limit]).pipe(
          Effect.map((rows) => rows.map(({ pause }) => pause)),
          asking("read which pauses hold")
        )
    })
  )
)
