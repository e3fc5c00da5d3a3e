/**
 * The rows of all tables as texts, exactly as PostgreSQL writes them, and back: how a database of a released version is stored beside
 * the tests. For databases of a few thousand rows, since all of it is held in memory.
 */
import { Effect } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"

export interface TableText {
  readonly name: string
  readonly columns: ReadonlyArray<{ readonly name: string; readonly type: string }>
  readonly rows: ReadonlyArray<ReadonlyArray<string | null>>
}

/** What migrations keep for themselves. */
const own = "'migrations', 'repeatables'"

/**
 * What is computed comes by itself. So does the transaction of an event: of another server's transactions this one would not know
 * which have ended. Positions stay, which keeps the order of the log.
 */
const columnsStatement = `select c.relname as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type
  from pg_class c join pg_attribute a on a.attrelid = c.oid
  where c.relnamespace = 'dueline'::regnamespace and c.relkind = 'r' and c.relname not in (${own})
    and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and not (c.relname = 'events' and a.attname = 'xact')
  order by c.relname, a.attnum`

/** Reads as a superuser, in the time zone UTC. */
export const readTables = (sql: SqlClient): Effect.Effect<ReadonlyArray<TableText>, SqlError> =>
  Effect.gen(function* () {
    yield* sql.unsafe("set time zone 'UTC'")
    const all = yield* sql.unsafe<{ readonly table: string; readonly name: string; readonly type: string }>(
      columnsStatement
    )
    const names = [...new Set(all.map(({ table }) => table))]
    return yield* Effect.forEach(names, (table) =>
      Effect.gen(function* () {
        const columns = all.filter((column) => column.table === table).map(({ name, type }) => ({ name, type }))
        const texts = columns.map(({ name }) => `${name}::text`).join(", ")
        const found = yield* sql.unsafe<{ readonly row: TableText["rows"][number] }>(
          `select to_json(array[${texts}]) as row from dueline.${table} order by 1::text`
        )
        return { name: table, columns, rows: found.map(({ row }) => row) }
      })
    )
  })

/** Into tables of the same version, as a superuser. Later rows get later positions. */
export const writeTables = (sql: SqlClient, tables: ReadonlyArray<TableText>): Effect.Effect<void, SqlError> =>
  sql.withTransaction(
    Effect.forEach(
      tables,
      ({ columns, name, rows }) =>
        Effect.gen(function* () {
          const names = columns.map((column) => column.name).join(", ")
          const texts = columns.map(({ type }, index) => `(r ->> ${index})::${type}`).join(", ")
          yield* sql.unsafe(
            `insert into dueline.${name} (${names}) overriding system value
              select ${texts} from json_array_elements($1::text::json) as r`,
            [JSON.stringify(rows)]
          )
          if (columns.some((column) => column.name === "position"))
            yield* sql.unsafe(
              `select setval(pg_get_serial_sequence('dueline.${name}', 'position'), coalesce((select max(position) from dueline.${name}), 0) + 1)`
            )
        }),
      { discard: true }
    )
  )
