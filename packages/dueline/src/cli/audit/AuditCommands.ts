/** `dueline audit …`: who did what, and the proof that nobody has changed it since. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { Option } from "effect"
import { instant, loadWhenRun, optional, wholeNumber, switchFlag } from "../flags.ts"

const word = (name: string, metavar: string, description: string) =>
  optional(Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(description)))

const list = Command.make(
  "list",
  {
    tenant: Flag.String("tenant").pipe(
      Flag.withDefault("demo"),
      Flag.withMetavar("name"),
      Flag.withDescription("Of this tenant, by name or id")
    ),
    installation: switchFlag(
      "installation",
      "What belongs to no tenant: commands on the machine, and refusals of whoever is not known"
    ),
    actor: word("actor", "id", "Only what this one did: a token's subject, or api-key:ID"),
    resource: word("resource", "id", "Only about this"),
    outcome: optional(
      Flag.Literals("outcome", ["done", "refused", "left_out"]).pipe(Flag.withDescription("Only with this outcome"))
    ),
    correlation: word("correlation", "id", "Only under this correlation id"),
    from: instant("from", "Only since then (RFC 3339)"),
    to: instant("to", "Only before then (RFC 3339)"),
    order: Flag.Literals("order", ["desc", "asc"]).pipe(
      Flag.withDefault("desc"),
      Flag.withDescription("Newest first, or asc: oldest first")
    ),
    limit: wholeNumber("limit", "How many at the most", 1, 10_000).pipe(Flag.withDefault(50))
  },
  loadWhenRun(
    () => import("./audit.ts"),
    ({ listAudit }) => listAudit
  )
).pipe(
  Command.withDescription(
    "List what was done and refused, newest first or with --order asc oldest first: events of all kinds, and what is no event"
  ),
  Command.withExamples([
    { command: "dueline audit list --tenant acme --outcome refused", description: "Who tried what they may not" },
    { command: "dueline audit list --installation --json", description: "Commands on the machine, for a script" }
  ])
)

const exporting = Command.make(
  "export",
  {
    folder: Argument.String("folder").pipe(Argument.withDescription("A folder, made for it")),
    tenant: word("tenant", "tenant", "Only what is of this tenant, a workspace or an id; with --proofs"),
    proofs: switchFlag(
      "proofs",
      "With what proves of each leaf that it is in the signed tree, without the leaves of others"
    )
  },
  loadWhenRun(
    () => import("./exportAudit.ts"),
    ({ exportAudit }) => exportAudit
  )
).pipe(
  Command.withDescription(
    "Sign what is committed, and write all of it to a folder: leaves.ndjson with one event or entry a line, their hashes, and every checkpoint. " +
      "A program may be at work meanwhile. With the public key, the folder can be verified anywhere."
  ),
  Command.withShortDescription("Write what was sealed to a folder"),
  Command.withExamples([
    { command: "dueline audit export ./audit-2026-01", description: "For an auditor" },
    { command: "dueline audit export ./acme --tenant acme --proofs", description: "For a tenant" }
  ])
)

const verify = Command.make(
  "verify",
  {
    folder: Argument.String("folder").pipe(
      Argument.withDescription("An export; without one, the database of this installation"),
      Argument.optional,
      Argument.map(Option.getOrUndefined)
    ),
    checkpoints: word("checkpoints", "folder", "Checkpoints kept elsewhere, which have to agree too"),
    key: word("key", "key", "The public key, or a file that holds it (default: that of DUELINE_HOME)")
  },
  loadWhenRun(
    () => import("./audit.ts"),
    ({ verifyAudit }) => verifyAudit
  )
).pipe(
  Command.withDescription(
    "Hold every event and audit entry against the tree and the signed checkpoints, and name the first that was changed, added, moved, or is " +
      "missing. An export is verified without database and network. Exit code 1 when something is found."
  ),
  Command.withShortDescription("Say whether the history is what was sealed"),
  Command.withExamples([
    { command: "dueline audit verify", description: "The database of this installation" },
    { command: "dueline audit verify ./audit-2026-01 --key audit.key", description: "An export, anywhere" }
  ])
)

const checkpoint = Command.make(
  "checkpoint",
  {},
  loadWhenRun(
    () => import("./audit.ts"),
    ({ signCheckpoint }) => signCheckpoint
  )
).pipe(
  Command.withDescription("Seal and sign what is committed, and print the checkpoint, a C2SP signed note"),
  Command.withExamples([
    { command: "dueline audit checkpoint >> /mnt/elsewhere/checkpoints", description: "To a second place" }
  ])
)

const rotate = Command.make(
  "rotate",
  {},
  loadWhenRun(
    () => import("./audit.ts"),
    ({ rotateKey }) => rotateKey
  )
).pipe(
  Command.withDescription(
    "Sign checkpoints with a new key from now on. Both keys sign that it follows; what the earlier one signed stays signed, and it signs nothing larger."
  ),
  Command.withExamples([{ command: "dueline audit key rotate", description: "Prints the new public key" }])
)

const key = Command.make(
  "key",
  {},
  loadWhenRun(
    () => import("./audit.ts"),
    ({ printKey }) => printKey
  )
).pipe(
  Command.withDescription("Print the public key that checkpoints are verified with"),
  Command.withExamples([{ command: "dueline audit key > audit.key", description: "For whoever verifies" }]),
  Command.withSubcommands([rotate])
)

export const audit = Command.make("audit").pipe(
  Command.withDescription("List who did what, and prove that the history was not changed"),
  Command.withSubcommands([list, exporting, verify, checkpoint, key])
)
