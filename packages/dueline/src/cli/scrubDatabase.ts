/** What `dueline scrub` does. */
import { scrub } from "@dueline/postgres/scrub"
import { Effect } from "effect"
import * as Configuration from "../Configuration.ts"
import { CommandFailed } from "./CommandFailed.ts"
import { print, Shell } from "./Shell.ts"
import { withEmbedded } from "./withEmbedded.ts"

export const scrubDatabase = Effect.fnUntraced(function* () {
  const settings = yield* Configuration.read((yield* Shell).env)
  if (settings.DUELINE_DATABASE_URL !== null) {
    return yield* new CommandFailed({
      message: "The database is a server's own: its files and its log are its administrator's business",
      notes: ["there: vacuum full dueline.personal_data; its log and its archive expire by its own settings"]
    })
  }
  yield* Effect.catchTag(
    withEmbedded(settings, scrub),
    "SqlError",
    (cause) => new CommandFailed({ message: `Not done: ${cause.message}`, notes: ["run it again"] })
  )
  yield* print({ scrubbed: true }, () => "nothing of erased customers is left in the files of the database")
})
