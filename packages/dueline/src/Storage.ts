/** Where everything is kept: the database, embedded or a server's, and the secret keys that belong to it. */
import * as SigningKeys from "@dueline/identity/SigningKeys"
import * as TimeTravel from "@dueline/orchestration/TimeTravel"
import * as Database from "@dueline/postgres/Database"
import * as PostgresBacklog from "@dueline/postgres/PostgresBacklog"
import * as PostgresCallQueries from "@dueline/postgres/PostgresCallQueries"
import * as PostgresDeadLetters from "@dueline/postgres/PostgresDeadLetters"
import * as PostgresEventSource from "@dueline/postgres/PostgresEventSource"
import * as PostgresFieldQueries from "@dueline/postgres/PostgresFieldQueries"
import * as PostgresLeases from "@dueline/postgres/PostgresLeases"
import * as PostgresOutbox from "@dueline/postgres/PostgresOutbox"
import * as PostgresPersistence from "@dueline/postgres/PostgresPersistence"
import * as Tenants from "@dueline/postgres/Tenants"
import { Layer } from "effect"
import type { Settings } from "./Configuration.ts"
import { homeAt } from "./Home.ts"
import * as InstallationKeys from "./InstallationKeys.ts"
import { refuseMissingKeys } from "./SharedKeys.ts"

/** The keys come first: a database without them is one whose keys are lost. */
const embedded = (settings: Settings) => {
  const home = homeAt(settings.DUELINE_HOME)
  return Database.layerEmbedded({ home: home.path, durable: settings.DUELINE_FSYNC === "on" }).pipe(
    Layer.provideMerge(InstallationKeys.layer(settings)),
    Layer.provideMerge(SigningKeys.layer({ directory: home.keys }))
  )
}

/** The database comes first: whether keys may be made depends on what is in it. */
const served = (settings: Settings, url: NonNullable<Settings["DUELINE_DATABASE_URL"]>) => {
  const home = homeAt(settings.DUELINE_HOME)
  return InstallationKeys.layerShared(settings).pipe(
    Layer.provideMerge(SigningKeys.layer({ directory: home.keys })),
    Layer.provide(Layer.effectDiscard(refuseMissingKeys(settings))),
    Layer.provideMerge(Database.layerUrl({ url, migrate: settings.DUELINE_MIGRATE === "yes" }))
  )
}

type Either = ReturnType<typeof embedded> | ReturnType<typeof served>
type Base = Layer.Layer<Layer.Success<ReturnType<typeof served>>, Layer.Error<Either>, Layer.Services<Either>>

export const layer = (settings: Settings) => {
  const url = settings.DUELINE_DATABASE_URL
  const base: Base = url === null ? embedded(settings) : served(settings, url)
  return Layer.mergeAll(
    PostgresPersistence.layer,
    PostgresOutbox.layer,
    PostgresBacklog.layer,
    PostgresCallQueries.layer,
    PostgresFieldQueries.layer,
    TimeTravel.layer.pipe(Layer.provide(PostgresEventSource.layer)),
    PostgresDeadLetters.layer,
    PostgresLeases.layer,
    Tenants.layer
  ).pipe(Layer.provideMerge(base))
}
