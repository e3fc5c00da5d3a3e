/** The database of this installation for one command: its own server, or the one that a running program keeps. */
import * as Database from "@dueline/postgres/Database"
import type { HomeInUse } from "@dueline/postgres/embedded/HomeLock"
import { serverAccount } from "@dueline/postgres/embedded/ServerBinaries"
import { serverPlace } from "@dueline/postgres/embedded/ServerPlace"
import { Effect, Layer } from "effect"
import { readdirSync } from "node:fs"
import type { Settings } from "../../Configuration.ts"
import { prepareHome } from "../../preflight/admission.ts"
import { CommandFailed } from "../Shell.ts"

/** A server's socket is called after its port. */
const portIn = (directory: string): number | null => {
  const ports = readdirSync(directory).flatMap((file) => /^\.s\.PGSQL\.(\d+)$/u.exec(file)?.[1] ?? [])
  return ports[0] === undefined ? null : Number(ports[0])
}

/** What a running program has opened and migrated is used beside it, with the same roles and no more rights than it has. */
export const attachedPools = (settings: Settings, inUse: HomeInUse) =>
  Effect.gen(function* () {
    const { socketDirectory } = serverPlace(settings.DUELINE_HOME, serverAccount())
    const port = portIn(socketDirectory)
    if (port === null) {
      return yield* new CommandFailed({
        message: inUse.message,
        notes: ["its database does not answer yet: try again in a moment"]
      })
    }
    return yield* Database.socketPools({ host: socketDirectory, port })
  })

const embedded = (settings: Settings) =>
  Database.layerEmbedded({ home: settings.DUELINE_HOME, durable: settings.DUELINE_FSYNC === "on" }).pipe(
    Layer.provide(Layer.effectDiscard(prepareHome(settings))),
    Layer.catchTag("HomeInUse", (inUse) => Layer.effect(Database.Database, attachedPools(settings, inUse)))
  )

type Either = ReturnType<typeof embedded> | ReturnType<typeof Database.layerUrl>

/** Provides the `Database`: the server that is configured, or the embedded one, which is started when no program is running. */
export const openDatabase = (
  settings: Settings
): Layer.Layer<Database.Database, Layer.Error<Either>, Layer.Services<Either>> => {
  const url = settings.DUELINE_DATABASE_URL
  if (url === null) return embedded(settings)
  const pooler = settings.DUELINE_DATABASE_POOLER === "yes"
  return Database.layerUrl({ url, migrate: settings.DUELINE_MIGRATE === "yes", pooler })
}
