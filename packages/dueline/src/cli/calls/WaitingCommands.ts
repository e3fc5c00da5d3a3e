/**
 * `dueline flow …` and `pause …`: bounds of all calls with one key, and calls that wait until somebody resumes them. Only the words and flags are
 * here.
 */
import { FlowStatus } from "@dueline/contracts/flow/Flow"
import { PauseId, PauseOf, PauseReason, PauseStatus, ReleaseRate } from "@dueline/contracts/pause/Pause"
import { FlowKey } from "@dueline/contracts/serviceCall/Spec"
import { Option, Schema } from "effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { callFlags, idArgument, ifMatch, key, loadWhenRun, optional, textFlag, wholeNumber } from "../flags.ts"
import { rateOfFlow } from "./flowFlags.ts"

const flowExample = (command: string, description: string) => ({ command: `dueline flow ${command}`, description })

const flowKey = Argument.String("key").pipe(
  Argument.filterMap(
    (text) => Option.liftPredicate(text, Schema.is(FlowKey)),
    () => "1 to 64 letters, digits and _.:=/-"
  ),
  Argument.withDescription("What its calls have as `flow.key`")
)

const define = Command.make(
  "define",
  {
    key: flowKey,
    concurrency: optional(wholeNumber("concurrency", "So many at once (default: no bound)", 1, 1_000)),
    ratePerSecond: rateOfFlow("rate", "So many in a second, evenly spaced (default: no bound)")
  },
  loadWhenRun(
    () => import("./waiting.ts"),
    ({ defineFlow }) => defineFlow
  )
).pipe(
  Command.withDescription("Define the bounds of a flow, or other ones"),
  Command.withExamples([flowExample("define stripe --concurrency 5 --rate 2", "Five at once, two a second")])
)

const flowList = Command.make(
  "list",
  {
    status: optional(
      Flag.Literals("status", FlowStatus.literals).pipe(Flag.withDescription("Those in this state (default Active)"))
    ),
    limit: wholeNumber("limit", "How many at the most", 1, 200).pipe(Flag.withDefault(50))
  },
  loadWhenRun(
    () => import("./waiting.ts"),
    ({ listFlows }) => listFlows
  )
).pipe(
  Command.withDescription("List the defined flows, with what is under way and what waits of each"),
  Command.withExamples([flowExample("list --json", "One JSON document")])
)

const show = Command.make(
  "show",
  { key: flowKey },
  loadWhenRun(
    () => import("./waiting.ts"),
    ({ showFlow }) => showFlow
  )
).pipe(
  Command.withDescription("Show one flow"),
  Command.withExamples([flowExample("show stripe", "running 5 of 5, waiting 12")])
)

const remove = Command.make(
  "remove",
  { key: flowKey },
  loadWhenRun(
    () => import("./waiting.ts"),
    ({ removeFlow }) => removeFlow
  )
).pipe(
  Command.withDescription("Remove a flow: only the bounds count that its calls bring"),
  Command.withExamples([flowExample("remove stripe", "Its calls stay")])
)

export const flow = Command.make("flow").pipe(
  Command.withDescription("Bound calls with one key: so many at once, so many in a second"),
  Command.withSubcommands([define, flowList, show, remove]),
  Command.withGlobalFlags(callFlags)
)

/** `dueline pause …`: calls that wait until somebody resumes them. Only the words and flags are here. */
const some = "7a1f5a90-7b2e-8d44-b6a1-0e9d2c7f4b13"
const pauseExample = (command: string, description: string) => ({ command: `dueline pause ${command}`, description })

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
    () => import("./waiting.ts"),
    ({ createPause }) => createPause
  )
).pipe(
  Command.withDescription("Pause calls: they are accepted, cancelled and moved as before, and wait when they are due"),
  Command.withExamples([
    pauseExample('create target https://api.example.com --reason "they are moving"', "All calls to one target"),
    pauseExample('create tag invoice --reason "prices are wrong"', "All calls with one tag")
  ])
)

const pauseList = Command.make(
  "list",
  {
    of: optional(Flag.Literals("of", PauseOf.literals).pipe(Flag.withDescription("Only those of this sort"))),
    status: optional(
      Flag.Literals("status", PauseStatus.literals).pipe(Flag.withDescription("Only those in this state"))
    ),
    limit: wholeNumber("limit", "How many at the most", 1, 200).pipe(Flag.withDefault(50))
  },
  loadWhenRun(
    () => import("./waiting.ts"),
    ({ listPauses }) => listPauses
  )
).pipe(
  Command.withDescription("List the pauses, newest first"),
  Command.withExamples([pauseExample("list --status Active --json", "Those that hold, as one JSON document")])
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
    () => import("./waiting.ts"),
    ({ resumePause }) => resumePause
  )
).pipe(
  Command.withDescription("Resume what was paused; what waited starts, the earliest first"),
  Command.withExamples([pauseExample(`resume ${some} --release 20`, "Twenty a second")])
)

export const pause = Command.make("pause").pipe(
  Command.withDescription("Pause calls of the tenant, of a target, a flow or a tag, and resume them"),
  Command.withSubcommands([create, pauseList, resume]),
  Command.withGlobalFlags(callFlags)
)
