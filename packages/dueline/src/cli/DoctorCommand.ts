/** `dueline doctor`: the checks of a start, without a start. */
import * as Command from "effect/cli/Command"
import { lazily } from "./lazily.ts"

export const doctor = Command.make(
  "doctor",
  {},
  lazily(
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
