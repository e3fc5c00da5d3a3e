/**
 * The database's functions, as `packages/postgres/functions` has them: not versioned, but replaced whenever their text is another than the
 * one a database got last (as Flyway's repeatable migrations). Each `create or replace function` says in comment lines before it who may
 * call it (`-- callers: dueline_edge`, or `none`) and, when it runs with other rights than its caller's, whose it is (`-- owner: …`).
 *
 * Rows as JSON are written once, in TypeScript, for statements and functions alike: `{{bin r}}` stands for a bin's row that goes by `r`,
 * `{{call …}}` for what follows from the columns of calls.
 */
import { Effect } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { createHash } from "node:crypto"
import { callTexts } from "../callColumns.ts"
import { rowTables } from "../rowTables.ts"
import type { DatabaseSchema } from "./DatabaseSchema.ts"
import { partsOf } from "./Migration.ts"
import { type SqlFile, sqlFiles } from "./sqlFiles.ts"

export interface FunctionPart {
  readonly statement: string
  /** Null for a statement that makes no function. */
  readonly rights: { readonly callers: ReadonlyArray<string>; readonly owner: string } | null
}

export interface FunctionFile {
  readonly name: string
  /** Of the text with everything in its place, so that it changes with what the text is made from. */
  readonly checksum: string
  readonly parts: ReadonlyArray<FunctionPart>
}

/**
 * Settings that pin a function's plans to its indexes. A plan made while the tables are empty would otherwise prefer to walk them,
 * and would be kept while they grow.
 */
const stablePlan = `set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
  set enable_bitmapscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
  set plan_cache_mode = force_generic_plan`

const texts: ReadonlyMap<string, string> = new Map([
  ["{{stable plan}}", stablePlan],
  ...Object.entries(callTexts).map(([name, text]) => [`{{call ${name}}}`, text] as const)
])

/** One of the texts, or a category and the alias of its row. */
const filled = (file: string, text: string): string =>
  text.replaceAll(/\{\{(\S+) (\w+)\}\}/g, (placeholder, what: string, alias: string) => {
    const written = texts.get(placeholder)
    if (written !== undefined) return written
    const row = rowTables.find(({ category }) => category === what)
    if (row === undefined) throw new Error(`${file}.sql: nothing stands for ${placeholder}`)
    return row.json(alias)
  })

const makesFunction = /^create or replace function dueline\./

const partOf = (file: string, comment: string, statement: string): FunctionPart => {
  if (!makesFunction.test(statement)) {
    if (/^create\b/.test(statement))
      throw new Error(`${file}.sql: only "create or replace function dueline.…" can be repeated`)
    return { statement, rights: null }
  }
  const callers = /^-- callers: (.+)$/m.exec(comment)?.[1]
  if (callers === undefined)
    throw new Error(`${file}.sql: "-- callers: …" is missing before ${statement.split("(")[0]}`)
  const owner = /^-- owner: (\w+)$/m.exec(comment)?.[1] ?? "dueline_owner"
  return { statement, rights: { callers: callers === "none" ? [] : callers.split(", "), owner } }
}

/** Throws when the file cannot be repeated, or has a function without callers. */
export const functionFileOf = ({ name, text }: SqlFile): FunctionFile => {
  if (!text.endsWith("\n;\n"))
    throw new Error(`${name}.sql: every statement ends before a line of its own that says ";"`)
  const parts = partsOf(text).map(({ comment, statement }) => partOf(name, comment, filled(name, statement)))
  return { name, checksum: createHash("sha256").update(JSON.stringify(parts)).digest("hex"), parts }
}

/** What programs of the previous release call and this one does not. */
export const keptFunctions: ReadonlyArray<FunctionFile> = sqlFiles("functions/kept").map(({ name, text }) =>
  functionFileOf({ name: `kept/${name}`, text })
)

export const functionFiles: ReadonlyArray<FunctionFile> = [
  ...keptFunctions,
  ...sqlFiles("functions").map(functionFileOf)
]

/**
 * Brings a database's functions to what this program calls, in one transaction: programs that are at work see all of them replaced at
 * once, and calls that are under way end with the body they began with. What no file defines any more is dropped, if it was made here.
 */
const roles = ["public", "dueline_writer", "dueline_edge", "dueline_worker", "dueline_ingest", "dueline_append"]

/** The function that this transaction wrote last, which is the one that the statement before made, with the types of its arguments. */
const writtenLast = `select oid::regprocedure::text as signature from pg_proc
  where pronamespace = 'dueline'::regnamespace and xmin = pg_current_xact_id()::xid order by cmin::text::bigint desc limit 1`

