/** The tenants' table, asked for one of them by its key. */
import { TenantDirectory } from "@dueline/contracts/ports/TenantDirectory"
import { Effect, Layer } from "effect"
import { Database } from "../Database.ts"
import { asking } from "../SqlFailure.ts"

export const layer: Layer.Layer<TenantDirectory, never, Database> = Layer.effect(
  TenantDirectory,
  Effect.map(Database, ({ writer }) =>
    TenantDirectory.of({
      exists: (tenantId) =>
        writer.unsafe("select 1 from dueline.tenants where tenant_id = $1::uuid", [tenantId]).pipe(
          Effect.map((rows) => rows.length > 0),
          asking("look for a tenant")
        )
    })
  )
)
