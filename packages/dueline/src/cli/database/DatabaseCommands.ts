/** `dueline migrate`, `verify`, `projections`, `sql` and `scrub`: what is asked of the database itself. */
import { categories, kinds } from "@dueline/contracts/kinds"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { loadWhenRun, optional } from "../flags.ts"

export const migrate = Command.make(
  "migrate",
  {},
  loadWhenRun(
    () => import("./migrateDatabase.ts"),
    ({ migrateDatabase }) => migrateDatabase
  )
).pipe(
  Command.withDescription(
    "Bring the database to the schema of this program, and print what was applied. `serve` does so too. Doing it twice does nothing."
  ),
  Command.withShortDescription("Bring the database to the schema of this program"),
  Command.withExamples([{ command: "dueline migrate --json", description: "For a deployment" }])
)

export const verify = Command.make(
  "verify",
  {},
  loadWhenRun(
    () => import("./readModels.ts"),
    ({ verifyDatabase }) => verifyDatabase
  )
).pipe(
  Command.withDescription(
    "Compare the read models and snapshots with what the events say, field by field, and the events among themselves; open every sealed " +
      "text; look for what receipts, profiles and tenants refer to. A program may be at work meanwhile. Exit code 1 when something is " +
      "wrong; `dueline projections rebuild` puts rows and snapshots right. Not found: a call that was removed with all that is kept of it, " +
      "and metadata that was exchanged for other possible values."
  ),
  Command.withShortDescription("Compare the read models with what the events say"),
  Command.withExamples([{ command: "dueline verify", description: "After a restore, say" }])
)

/** The categories by what people call many of them. */
const names = Object.fromEntries(categories.map((category) => [kinds[category].plural, category]))

const only = optional(
  Flag.Literals("only", Object.keys(names)).pipe(
    Flag.map((name) => names[name]),
    Flag.withDescription("Only this one of them")
  )
)

const rebuild = Command.make(
  "rebuild",
  { only },
  loadWhenRun(
    () => import("./readModels.ts"),
    ({ rebuildProjections }) => rebuildProjections
  )
).pipe(
  Command.withDescription(
    "Read all events, and write every row of the read models again that says something else. A program may be at work meanwhile; what is " +
      "right is not touched, and stopping half-way does no harm. Exit code 1 when something could not be put right."
  ),
  Command.withShortDescription("Make the read models anew from the events"),
  Command.withExamples([
    { command: "dueline projections rebuild", description: "All of them" },
    { command: "dueline projections rebuild --only orders --json", description: "One, for a script" }
  ])
)

export const projections = Command.make("projections").pipe(
  Command.withDescription("Rebuild the read models"),
  Command.withSubcommands([rebuild])
)

export const sql = Command.make(
  "sql",
  {
    statement: Argument.String("statement").pipe(Argument.withDescription("One query: select, with, values or table"))
  },
  loadWhenRun(
    () => import("./embeddedDatabase.ts"),
    ({ readSql }) => readSql
  )
).pipe(
  Command.withDescription(
    "Run one query against the database of this installation and print its rows, a thousand at the most. It reads, and changes nothing: the " +
      "transaction is read only, ends after 30 seconds, and on the embedded server belongs to a role that may read tables and no more. A " +
      "program may be at work meanwhile. Behind DUELINE_DATABASE_URL it has the rights of that URL's login."
  ),
  Command.withShortDescription("Run one query, read only"),
  Command.withExamples([
    { command: `dueline sql "select count(*) from dueline.outbox"`, description: "Facts that wait for the bus" },
    { command: `dueline sql --json "table dueline.leases"`, description: "For a script" }
  ])
)

export const scrub = Command.make(
  "scrub",
  {},
  loadWhenRun(
    () => import("./embeddedDatabase.ts"),
    ({ scrubDatabase }) => scrubDatabase
  )
).pipe(
  Command.withDescription(
    "Remove what deleted personal data leaves behind in the files of the embedded database: the table is written anew, and finished parts of " +
      "the write-ahead log are removed. A program may be at work meanwhile; writing customers waits for some moments. Backups are not touched."
  ),
  Command.withShortDescription("Remove what erased customers leave behind in files"),
  Command.withExamples([
    { command: "dueline scrub", description: "Once a month, say, or after an erasure that must not wait" }
  ])
)
