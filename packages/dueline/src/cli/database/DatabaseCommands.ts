/** `dueline migrate`, `verify`, `projections`, `sql`, `scrub`, `backup`, `restore` and `erasures`: what is asked of the database itself. */
import { categories, kinds } from "@dueline/contracts/kinds"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { loadWhenRun, optional, switchFlag } from "../flags.ts"

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

const showRetention = Command.make(
  "show",
  {},
  loadWhenRun(
    () => import("../access/tenantRules.ts"),
    ({ showRetention }) => showRetention
  )
).pipe(
  Command.withDescription(
    "Show how long each tenant's calls, ingestions and dead letters are kept, and how many of them would be removed now. It looks at all that was " +
      "made before that time."
  ),
  Command.withShortDescription("Show how long things are kept"),
  Command.withExamples([{ command: "dueline retention show --json", description: "For a script" }])
)

const setRetention = Command.make(
  "set",
  {
    tenant: Argument.String("tenant").pipe(Argument.withDescription("Its workspace, or its id")),
    days: Argument.String("days").pipe(
      Argument.withDescription("Days, forever, or default: as long as the installation")
    )
  },
  loadWhenRun(
    () => import("../access/tenantRules.ts"),
    ({ setRetention }) => setRetention
  )
).pipe(
  Command.withDescription(
    "Say how long a tenant's calls, ingestions and dead letters are kept, as `PUT /v1/retention` does: within what DUELINE_RETENTION and " +
      "DUELINE_RETENTION_LEAST allow, from the next removal on. What is removed cannot be brought back."
  ),
  Command.withShortDescription("Say how long a tenant's things are kept"),
  Command.withExamples([
    { command: "dueline retention set acme 30", description: "What ended 30 days ago is removed" },
    { command: "dueline retention set acme default", description: "As long as the installation keeps things" }
  ])
)

const runRetention = Command.make(
  "run",
  {
    dryRun: switchFlag("dry-run", "Say what would be removed, and remove nothing")
  },
  loadWhenRun(
    () => import("../access/tenantRules.ts"),
    ({ runRetention }) => runRetention
  )
).pipe(
  Command.withDescription(
    "Remove now what has been kept long enough, as a running program does by itself. One may be at work meanwhile; stopping half-way does no harm. " +
      "What is not sealed yet stays."
  ),
  Command.withShortDescription("Remove now what has been kept long enough"),
  Command.withExamples([{ command: "dueline retention run --dry-run", description: "Look before" }])
)

export const retention = Command.make("retention").pipe(
  Command.withDescription("How long things are kept: DUELINE_RETENTION, and DUELINE_RETENTION_EXPORT"),
  Command.withSubcommands([showRetention, setRetention, runRetention])
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

const passphraseFile = optional(
  Flag.String("passphrase-file").pipe(
    Flag.withMetavar("path"),
    Flag.withDescription("A file that holds the passphrase (else DUELINE_BACKUP_PASSPHRASE); at least 12 characters")
  )
)

export const backup = Command.make(
  "backup",
  {
    file: Argument.String("file").pipe(Argument.withDescription("The file to write; it must not be there yet")),
    encrypt: switchFlag("encrypt", "Seal the file with a passphrase, and put the keys of the installation into it"),
    passphraseFile,
    unchecked: switchFlag(
      "unchecked",
      "Do not restore and verify it at the end; then nobody knows whether it can be restored"
    )
  },
  loadWhenRun(
    () => import("./backups.ts"),
    ({ backupDatabase }) => backupDatabase
  )
).pipe(
  Command.withDescription(
    "Copy the embedded database into one file, as it is at the instant the copying ends. A program may be at work meanwhile. The file is then " +
      "restored into a temporary home (in TMPDIR) and verified before this says done. Without --encrypt the keys are left out: keep the " +
      "directory `keys` of the home elsewhere."
  ),
  Command.withShortDescription("Copy the embedded database into one file, and check the copy"),
  Command.withExamples([
    {
      command: "dueline backup /backups/monday.dueline --passphrase-file /etc/dueline/backup.pass",
      description: "Keys included"
    },
    { command: "dueline backup /backups/monday.dueline --json", description: "Without keys, for a script" }
  ])
)

export const restore = Command.make(
  "restore",
  {
    file: Argument.String("file").pipe(Argument.withDescription("What `dueline backup` wrote")),
    passphraseFile,
    erasures: optional(
      Flag.String("erasures").pipe(
        Flag.withMetavar("path"),
        Flag.withDescription("A list of `dueline erasures list`: who is on it is erased again")
      )
    )
  },
  loadWhenRun(
    () => import("./backups.ts"),
    ({ restoreDatabase }) => restoreDatabase
  )
).pipe(
  Command.withDescription(
    "Put a backup into DUELINE_HOME, which must have no database yet, start it once, and verify it. Nothing is left behind when the file is " +
      "damaged, not whole, or does not open. The program is started afterwards, as ever."
  ),
  Command.withShortDescription("Put a backup into an empty home, and verify it"),
  Command.withExamples([
    { command: "DUELINE_HOME=/srv/dueline dueline restore /backups/monday.dueline", description: "Into a new home" }
  ])
)

const listed = Command.make(
  "list",
  {},
  loadWhenRun(
    () => import("./erasures.ts"),
    ({ listErasures }) => listErasures
  )
).pipe(
  Command.withDescription(
    "Print all erased customers of all tenants, one JSON document a line: ids and times, nothing else"
  ),
  Command.withExamples([
    {
      command: "dueline erasures list > /elsewhere/erasures.ndjson",
      description: "Each hour, to where the backups are not"
    }
  ])
)

const applied = Command.make(
  "apply",
  { file: Argument.String("file").pipe(Argument.withDescription("What `dueline erasures list` printed")) },
  loadWhenRun(
    () => import("./erasures.ts"),
    ({ applyErasureList }) => applyErasureList
  )
).pipe(
  Command.withDescription(
    "Erase the customers on the list who are in this database and are not erased. Doing it twice does nothing. Exit code 1 when some have " +
      "open orders, which keep a customer."
  ),
  Command.withExamples([
    { command: "dueline erasures apply /elsewhere/erasures.ndjson", description: "After a restore" }
  ])
)

export const erasures = Command.make("erasures").pipe(
  Command.withDescription("Carry erasures over a restore: a backup that was made before one does not know of it"),
  Command.withSubcommands([listed, applied])
)
