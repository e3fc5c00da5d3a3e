/** `dueline sql` and `dueline scrub`: what an operator needs of the embedded database, which has no port and no client. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { lazily } from "./lazily.ts"

export const sql = Command.make(
  "sql",
  {
    statement: Argument.String("statement").pipe(Argument.withDescription("One query: select, with, values or table"))
  },
  lazily(
    () => import("./readSql.ts"),
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
  lazily(
    () => import("./scrubDatabase.ts"),
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
