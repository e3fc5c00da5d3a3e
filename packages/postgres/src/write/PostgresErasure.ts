/** Removes everything of a tenant that is deleted, page by page: what comes next is read, told to whoever exports it, and removed. */
import type { TenantId } from "@dueline/contracts/Ids"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Context, Effect, Layer } from "effect"
import { Database } from "../Database.ts"
import { asking, reading } from "../SqlFailure.ts"

export interface ErasingTenant {
  readonly tenantId: TenantId
  readonly begunAt: number
  /** False until the first step. */
  readonly begun: boolean
  /** Whether everything is written down before it goes. */
  readonly exported: boolean
  /** Null while it is being deleted. */
  readonly erasedAt: number | null
  readonly streams: number
  readonly events: number
  readonly others: number
}

export interface SealedText {
  readonly id: string
  /** Of what it belongs to, which says what it is bound to. */
  readonly kind: string
  readonly sealed: string
}

/** Rows of one table, each with where it lies and as a line of JSON. */
export interface RowPage {
  readonly table: string
  readonly oids: ReadonlyArray<string>
  readonly places: ReadonlyArray<string>
  readonly lines: ReadonlyArray<string>
}

export interface EntryPage {
  readonly places: ReadonlyArray<string>
  readonly lines: ReadonlyArray<string>
}

export interface Step {
  /** Another process is at it, and nothing was done. */
  readonly busy: boolean
  readonly removed: number
  /** What is not sealed yet, and stays until it is. */
  readonly waiting: number
  /** What is not what was sealed, and stays: removing it would hide that somebody changed it. */
  readonly altered: number
  /** Of entries: the tree was not looked at to its end. */
  readonly more?: boolean
}

export type Finish = "done" | "more" | "waiting" | "busy"

export class Erasure extends Context.Service<
  Erasure,
  {
    /** Those that are being deleted, and those that were after this time. */
    readonly tenants: (since: number) => Effect.Effect<ReadonlyArray<ErasingTenant>, StoreUnavailable>
    readonly begin: (tenantId: TenantId, at: number) => Effect.Effect<void, StoreUnavailable>
    readonly streams: (
      tenantId: TenantId,
      after: string,
      limit: number
    ) => Effect.Effect<ReadonlyArray<string>, StoreUnavailable>
    readonly sealed: (
      tenantId: TenantId,
      ids: ReadonlyArray<string>
    ) => Effect.Effect<ReadonlyArray<SealedText>, StoreUnavailable>
    readonly eraseStreams: (
      tenantId: TenantId,
      ids: ReadonlyArray<string>,
      at: number
    ) => Effect.Effect<Step, StoreUnavailable>
    /** Null when no table has any. */
    readonly rows: (tenantId: TenantId, limit: number) => Effect.Effect<RowPage | null, StoreUnavailable>
    readonly eraseRows: (tenantId: TenantId, page: RowPage) => Effect.Effect<Step, StoreUnavailable>
    readonly entries: (tenantId: TenantId, limit: number) => Effect.Effect<EntryPage, StoreUnavailable>
    readonly eraseEntries: (tenantId: TenantId, page: EntryPage, at: number) => Effect.Effect<Step, StoreUnavailable>
    /** `settled`: since then nobody can have written anything for it. */
    readonly finish: (tenantId: TenantId, at: number, settled: number) => Effect.Effect<Finish, StoreUnavailable>
  }
>()("@dueline/postgres/write/PostgresErasure") {}

const listOf = (values: ReadonlyArray<string>): string => `{${values.map((value) => `"${value}"`).join(",")}}`
const what = "erase what is left of a tenant"

export const layer: Layer.Layer<Erasure, never, Database> = Layer.effect(
  Erasure,
  Effect.map(Database, ({ writer }) => {
    const step = (statement: string, values: ReadonlyArray<unknown>) =>
      writer.unsafe<{ readonly step: Step }>(`select ${statement} as step`, values).pipe(
        Effect.map(([row]) => ({ waiting: 0, altered: 0, ...(row?.step ?? { busy: true, removed: 0 }) })),
        asking(what)
      )
    return Erasure.of({
      tenants: (since) =>
        writer
          .unsafe<ErasingTenant>(
            `select tenant_id::text as "tenantId", begun_at::float8 as "begunAt", begun, exported, erased_at::float8 as "erasedAt",
              streams::float8 as streams, events::float8 as events, others::float8 as others
            from dueline.erasing_tenants($1::float8::bigint)`,
            [since]
          )
          .pipe(reading("look for tenants that are deleted")),
      begin: (tenantId, at) =>
        writer
          .unsafe("select dueline.begin_erasure($1::uuid, $2::float8::bigint)", [tenantId, at])
          .pipe(Effect.asVoid, asking(what)),
      streams: (tenantId, after, limit) =>
        writer
          .unsafe<{ readonly ids: ReadonlyArray<string> }>(
            "select to_json(dueline.streams_to_erase($1::uuid, $2::uuid, $3::int4)) as ids",
            [tenantId, after, limit]
          )
          .pipe(
            Effect.map(([row]) => row?.ids ?? []),
            asking(what)
          ),
      sealed: (tenantId, ids) =>
        writer
          .unsafe<SealedText>(
            "select id::text, kind, sealed from dueline.sealed_to_erase($1::uuid, $2::text::uuid[])",
            [tenantId, listOf(ids)]
          )
          .pipe(asking(what)),
      eraseStreams: (tenantId, ids, at) =>
        step("dueline.erase_streams($1::uuid, $2::text::uuid[], $3::float8::bigint)", [tenantId, listOf(ids), at]),
      rows: (tenantId, limit) =>
        writer
          .unsafe<{ readonly page: RowPage | null }>("select dueline.rows_to_erase($1::uuid, $2::int4) as page", [
            tenantId,
            limit
          ])
          .pipe(
            Effect.map(([row]) => row?.page ?? null),
            asking(what)
          ),
      eraseRows: (tenantId, { oids, places, table }) =>
        step("dueline.erase_rows($1::uuid, $2::text::name, $3::text::oid[], $4::text::tid[])", [
          tenantId,
          table,
          listOf(oids),
          listOf(places)
        ]),
      entries: (tenantId, limit) =>
        writer
          .unsafe<{ readonly place: string; readonly line: string }>(
            "select place::text, line from dueline.entries_to_erase($1::uuid, $2::int4)",
            [tenantId, limit]
          )
          .pipe(
            Effect.map((rows) => ({ places: rows.map(({ place }) => place), lines: rows.map(({ line }) => line) })),
            asking(what)
          ),
      eraseEntries: (tenantId, { places }, at) =>
        step("dueline.erase_entries($1::uuid, $2::text::bigint[], $3::float8::bigint)", [tenantId, listOf(places), at]),
      finish: (tenantId, at, settled) =>
        writer
          .unsafe<{ readonly end: Finish }>(
            "select dueline.finish_erasure($1::uuid, $2::float8::bigint, $3::float8::bigint) as end",
            [tenantId, at, settled]
          )
          .pipe(
            Effect.map(([row]) => row?.end ?? "busy"),
            asking(what)
          )
    })
  })
)
