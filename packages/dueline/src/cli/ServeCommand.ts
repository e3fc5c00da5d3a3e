/** `dueline serve`: the program itself. */
import { Effect } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Configuration from "../Configuration.ts"
import { Role } from "@dueline/contracts/Role"
import { deploymentOf, readRoles } from "../Deployment.ts"
import { Shell, usage } from "./Shell.ts"
import { switchFlag } from "./flags.ts"

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
