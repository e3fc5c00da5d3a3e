/**
 * Databases of homes that released versions made, stored for the tests of the next one: what they hold and what a program can find in their schema,
 * written as texts and put back.
 */
import { Effect } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { withSession } from "../Database.ts"
import { serverAccount } from "../embedded/ServerBinaries.ts"
import { serverPlace } from "../embedded/ServerPlace.ts"
import { migrate } from "../schema/Migrations.ts"
import { programSchema } from "../schema/migrations/DatabaseSchema.ts"

export interface HomeContents {
  readonly schema: SchemaDescription
  readonly tables: ReadonlyArray<TableText>
  /** The database server's process. */
  readonly postmaster: number
}

const superuserAt = (home: string) => {
  const { socketDirectory } = serverPlace(home, serverAccount())
  return { host: socketDirectory, port: 5432, username: "dueline_admin", database: "dueline" }
}

/** One statement, as the superuser. */
export const askHome = (home: string, statement: string): Promise<ReadonlyArray<object>> =>
  Effect.runPromise(withSession(superuserAt(home), (sql) => sql.unsafe<object>(statement)))

export const readHome = (home: string): Promise<HomeContents> => {
  const { data } = serverPlace(home, serverAccount())
  const postmaster = Number(readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[0])
  return Effect.runPromise(
    withSession(superuserAt(home), (sql) =>
      Effect.gen(function* () {
        return { schema: yield* describeSchema(sql), tables: yield* readTables(sql), postmaster }
      })
    )
  )
}

/** What a program can find in a schema: what is recorded of each release, so that the next one can be held against it. */
export interface SchemaDescription {
  /** `table.column type`, with `not null` and how it comes to its value by itself; of a view the type alone. */
  readonly columns: ReadonlyArray<string>
  readonly constraints: ReadonlyArray<string>
  readonly indexes: ReadonlyArray<string>
  readonly policies: ReadonlyArray<string>
  /** `role: what it may do with what`. */
  readonly rights: ReadonlyArray<string>
  /** `name(arguments) returns …`: who may call it. */
  readonly functions: ReadonlyArray<string>
}

const own = "'migrations', 'repeatables'"

const statements: Readonly<Record<keyof SchemaDescription, string>> = {
  columns: `select format('%s.%s %s%s%s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
      case when a.attnotnull then ' not null' else '' end,
      case when a.attidentity <> '' then ' identity' when a.attgenerated <> '' then ' generated' else '' end,
      coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')) as text
    from pg_class c join pg_attribute a on a.attrelid = c.oid left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = 'dueline'::regnamespace and c.relkind in ('r', 'v') and c.relname not in (${own}) and a.attnum > 0 and not a.attisdropped`,
  constraints: `select format('%s %s %s', c.relname, k.conname, pg_get_constraintdef(k.oid)) as text
    from pg_constraint k join pg_class c on c.oid = k.conrelid
    where c.relnamespace = 'dueline'::regnamespace and k.contype in ('p', 'u', 'c', 'x', 'f') and c.relname not in (${own})`,
  indexes: `select pg_get_indexdef(i.indexrelid) as text from pg_index i join pg_class c on c.oid = i.indrelid
    where c.relnamespace = 'dueline'::regnamespace and c.relname not in (${own})`,
  policies: `select format('%s %s %s %s using (%s) with check (%s)', tablename, policyname, cmd, roles, qual, with_check) as text
    from pg_policies where schemaname = 'dueline'`,
  rights: `select format('%s: %s on %s.%s', grantee, lower(privilege_type), table_name, column_name) as text
    from information_schema.column_privileges
    where table_schema = 'dueline' and table_name not in (${own}) and grantee like 'dueline\\_%' and grantee <> 'dueline_owner'
    union select format('%s: delete on %s', grantee, table_name) from information_schema.table_privileges
    where table_schema = 'dueline' and privilege_type = 'DELETE' and grantee like 'dueline\\_%' and grantee <> 'dueline_owner'`,
  functions: `select format('%s returns %s: %s', p.oid::regprocedure, pg_get_function_result(p.oid), array_to_string(array(
        select case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee) end
        from aclexplode(p.proacl) a where a.grantee <> p.proowner order by 1), ', ')) as text
    from pg_proc p where p.pronamespace = 'dueline'::regnamespace`
}

/** Each list in the order of its texts. */
export const describeSchema = (sql: SqlClient): Effect.Effect<SchemaDescription, SqlError> =>
  Effect.all(
    {
      columns: texts(sql, statements.columns),
      constraints: texts(sql, statements.constraints),
      indexes: texts(sql, statements.indexes),
      policies: texts(sql, statements.policies),
      rights: texts(sql, statements.rights),
      functions: texts(sql, statements.functions)
    },
    { concurrency: 1 }
  )

const texts = (sql: SqlClient, statement: string) =>
  Effect.map(sql.unsafe<{ readonly text: string }>(statement), (rows) => rows.map(({ text }) => text).sort())

/** Puts a stored database of a released version back, as its own program left it. */
export const storedTables = (folder: string): ReadonlyArray<TableText> =>
  JSON.parse(gunzipSync(readFileSync(join(folder, "tables.json.gz"))).toString("utf8"))

/** The schema of a release that knew this many migrations, and no functions but those of its migrations. */
export const migrateTo = (sql: SqlClient, steps: number) =>
  migrate(sql, {
    canLogIn: true,
    schema: { ...programSchema, migrations: programSchema.migrations.slice(0, steps), functions: [] }
  })

/** Into an empty database, as a superuser. */
export const restoreTables = (sql: SqlClient, folder: string, steps: number) =>
  Effect.andThen(migrateTo(sql, steps), writeTables(sql, storedTables(folder)))

/**
 * The rows of all tables as texts, exactly as PostgreSQL writes them, and back: how a database of a released version is stored beside
 * the tests. For databases of a few thousand rows, since all of it is held in memory.
 */
export interface TableText {
  readonly name: string
  readonly columns: ReadonlyArray<{ readonly name: string; readonly type: string }>
  readonly rows: ReadonlyArray<ReadonlyArray<string | null>>
}

/** What migrations keep for themselves. */
const ownTables = "'migrations', 'repeatables'"

/**
 * What is computed comes by itself. So does the transaction of an event: of another server's transactions this one would not know
 * which have ended. Positions stay, which keeps the order of the log.
 */
const columnsStatement = `select c.relname as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type
  from pg_class c join pg_attribute a on a.attrelid = c.oid
  where c.relnamespace = 'dueline'::regnamespace and c.relkind = 'r' and c.relname not in (${ownTables})
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