/** The rights stand as the file says, whatever an earlier text of it said. The owner is handed the function last. */
const rightsOf = (
  signature: string,
  { callers, owner }: NonNullable<FunctionPart["rights"]>
): ReadonlyArray<string> => [
  `revoke all on function ${signature} from ${roles.filter((role) => role !== owner).join(", ")}`,
  ...(callers.length === 0 ? [] : [`grant execute on function ${signature} to ${callers.join(", ")}`]),
  `alter function ${signature} owner to ${owner}`
]

/** Answers with the signature of the function that was made, if one was. */
const run = (sql: SqlClient, { rights, statement }: FunctionPart): Effect.Effect<ReadonlyArray<string>, SqlError> =>
  Effect.gen(function* () {
    yield* sql.unsafe(statement)
    if (rights === null) return []
    const [made] = yield* sql.unsafe<{ readonly signature: string }>(writtenLast)
    if (made === undefined) return yield* Effect.die(new Error(`made no function: ${statement}`))
    yield* Effect.forEach(rightsOf(made.signature, rights), (each) => sql.unsafe(each), { discard: true })
    return [made.signature]
  })

const replaceFile = (sql: SqlClient, schema: DatabaseSchema, file: FunctionFile) =>
  Effect.gen(function* () {
    const signatures = (yield* Effect.forEach(file.parts, (part) => run(sql, part))).flat()
    yield* sql.unsafe(
      `insert into dueline.repeatables (name, checksum, signatures, release, serves)
        values ($1, $2, array(select json_array_elements_text($3::text::json)), $4, $5)
        on conflict (name) do update set checksum = excluded.checksum, signatures = excluded.signatures, applied_at = now()`,
      [file.name, file.checksum, JSON.stringify(signatures), schema.release, schema.serves]
    )
  })

/**
 * A constraint, a trigger, a function whose body depends on the server, and what migrations make tables with: no file of functions defines them,
 * and they stay.
 */
const madeOtherwise: ReadonlyArray<string> = [
  "half",
  "refuse_change",
  "bins_within",
  "rows_table",
  "make_rows_table",
  "fill_columns",
  "mirror_tenants",
  "provision_known",
  "provision_tenant",
  "keep_for_subscriptions"
]

const madeIn = /create (?:or replace )?function dueline\.(\w+)/g

/** The names of all functions that programs made in this database: by a migration, or from files that a former program had. */
const namesMade = (schema: DatabaseSchema, before: ReadonlyArray<string>): ReadonlyArray<string> => {
  const texts = schema.migrations.flatMap(({ statements }) => statements)
  const ofMigrations = texts.flatMap((text) => [...text.matchAll(madeIn)].map(([, name = ""]) => name))
  const ofFiles = before.map((signature) => signature.replace(/^dueline\.|\(.*$/g, ""))
  return [...new Set([...ofMigrations, ...ofFiles])].filter((name) => !madeOtherwise.includes(name))
}

const recorded = "select unnest(signatures) as signature from dueline.repeatables"

const dropUndefined = (sql: SqlClient, names: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const gone = yield* sql.unsafe<{ readonly signature: string }>(
      `select p.oid::regprocedure::text as signature from pg_proc p
        where p.pronamespace = 'dueline'::regnamespace
          and exists (select from json_array_elements_text($1::text::json) n where n = p.proname)
          and p.oid::regprocedure::text not in (${recorded})`,
      [JSON.stringify(names)]
    )
    yield* Effect.forEach(gone, ({ signature }) => sql.unsafe(`drop function ${signature}`), { discard: true })
  })

/** Within a transaction, as the owner of the schema. */
export const replaceFunctions = (sql: SqlClient, schema: DatabaseSchema, files: ReadonlyArray<FunctionFile>) =>
  Effect.gen(function* () {
    const before = yield* sql.unsafe<{ readonly signature: string }>(recorded)
    yield* Effect.forEach(files, (file) => replaceFile(sql, schema, file), { discard: true })
    const present = JSON.stringify(schema.functions.map(({ name }) => name))
    yield* sql.unsafe(
      "delete from dueline.repeatables r where not exists (select from json_array_elements_text($1::text::json) n where n = r.name)",
      [present]
    )
    yield* sql.unsafe("update dueline.repeatables set release = $1, serves = $2", [schema.release, schema.serves])
    yield* dropUndefined(
      sql,
      namesMade(
        schema,
        before.map(({ signature }) => signature)
      )
    )
  })
