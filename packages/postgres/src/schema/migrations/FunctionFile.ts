/**
 * The database's functions, as `packages/postgres/functions` has them: not versioned, but replaced whenever their text is another than the
 * one a database got last (as Flyway's repeatable migrations). Each `create or replace function` says in comment lines before it who may
 * call it (`-- callers: dueline_edge`, or `none`) and, when it runs with other rights than its caller's, whose it is (`-- owner: …`).
 *
 * Rows as JSON are written once, in TypeScript, for statements and functions alike: `{{bin r}}` stands for a bin's row that goes by `r`,
 * `{{call …}}` for what follows from the columns of calls.
 */
import { createHash } from "node:crypto"
import { callTexts } from "../callColumns.ts"
import { rowTables } from "../rowTables.ts"
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
