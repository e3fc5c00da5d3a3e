/** `dueline flow …`: bounds of all calls with one key. Only the words and flags are here. */
import { FlowStatus } from "@dueline/contracts/flow/Flow"
import { FlowKey } from "@dueline/contracts/serviceCall/Spec"
import { Option, Schema } from "effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { rateOfFlow } from "./flowFlags.ts"
import { callFlags, loadWhenRun, optional, wholeNumber } from "../flags.ts"

const example = (command: string, description: string) => ({ command: `dueline flow ${command}`, description })

const key = Argument.String("key").pipe(
  Argument.filterMap(
    (text) => Option.liftPredicate(text, Schema.is(FlowKey)),
    () => "1 to 64 letters, digits and _.:=/-"
  ),
  Argument.withDescription("What its calls have as `flow.key`")
)

const define = Command.make(
  "define",
  {
    key,
    concurrency: optional(wholeNumber("concurrency", "So many at once (default: no bound)", 1, 1_000)),
    ratePerSecond: rateOfFlow("rate", "So many in a second, evenly spaced (default: no bound)")
  },
  loadWhenRun(
    () => import("./flows.ts"),
    ({ defineFlow }) => defineFlow
  )
).pipe(
  Command.withDescription("Define the bounds of a flow, or other ones"),
  Command.withExamples([example("define stripe --concurrency 5 --rate 2", "Five at once, two a second")])
)

const list = Command.make(
  "list",
  {
    status: optional(
      Flag.Literals("status", FlowStatus.literals).pipe(Flag.withDescription("Those in this state (default Active)"))
    ),
    limit: wholeNumber("limit", "How many at the most", 1, 200).pipe(Flag.withDefault(50))
  },
  loadWhenRun(
    () => import("./flows.ts"),
    ({ listFlows }) => listFlows
  )
).pipe(
  Command.withDescription("List the defined flows, with what is under way and what waits of each"),
  Command.withExamples([example("list --json", "One JSON document")])
)

const show = Command.make(
  "show",
  { key },
  loadWhenRun(
    () => import("./flows.ts"),
    ({ showFlow }) => showFlow
  )
).pipe(
  Command.withDescription("Show one flow"),
  Command.withExamples([example("show stripe", "running 5 of 5, waiting 12")])
)

const remove = Command.make(
  "remove",
  { key },
  loadWhenRun(
    () => import("./flows.ts"),
    ({ removeFlow }) => removeFlow
  )
).pipe(
  Command.withDescription("Remove a flow: only the bounds count that its calls bring"),
  Command.withExamples([example("remove stripe", "Its calls stay")])
)

export const flow = Command.make("flow").pipe(
  Command.withDescription("Bound calls with one key: so many at once, so many in a second"),
  Command.withSubcommands([define, list, show, remove]),
  Command.withGlobalFlags(callFlags)
)
