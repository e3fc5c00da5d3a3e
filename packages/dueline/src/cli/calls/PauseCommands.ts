/** `dueline pause …`: calls that wait until somebody resumes them. Only the words and flags are here. */
import { PauseId, PauseOf, PauseReason, PauseStatus, ReleaseRate } from "@dueline/contracts/pause/Pause"
import { Option, Schema } from "effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { callFlags, idArgument, ifMatch, key, loadWhenRun, optional, textFlag, wholeNumber } from "../flags.ts"

const some = "7a1f5a90-7b2e-8d44-b6a1-0e9d2c7f4b13"
const example = (command: string, description: string) => ({ command: `dueline pause ${command}`, description })

const id = idArgument(PauseId, `the id of a pause, e.g. ${some}`, "The id of the pause, as `pause list` shows it")

const create = Command.make(
  "create",
  {
    of: Argument.Literals("of", PauseOf.literals).pipe(Argument.withDescription("Which calls wait")),
    subject: Argument.String("key").pipe(
      Argument.withDescription("The target's origin, the flow or the tag; nothing for the tenant"),
      Argument.optional,
      Argument.map(Option.getOrUndefined)
    ),
    reason: textFlag("reason", PauseReason, "1 to 200 characters, none of them a control character").pipe(
      Flag.withMetavar("text"),
      Flag.withDescription("Shown with every call that waits for it")
    ),
    key
  },
  loadWhenRun(
    () => import("./pauses.ts"),
    ({ createPause }) => createPause
  )
).pipe(
  Command.withDescription("Pause calls: they are accepted, cancelled and moved as before, and wait when they are due"),
  Command.withExamples([
    example('create target https://api.example.com --reason "they are moving"', "All calls to one target"),
    example('create tag invoice --reason "prices are wrong"', "All calls with one tag")
  ])
)

const list = Command.make(
  "list",
  {
    of: optional(Flag.Literals("of", PauseOf.literals).pipe(Flag.withDescription("Only those of this sort"))),
    status: optional(
      Flag.Literals("status", PauseStatus.literals).pipe(Flag.withDescription("Only those in this state"))
    ),
    limit: wholeNumber("limit", "How many at the most", 1, 200).pipe(Flag.withDefault(50))
  },
  loadWhenRun(
    () => import("./pauses.ts"),
    ({ listPauses }) => listPauses
  )
).pipe(
  Command.withDescription("List the pauses, newest first"),
  Command.withExamples([example("list --status Active --json", "Those that hold, as one JSON document")])
)

const resume = Command.make(
  "resume",
  {
    id,
    releasePerSecond: optional(
      Flag.Finite("release").pipe(
        Flag.filter(Schema.is(ReleaseRate), () => "0.01 to 10000"),
        Flag.withMetavar("number"),
        Flag.withDescription("How many of the calls that waited start in a second (default: all at once)")
      )
    ),
    ifMatch
  },
  loadWhenRun(
    () => import("./pauses.ts"),
    ({ resumePause }) => resumePause
  )
).pipe(
  Command.withDescription("Resume what was paused; what waited starts, the earliest first"),
  Command.withExamples([example(`resume ${some} --release 20`, "Twenty a second")])
)

export const pause = Command.make("pause").pipe(
  Command.withDescription("Pause calls of the tenant, of a target, a flow or a tag, and resume them"),
  Command.withSubcommands([create, list, resume]),
  Command.withGlobalFlags(callFlags)
)
