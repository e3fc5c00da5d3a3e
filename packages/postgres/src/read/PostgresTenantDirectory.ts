/** Tenants across all of them, as whoever writes may see them: no edge's connection can. */
import { type SuspendedTenant, TenantDirectory } from "@dueline/contracts/ports/Directories"
import type { TenantRow } from "@dueline/contracts/tenant/Tenant"
import { Effect, Layer } from "effect"
import { Database } from "../Database.ts"
import { reading } from "../SqlFailure.ts"

interface Found {
  readonly row: TenantRow
}

export const layer: Layer.Layer<TenantDirectory, never, Database> = Layer.effect(
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
