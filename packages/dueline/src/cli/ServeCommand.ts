/** `dueline serve`: the program itself. */
import { Effect } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Configuration from "../Configuration.ts"
import { Shell } from "./Shell.ts"

const demo = Flag.Boolean("demo").pipe(
  Flag.withDefault(false),
  Flag.withoutNegation,
  Flag.withDescription(
    "Make the tenant `demo`, and let calls reach this machine unless DUELINE_EGRESS_ALLOW says what they may reach"
  )
)

/** A wrong setting is told before anything is loaded. */
const serveProgram = Effect.fnUntraced(function* ({ demo }: { readonly demo: boolean }) {
  const settings = yield* Configuration.read((yield* Shell).env)
  const { serve } = yield* Effect.promise(() => import("../serve.ts"))
  return yield* serve(settings, demo)
})

export const serve = Command.make("serve", { demo }, serveProgram).pipe(
  Command.withDescription(
    "Run the program with its own database in DUELINE_HOME until it is interrupted. Settings come from the environment; see .env.example."
  ),
  Command.withShortDescription("Run the program"),
  Command.withExamples([
    { command: "dueline serve --demo", description: "To try it out; the same as npm start" },
    { command: "PORT=9000 DUELINE_HOME=/var/lib/dueline dueline serve", description: "Elsewhere" }
  ])
)
