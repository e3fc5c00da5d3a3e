/** Who uses the system. Knows names, no secrets. */
import { TenantId } from "@dueline/contracts/Ids"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Context, Effect, Layer, Schema } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { Database } from "../Database.ts"
import { asking, reading } from "../SqlFailure.ts"

export interface Tenant {
  readonly tenantId: TenantId
  readonly name: string
  /** Epoch milliseconds. */
  readonly createdAt: number
}

/** The name or the id belongs to a tenant already. */
export class TenantExists extends Schema.TaggedError<TenantExists>()("TenantExists", {
  tenantId: TenantId,
  name: Schema.String
}) {}

/** 1 to 100 code points, none of them a control character. */
export const TenantName = Schema.String.check(
  Schema.isMinCodePoints(1),
  Schema.isMaxCodePoints(100),
  Schema.isPattern(/^[^\p{C}]+$/u, { description: "no control characters" })
)

export class Tenants extends Context.Service<
  Tenants,
  {
    /** `name` fits `TenantName`. */
    readonly create: (tenant: Tenant) => Effect.Effect<void, TenantExists | StoreUnavailable>
    readonly find: (tenantId: TenantId) => Effect.Effect<Tenant | null, StoreUnavailable>
    readonly findByName: (name: string) => Effect.Effect<Tenant | null, StoreUnavailable>
    /** In order of name, after the given one; null starts at the beginning. */
    readonly list: (options: {
      readonly after: string | null
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<Tenant>, StoreUnavailable>
  }
>()("@dueline/postgres/admin/Tenants") {}

const tenantJson = `select json_build_object('tenantId', tenant_id, 'name', name, 'createdAt', created_at) as tenant from dueline.tenants`

const ask = (sql: SqlClient, condition: string, parameters: ReadonlyArray<unknown>) =>
  sql.unsafe<{ readonly tenant: Tenant }>(`${tenantJson} ${condition}`, parameters).pipe(
    Effect.map((rows) => rows.map(({ tenant }) => tenant)),
    reading("read tenants")
  )

const create = (sql: SqlClient) => (tenant: Tenant) =>
  sql
    .unsafe("select dueline.create_tenant($1::uuid, $2::text, $3::float8::bigint)", [
      tenant.tenantId,
      tenant.name,
      tenant.createdAt
    ])
    .pipe(
      Effect.asVoid,
      Effect.catch((error) =>
        Effect.fail(
          error.reason._tag === "UniqueViolation"
            ? new TenantExists({ tenantId: tenant.tenantId, name: tenant.name })
            : error
        )
      ),
      asking("create a tenant")
    )

const first = Effect.map((tenants: ReadonlyArray<Tenant>) => tenants[0] ?? null)

const make = (sql: SqlClient) =>
  Tenants.of({
    create: create(sql),
    find: (tenantId) => first(ask(sql, "where tenant_id = $1::uuid", [tenantId])),
    findByName: (name) =>
      name.includes("\0") ? Effect.succeed(null) : first(ask(sql, "where name = $1::text", [name])),
    list: ({ after, limit }) =>
      ask(sql, "where $1::text is null or name > $1::text order by name limit $2::int4", [after, limit])
  })

export const layer: Layer.Layer<Tenants, never, Database> = Layer.effect(
  Tenants,
  Effect.map(Database, ({ writer }) => make(writer))
)
