/** `dueline token`: makes an access token, without a running program. */
import { AccessScope } from "@dueline/contracts/api/Access"
import { Subject } from "@dueline/contracts/api/Wire"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { durationBetween, textFlag } from "./flags.ts"
import { lazily } from "./lazily.ts"

const monthMs = 30 * 86_400_000

const tokenFlags = {
  tenant: Flag.String("tenant").pipe(
    Flag.withDefault("demo"),
    Flag.withMetavar("name"),
    Flag.withDescription("The tenant the bearer acts for, by name or id")
  ),
  scopes: Flag.Literals("scope", AccessScope.literals).pipe(
    Flag.withDescription("What the bearer may do; may be repeated (default: everything)"),
    Flag.atLeast(0)
  ),
  ttlMs: durationBetween("ttl", "How long it is good (default 1h)", 1_000, monthMs).pipe(Flag.withDefault(3_600_000)),
  unchecked: Flag.Boolean("unchecked").pipe(
    Flag.withDefault(false),
    Flag.withoutNegation,
    Flag.withDescription("Do not ask the database whether there is such a tenant")
  ),
  subject: textFlag("subject", Subject, "1 to 255 printable characters on one line").pipe(
    Flag.withDefault("dueline-cli"),
    Flag.withMetavar("name"),
    Flag.withDescription("Who the bearer is; written beside every change they make")
  )
}

export const token = Command.make(
  "token",
  tokenFlags,
  lazily(
    () => import("./printToken.ts"),
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
