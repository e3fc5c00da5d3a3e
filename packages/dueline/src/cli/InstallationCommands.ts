/** `dueline doctor`, `bus` and `token`: what an operator asks of an installation. */
import { Role } from "@dueline/contracts/Role"
import { AccessScope } from "@dueline/contracts/api/Access"
import { Subject } from "@dueline/contracts/api/Wire"
import { Effect } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Configuration from "../Configuration.ts"
import { deploymentOf, readRoles } from "../Deployment.ts"
import { Shell, usage } from "./Shell.ts"
import {
  callFlags,
  durationBetween,
  expectedAddress,
  isAddress,
  loadWhenRun,
  optional,
  switchFlag,
  textFlag
} from "./flags.ts"

export const doctor = Command.make(
  "doctor",
  {},
  loadWhenRun(
    () => import("./examineInstallation.ts"),
    ({ examineInstallation }) => examineInstallation
  )
).pipe(
  Command.withDescription(
    "Look at home, keys, disk, database and its sessions as a start does, and print what is wrong and what to do. A program may be running; " +
      "if none is, the embedded database is started for the look and stopped again. Nothing is changed. Exit code 1 when something is found."
  ),
  Command.withShortDescription("Say what is wrong with this installation"),
  Command.withExamples([{ command: "dueline doctor --json", description: "For a deployment, before a start" }])
)

export const overview = Command.make(
  "overview",
  {
    installation: switchFlag(
      "installation",
      "All tenants together; a token of your own needs the scope ops:tenants.read"
    )
  },
  loadWhenRun(
    () => import("./overview.ts"),
    ({ showOverview }) => showOverview
  )
).pipe(
  Command.withDescription(
    "Show how everything stands: calls by state, what is late, what failed in the last hour and where, open circuits, dead letters, what came in " +
      "and waits. Costs the same however many calls there are."
  ),
  Command.withShortDescription("Show how everything stands"),
  Command.withExamples([
    { command: "dueline overview --installation", description: "Across all tenants" },
    { command: "dueline overview --json", description: "For a script" }
  ]),
  Command.withGlobalFlags(callFlags)
)

const status = Command.make(
  "status",
  {},
  loadWhenRun(
    () => import("./busStatus.ts"),
    ({ printBusStatus }) => printBusStatus
  )
).pipe(
  Command.withDescription(
    "Show the streams and consumers on the NATS server of DUELINE_NATS_URL: how much lies there, who is behind, and what is not " +
      "set up as this program wants it. Exit code 1 when a stream is missing or differs."
  ),
  Command.withShortDescription("Show the streams and consumers on the NATS server"),
  Command.withExamples([{ command: "dueline bus status --json", description: "For a script" }])
)

export const bus = Command.make("bus").pipe(
  Command.withDescription("Look at the message broker of an installation that is taken apart"),
  Command.withSubcommands([status])
)

const monthMs = 30 * 86_400_000

const tokenFlags = {
  tenant: Flag.String("tenant").pipe(
    Flag.withDefault("demo"),
    Flag.withMetavar("name"),
    Flag.withDescription("The tenant the bearer acts for, by name or id")
  ),
  scopes: Flag.Literals("scope", AccessScope.literals).pipe(
    Flag.withDescription(
      "What the bearer may do; may be repeated (default: everything in the tenant, nothing across tenants)"
    ),
    Flag.atLeast(0)
  ),
  roles: Flag.String("role").pipe(
    Flag.withMetavar("name"),
    Flag.withDescription(
      "What the bearer may do by a role: viewer, editor, admin, or one of DUELINE_ROLES; may be repeated"
    ),
    Flag.atLeast(0)
  ),
  ttlMs: durationBetween("ttl", "How long it is good (default 1h)", 1_000, monthMs).pipe(Flag.withDefault(3_600_000)),
  unchecked: switchFlag("unchecked", "Do not ask the database whether there is such a tenant"),
  subject: textFlag("subject", Subject, "1 to 255 printable characters on one line").pipe(
    Flag.withDefault("dueline-cli"),
    Flag.withMetavar("name"),
    Flag.withDescription("Who the bearer is; written beside every change they make")
  )
}

