/** Removes what has been kept long enough, in bounded steps: found, told to whoever exports it, and removed. */
import type { TenantId } from "@dueline/contracts/Ids"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Context, Effect, Layer } from "effect"
import { Database } from "../Database.ts"
import { asking } from "../SqlFailure.ts"

export const retainedKinds = ["service-call", "ingestion"] as const
export type RetainedKind = (typeof retainedKinds)[number]

export interface CreationMark {
  readonly createdAt: number
  readonly id: string
}

export interface Outlived {
  readonly ids: ReadonlyArray<string>
  /** Where to go on; null at the end. */
  readonly next: CreationMark | null
}

export interface OutlivedQuestion {
  readonly tenantId: TenantId
  readonly kind: RetainedKind
  /** What ended before this is removed, epoch ms. */
  readonly before: number
  /** Null: where the last look ended, which is kept in the database. */
  readonly after: CreationMark | null
  readonly limit: number
}

export interface Removed {
  readonly streams: number
  readonly events: number
}

export class Retention extends Context.Service<
  Retention,
  {
    /** The oldest that have ended before, among a bounded number of those made before. */
    readonly outlived: (question: OutlivedQuestion) => Effect.Effect<Outlived, StoreUnavailable>
    /** All events of these streams, each as a line of JSON. */
    readonly events: (
      tenantId: TenantId,
      ids: ReadonlyArray<string>
    ) => Effect.Effect<ReadonlyArray<string>, StoreUnavailable>
    /**
     * Removes those that still have ended before, and of which every event is sealed as it is and counted: with their events, whole or not at
     * all. Marks the leaves, and keeps where the next look begins.
     */
    readonly remove: (
      question: OutlivedQuestion,
      found: Outlived,
      now: number
    ) => Effect.Effect<Removed, StoreUnavailable>
    /** Removes the oldest dead letters that were given up before; says how many. */
    readonly removeLetters: (
      tenantId: TenantId,
      before: number,
      limit: number
    ) => Effect.Effect<number, StoreUnavailable>
  }
>()("@dueline/postgres/write/PostgresRetention") {}

/** Rows that one look passes, whatever becomes of them. */
const budget = 2_000

const listOf = (ids: ReadonlyArray<string>): string => `{${ids.join(",")}}`

export const layer: Layer.Layer<Retention, never, Database> = Layer.effect(
  Retention,
  Effect.map(Database, ({ writer }) =>
    Retention.of({
      outlived: ({ after, before, kind, limit, tenantId }) =>
        writer
          .unsafe<{ readonly found: Outlived }>(
            "select dueline.outlived($1::uuid, $2::text, $3::float8::bigint, $4::float8::bigint, $5::uuid, $6::int4, $7::int4) as found",
            [tenantId, kind, before, after?.createdAt ?? null, after?.id ?? null, limit, budget]
          )
          .pipe(
            Effect.map(([row]) => row?.found ?? { ids: [], next: null }),
            asking("look for what has been kept long enough")
          ),
      events: (tenantId, ids) =>
        writer
          .unsafe<{ readonly line: string }>("select dueline.outlived_events($1::uuid, $2::text::uuid[]) as line", [
            tenantId,
            listOf(ids)
          ])
          .pipe(
            Effect.map((rows) => rows.map(({ line }) => line)),
            asking("read what is to be removed")
          ),
      remove: ({ before, kind, tenantId }, { ids, next }, now) =>
        writer
          .unsafe<{ readonly removed: Removed }>(
            `select dueline.remove_outlived($1::uuid, $2::text, $3::text::uuid[], $4::float8::bigint, $5::float8::bigint)
                as removed,
              dueline.note_retention($1::uuid, $2::text, $6::float8::bigint, $7::uuid)`,
            [tenantId, kind, listOf(ids), before, now, next?.createdAt ?? null, next?.id ?? null]
          )
          .pipe(
            Effect.map(([row]) => row?.removed ?? { streams: 0, events: 0 }),
            asking("remove what has been kept long enough")
          ),
      removeLetters: (tenantId, before, limit) =>
        writer
          .unsafe<{ readonly removed: number }>(
            "select dueline.remove_letters($1::uuid, $2::float8::bigint, $3::int4) as removed",
            [tenantId, before, limit]
          )
          .pipe(
            Effect.map(([row]) => row?.removed ?? 0),
            asking("remove dead letters")
          )
    })
  )
)
