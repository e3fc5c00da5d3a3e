/** `dueline key …`: what access tokens are signed with. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { durationBetween, loadWhenRun } from "../flags.ts"

const dayMs = 86_400_000
/** Longer than the longest life of a token that `dueline token` makes. */
const graceMs = 31 * dayMs
/** As long as others may keep the published keys. */
const afterMs = 300_000

const list = Command.make(
  "list",
  {},
  loadWhenRun(
    () => import("./signingKeys.ts"),
    ({ listSigningKeys }) => listSigningKeys
  )
).pipe(
  Command.withDescription(
    "List the keys in DUELINE_HOME that access tokens are signed with: which signs, until when the others are believed"
  ),
  Command.withExamples([{ command: "dueline key list --json", description: "One JSON document" }])
)

const rotate = Command.make(
  "rotate",
  {
    afterMs: durationBetween("after", "When the new key begins to sign (default 5m); published at once", 0, dayMs).pipe(
      Flag.withDefault(afterMs)
    ),
    graceMs: durationBetween(
      "grace",
      "How long tokens of earlier keys are believed from then on (default 31d)",
      0,
      400 * dayMs
    ).pipe(Flag.withDefault(graceMs))
  },
  loadWhenRun(
    () => import("./signingKeys.ts"),
    ({ rotateSigningKey }) => rotateSigningKey
  )
).pipe(
  Command.withDescription(
    "Add a key for access tokens. Running programs take it up within seconds; those before are retired after a grace."
  ),
  Command.withExamples([
    { command: "dueline key rotate", description: "Once a year" },
    { command: "dueline key rotate --after 0s && dueline key retire KID", description: "When a key has leaked" }
  ])
)

const retire = Command.make(
  "retire",
  { kid: Argument.String("kid").pipe(Argument.withDescription("Which, as `dueline key list` shows it")) },
  loadWhenRun(
    () => import("./signingKeys.ts"),
    ({ retireSigningKey }) => retireSigningKey
  )
).pipe(
  Command.withDescription("Retire a key now: within seconds every program refuses tokens that it signed"),
  Command.withExamples([
    { command: "dueline key retire NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", description: "When it has leaked" }
  ])
)

export const signingKey = Command.make("key").pipe(
  Command.withDescription("List, rotate and retire the keys that access tokens are signed with"),
  Command.withSubcommands([list, rotate, retire])
)