export const consoleLink = Command.make(
  "console",
  {
    tenants: Flag.String("tenant").pipe(
      Flag.withMetavar("name"),
      Flag.withDescription("A tenant the person may choose, by name or id; may be repeated (default: demo)"),
      Flag.atLeast(0)
    ),
    roles: tokenFlags.roles,
    scopes: tokenFlags.scopes,
    operator: switchFlag("operator", "May make, rename, suspend and resume tenants, too"),
    subject: textFlag("subject", Subject, "1 to 255 printable characters on one line").pipe(
      Flag.withDefault("operator"),
      Flag.withMetavar("name"),
      Flag.withDescription("Who the person is; written beside every change they make")
    ),
    server: optional(
      Flag.String("server").pipe(
        Flag.filter(isAddress, () => expectedAddress),
        Flag.withMetavar("url"),
        Flag.withDescription("Where browsers reach the program (else DUELINE_PUBLIC_URL, else http://127.0.0.1:$PORT)")
      )
    )
  },
  loadWhenRun(
    () => import("./access/consoleLink.ts"),
    ({ printConsoleLink }) => printConsoleLink
  )
).pipe(
  Command.withDescription(
    "Print a link that signs a person in to the console, once, within ten minutes. Whoever can run this, with DUELINE_HOME or DUELINE_DATABASE_URL, runs the " +
      "installation. The session lasts 30 days, or until it is unused for a day, or ended."
  ),
  Command.withShortDescription("Print a link that signs in to the console"),
  Command.withExamples([
    { command: "dueline console --tenant acme", description: "Everything in one tenant" },
    { command: "dueline console --tenant acme --role viewer --subject ann", description: "For somebody who looks on" }
  ])
)

export const token = Command.make(
  "token",
  tokenFlags,
  loadWhenRun(
    () => import("./access/tokens.ts"),
    ({ printToken }) => printToken
  )
).pipe(
  Command.withDescription(
    "Print an access token signed with the keys in DUELINE_HOME, for a tenant that there is. Nothing else goes to standard output. No " +
      "program has to be running: the database is asked for the tenant, unless --unchecked is given."
  ),
  Command.withShortDescription("Print an access token"),
  Command.withExamples([
    { command: "export DUELINE_TOKEN=$(dueline token --ttl 8h)", description: "For a day's work" },
    { command: "dueline token --tenant acme --scope ops:calls.read", description: "For a reader of another tenant" }
  ])
)

/** `dueline serve`: the program itself. */
const demo = switchFlag(
  "demo",
  "Make the tenant `demo`, and let calls reach this machine unless DUELINE_EGRESS_ALLOW says what they may reach"
)

const role = Flag.String("role").pipe(
  Flag.withDefault("all"),
  Flag.withDescription(
    `What this process is to do: ${Role.literals.join(", ")}; several separated by commas. ` +
      "Fewer than all need DUELINE_DATABASE_URL and DUELINE_NATS_URL"
  )
)

/** A wrong setting is told before anything is loaded. */
const serveProgram = Effect.fnUntraced(function* (flags: { readonly demo: boolean; readonly role: string }) {
  const roles = readRoles(flags.role)
  if (typeof roles === "string") return yield* usage(roles)
  const settings = yield* Configuration.read((yield* Shell).env)
  if (!flags.demo) yield* Configuration.forDemoOnly(settings)
  const deployment = yield* deploymentOf(settings, roles)
  const { serve } = yield* Effect.promise(() => import("../serve.ts"))
  return yield* serve(settings, deployment, flags.demo)
})

export const serve = Command.make("serve", { demo, role }, serveProgram).pipe(
  Command.withDescription(
    "Run the program until it is interrupted: by default all of it, with its own database in DUELINE_HOME. " +
      "Settings come from the environment; see .env.example."
  ),
  Command.withShortDescription("Run the program"),
  Command.withExamples([
    { command: "dueline serve --demo", description: "To try it out; the same as npm start" },
    { command: "PORT=9000 DUELINE_HOME=/var/lib/dueline dueline serve", description: "Elsewhere" },
    {
      command: "dueline serve --role orchestrator,timer",
      description: "Two roles of an installation that is taken apart"
    }
  ])
)
