/** What `dueline sql` and `dueline scrub` do. */
import * as EmbeddedServer from "@dueline/postgres/embedded/EmbeddedServer"
import { readOnly, type ReadRow, readRowLimit } from "@dueline/postgres/admin/readOnly"
import { type EmbeddedPlace, scrub } from "@dueline/postgres/embedded/scrub"
import { serverAccount } from "@dueline/postgres/embedded/ServerBinaries"
import { serverPlace } from "@dueline/postgres/embedded/ServerPlace"
import { Effect } from "effect"
import { existsSync } from "node:fs"
import * as Configuration from "../../Configuration.ts"
import { homeAt } from "../../Home.ts"
import { table } from "../format.ts"
import { noteCommand } from "../audit/noteCommand.ts"
import { CommandFailed, print, Shell, usage } from "../Shell.ts"

/** The server names its socket after its port. */
const entrance = { port: 5432, username: "dueline_admin", database: "dueline" }

/**
 * The embedded server itself: a running program's, else one that is started for this command and stopped after. Makes no database: a home
 * without one is another home than was meant.
 */
export const withEmbedded = Effect.fnUntraced(function* <A, E>(
  settings: Configuration.Settings,
  use: (place: EmbeddedPlace) => Effect.Effect<A, E>
) {
  const { data, path } = homeAt(settings.DUELINE_HOME)
  if (!existsSync(data)) {
    return yield* new CommandFailed({
      message: `There is no database in ${path}`,
      notes: ["start the program once with `npm start`, or set DUELINE_HOME to its home"]
    })
  }
  const at = (host: string) => use({ ...entrance, host })
  return yield* EmbeddedServer.make({ home: path, durable: settings.DUELINE_FSYNC === "on" }).pipe(
    Effect.flatMap(({ socketDirectory }) => at(socketDirectory)),
    Effect.scoped,
    Effect.catchTag("HomeInUse", () => at(serverPlace(path, serverAccount()).socketDirectory))
  )
})

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

export const scrubDatabase = Effect.fnUntraced(function* () {
  const settings = yield* Configuration.read((yield* Shell).env)
  if (settings.DUELINE_DATABASE_URL !== null) {
    return yield* new CommandFailed({
      message: "The database is a server's own: its files and its log are its administrator's business",
      notes: ["there: vacuum full dueline.personal_data; its log and its archive expire by its own settings"]
    })
  }
  yield* Effect.catchTag(
    withEmbedded(settings, scrub),
    "SqlError",
    (cause) => new CommandFailed({ message: `Not done: ${cause.message}`, notes: ["run it again"] })
  )
  yield* noteCommand(settings, { action: "database.scrub", resource: null })
  yield* print({ scrubbed: true }, () => "nothing of erased customers is left in the files of the database")
})
