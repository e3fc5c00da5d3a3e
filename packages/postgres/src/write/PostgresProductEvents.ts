/** Product events: groups of them through one function, on connections of their own; reads under row-level security. */
import type { EpochMillis } from "@dueline/contracts/Ids"
import type {
  ProductEventId,
  ReportedBy,
  ReportedEvent,
  StoredProductEvent
} from "@dueline/contracts/productEvent/ProductEvent"
import { ProductEvents, type ProductEventMark, type ToldProductEvent } from "@dueline/contracts/ports/ProductEvents"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { PgTypes } from "@effect/sql-pg"
import { Effect, Layer, Result } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { Database } from "../Database.ts"
import { asking, reading, serverWords } from "../SqlFailure.ts"
import { defaultGroupOptions, type GroupOptions, makeGroups } from "./ProductEventGroups.ts"

interface Entry {
  readonly by: ReportedBy
  readonly events: ReadonlyArray<ReportedEvent>
}

const { bool, float8, int4, text, uuid } = PgTypes.OID

const column = <Row>(rows: ReadonlyArray<Row>, oid: number, pick: (row: Row) => unknown) =>
  Result.getOrThrow(PgTypes.array(rows.map(pick), oid))

const parametersOf = (entries: ReadonlyArray<Entry>) => {
  const events = entries.flatMap(({ events }, index) => events.map((event) => ({ event, entry: index + 1 })))
  return [
    column(entries, uuid, ({ by }) => by.tenantId),
    column(entries, text, ({ by }) => by.workspace),
    column(entries, uuid, ({ by }) => by.apiKeyId),
    column(entries, text, ({ by }) => by.correlationId),
    column(entries, text, ({ by }) => by.schemaVersion),
    column(events, int4, ({ entry }) => entry),
    column(events, uuid, ({ event }) => event.id),
    column(events, text, ({ event }) => event.eventId),
    column(events, bool, ({ event }) => event.given),
    column(events, text, ({ event }) => event.type),
    column(events, text, ({ event }) => event.name),
    column(events, text, ({ event }) => event.userId),
    column(events, text, ({ event }) => event.anonymousId),
    column(events, float8, ({ event }) => event.occurredAt),
    column(events, text, ({ event }) => event.document)
  ]
}

const appendStatement = `select dueline.append_product_events(${Array.from({ length: 15 }, (_, n) => `$${n + 1}`).join(", ")}) as known`

/** The day ended between two looks at the clock, or two groups waited for each other: nothing was stored, and the next try meets neither. */
const passes = (error: SqlError): boolean => serverWords(error).code.startsWith("40")

const store =
  (sql: SqlClient) =>
  (entries: ReadonlyArray<Entry>): Effect.Effect<ReadonlyArray<ReadonlySet<ProductEventId>>, StoreUnavailable> =>
    Effect.suspend(() =>
      sql.unsafe<{ readonly known: ReadonlyArray<ProductEventId> | null }>(appendStatement, parametersOf(entries))
    ).pipe(
      Effect.retry({ times: 2, while: passes }),
      asking("store product events"),
      Effect.map(([row]) => {
        const known = new Set(row?.known)
        return entries.map(({ events }) => new Set(events.flatMap(({ id }) => (known.has(id) ? [] : [id]))))
      })
    )

const listStatement =
  "select dueline.list_product_events($1::uuid, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text, $8::float8, $9::float8, " +
  "$10::float8, $11::uuid, $12::int4, $13::int4) as page"

/** Rows that one page of a list may look at. */
const scanBudget = 2_000

/** Before the first event. */
const fromTheStart = { receivedAt: 0, id: "00000000-0000-0000-0000-000000000000" }

interface Page {
  readonly events: ReadonlyArray<StoredProductEvent>
  readonly next: ProductEventMark | null
}

const list =
  (sql: SqlClient): ProductEvents["Service"]["list"] =>
  ({ after, anonymousId, eventId, from, limit, name, tenantId, to, type, userId, workspace }) =>
    sql
      .unsafe<{ readonly page: Page }>(listStatement, [
        tenantId,
        workspace ?? null,
        type ?? null,
        name ?? null,
        userId ?? null,
        anonymousId ?? null,
        eventId ?? null,
        from ?? null,
        to ?? null,
        after?.createdAt ?? null,
        after?.id ?? null,
        limit,
        scanBudget
      ])
      .pipe(
        Effect.map(([row]) => row?.page ?? { events: [], next: null }),
        reading("list product events")
      )

const correlated =
  (sql: SqlClient): ProductEvents["Service"]["correlated"] =>
  ({ after, correlationId, limit, tenantId }) => {
    const { id, receivedAt } = after ?? fromTheStart
    return sql
      .unsafe<{ readonly event: ToldProductEvent & { readonly receivedAt: EpochMillis } }>(
        "select event from dueline.correlated_product_events($1::uuid, $2::text, $3::float8, $4::uuid, $5::int4) as event",
        [tenantId, correlationId, receivedAt, id, limit]
      )
      .pipe(
        Effect.map((rows) => rows.map(({ event }) => event)),
        reading("read product events of a timeline")
      )
  }

export const layer = (options: GroupOptions = defaultGroupOptions): Layer.Layer<ProductEvents, never, Database> =>
  Layer.effect(
    ProductEvents,
    Effect.gen(function* () {
      const { edge, intake } = yield* Database
      const inGroups = yield* makeGroups(options, store(intake))
      return ProductEvents.of({
        append: (by, events) => inGroups(by.tenantId, { by, events }, events.length),
        list: list(edge),
        correlated: correlated(edge)
      })
    })
  )

/** Days of product events that are made ahead: so long may nobody do it. */
const daysAhead = 7

/** Makes the days to come and drops those that are more than `keepDays` past; says how many it made and dropped. */
export const keepDays = (keepDays: number): Effect.Effect<number, StoreUnavailable, Database> =>
  Effect.flatMap(Database, ({ worker }) =>
    worker
      .unsafe<{ readonly done: number }>("select dueline.keep_product_event_days($1::int4, $2::int4) as done", [
        daysAhead,
        keepDays
      ])
      .pipe(
        Effect.map(([row]) => row?.done ?? 0),
        asking("keep the days of product events")
      )
  )
