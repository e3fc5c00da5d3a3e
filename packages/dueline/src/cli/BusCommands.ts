/** `dueline bus`: what lies on the broker. */
import * as Command from "effect/cli/Command"
import { lazily } from "./lazily.ts"

const status = Command.make(
  "status",
  {},
  lazily(
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
