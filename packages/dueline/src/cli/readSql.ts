/** What `dueline sql` does. */
import { readOnly, type ReadRow, readRowLimit } from "@dueline/postgres/readOnly"
import { Effect } from "effect"
import * as Configuration from "../Configuration.ts"
import { CommandFailed, usage } from "./CommandFailed.ts"
import { print, Shell } from "./Shell.ts"
import { table } from "./table.ts"
import { withEmbedded } from "./withEmbedded.ts"

/** The cursor that it becomes takes only these; the server's own complaint would name the cursor. */
const query = /^\s*(?:select|with|values|table)\b/iu

const cellOf = (value: unknown): string => {
  if (value === null || value === undefined) return "-"
  if (value instanceof Date) return value.toISOString()
  return typeof value === "object" ? JSON.stringify(value) : String(value)
}

export const readSql = Effect.fnUntraced(function* ({ statement }: { readonly statement: string }) {
  const settings = yield* Configuration.read((yield* Shell).env)
  if (!query.test(statement)) {
    return yield* usage("`dueline sql` takes one query: select, with, values or table. It changes nothing.")
  }
  const asked = statement.replace(/;\s*$/u, "")
  const url = settings.DUELINE_DATABASE_URL
  const found = yield* Effect.catchTag(
    url === null ? withEmbedded(settings, (place) => readOnly(place, asked)) : readOnly({ url }, asked),
    "SqlError",
    (error) => new CommandFailed({ message: `The database refused: ${wordsOf(error)}` })
  )
  const rows = found.slice(0, readRowLimit)
  const more = found.length > readRowLimit
  yield* print({ rows, more }, () => (rows.length === 0 ? "no rows" : table(linesOf(rows))))
  if (more)
    yield* new CommandFailed({ message: `Only the first ${readRowLimit} rows are shown: add a limit or a where` })
})

const linesOf = (rows: ReadonlyArray<ReadRow>): ReadonlyArray<ReadonlyArray<string>> => {
  const columns = Object.keys(rows[0] ?? {})
  return [columns, ...rows.map((row) => columns.map((column) => cellOf(row[column])))]
}

/** What the server itself said stands at the end of the chain of causes. */
const wordsOf = (error: unknown): string => {
  let last = error
  while (last instanceof Error && last.cause instanceof Error) last = last.cause
  return last instanceof Error ? last.message : String(last)
}
