/** `dueline session …`: who has signed in. */
import { SessionId } from "@dueline/contracts/session/Session"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { callFlags, idArgument, loadWhenRun, optional, wholeNumber } from "../flags.ts"

const list = Command.make(
  "list",
  {
    limit: wholeNumber("limit", "How many at the most", 1, 200).pipe(Flag.withDefault(50)),
    cursor: optional(
      Flag.String("cursor").pipe(Flag.withMetavar("cursor"), Flag.withDescription("Where the page before ended"))
    )
  },
  loadWhenRun(
    () => import("./sessions.ts"),
    ({ listSessions }) => listSessions
  )
).pipe(
  Command.withDescription(
    "List who has signed in to the tenant, newest first, and what has ended in the last seven days"
  ),
  Command.withExamples([{ command: "dueline session list --tenant acme --json", description: "One JSON document" }])
)

const end = Command.make(
  "end",
  {
    id: idArgument(SessionId, "the id of a session, as `session list` shows it", "The id of the session")
  },
  loadWhenRun(
    () => import("./sessions.ts"),
    ({ endSession }) => endSession
  )
).pipe(
  Command.withDescription("End a session: its cookie and its tokens are refused everywhere within five seconds"),
  Command.withExamples([
    { command: "dueline session end 019c0de0-0e01-7000-8000-00000000e001", description: "A browser that was lost" }
  ])
)

export const session = Command.make("session").pipe(
  Command.withDescription("List and end the sessions of people"),
  Command.withSubcommands([list, end]),
  Command.withGlobalFlags(callFlags)
)
