/** What a program can find in a schema: what is recorded of each release, so that the next one can be held against it. */
import { Effect } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"

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
