/** `dueline projections`: the read models, which the log can always give back. */
import { categories, kinds } from "@dueline/contracts/kinds"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { maybe } from "./flags.ts"
import { lazily } from "./lazily.ts"

/** The categories by what people call many of them. */
const names = Object.fromEntries(categories.map((category) => [kinds[category].plural, category]))

const only = maybe(
  Flag.Literals("only", Object.keys(names)).pipe(
    Flag.map((name) => names[name]),
    Flag.withDescription("Only this one of them")
  )
)

const rebuild = Command.make(
  "rebuild",
  { only },
  lazily(
    () => import("./rebuildProjections.ts"),
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
