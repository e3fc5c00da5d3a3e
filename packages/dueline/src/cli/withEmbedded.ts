/** The embedded server itself, for commands of an operator: a running program's, else one that is started for them and stopped after. */
import * as EmbeddedServer from "@dueline/postgres/EmbeddedServer"
import type { EmbeddedPlace } from "@dueline/postgres/scrub"
import { serverAccount } from "@dueline/postgres/ServerAccount"
import { serverPlace } from "@dueline/postgres/ServerPlace"
import { Effect } from "effect"
import { existsSync } from "node:fs"
import type { Settings } from "../Configuration.ts"
import { homeAt } from "../Home.ts"
import { CommandFailed } from "./CommandFailed.ts"

/** The server names its socket after its port. */
const entrance = { port: 5432, username: "dueline_admin", database: "dueline" }

/** Makes no database: looking into a home that has none is a mistake about which home it is. */
export const withEmbedded = Effect.fnUntraced(function* <A, E>(
  settings: Settings,
  use: (place: EmbeddedPlace) => Effect.Effect<A, E>
) {
  const { data, path } = homeAt(settings.DUELINE_HOME)
  if (!existsSync(data)) {
    return yield* new CommandFailed({
      message: `There is no database in ${path}`,
      notes: ["start the program once with `npm start`, or set DUELINE_HOME to its home"]
    })
  }
  const at = (host: string) => use({ ...entrance, host })
  return yield* EmbeddedServer.make({ home: path, durable: settings.DUELINE_FSYNC === "on" }).pipe(
    Effect.flatMap(({ socketDirectory }) => at(socketDirectory)),
    Effect.scoped,
    Effect.catchTag("HomeInUse", () => at(serverPlace(path, serverAccount()).socketDirectory))
  )
})
