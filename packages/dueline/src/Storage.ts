/** Where everything is kept: the database, embedded or a server's, and the secret keys that belong to it. */
import { Persistence, type StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import type { Role } from "@dueline/contracts/Role"
import * as TimeTravel from "@dueline/orchestration/TimeTravel"
import { type Ability, watchWrites } from "@dueline/postgres/Ability"
import * as Database from "@dueline/postgres/Database"
import * as EdgeTurns from "@dueline/postgres/EdgeTurns"
import * as PostgresDirectories from "@dueline/postgres/read/PostgresDirectories"
import * as PostgresBacklog from "@dueline/postgres/read/PostgresBacklog"
import * as PostgresCallQueries from "@dueline/postgres/read/PostgresCallQueries"
import * as PostgresDueWork from "@dueline/postgres/read/PostgresDueWork"
import * as PostgresDeadLetterQueries from "@dueline/postgres/read/PostgresDeadLetterQueries"
import * as PostgresEventSource from "@dueline/postgres/read/PostgresEventSource"
import * as PostgresOverviews from "@dueline/postgres/read/PostgresOverviews"
import * as PostgresOpsQueries from "@dueline/postgres/read/PostgresOpsQueries"
import * as PostgresStoreRun from "@dueline/postgres/read/PostgresStoreRun"
import * as PostgresAuditTrail from "@dueline/postgres/write/PostgresAuditTrail"
import * as PostgresDeliveries from "@dueline/postgres/write/PostgresDeliveries"
import * as PostgresDeadLetters from "@dueline/postgres/write/PostgresDeadLetters"
import * as PostgresJobItems from "@dueline/postgres/write/PostgresJobItems"
import * as PostgresLeases from "@dueline/postgres/write/PostgresLeases"
import * as PostgresErasure from "@dueline/postgres/write/PostgresErasure"
import * as PostgresFlowPlaces from "@dueline/postgres/write/PostgresFlowPlaces"
import * as PostgresOutbox from "@dueline/postgres/write/PostgresOutbox"
import * as PostgresProductEvents from "@dueline/postgres/write/PostgresProductEvents"
import * as PostgresRedactionRules from "@dueline/postgres/write/PostgresRedactionRules"
import * as PostgresRetentionRules from "@dueline/postgres/write/PostgresRetentionRules"
import * as PostgresRetention from "@dueline/postgres/write/PostgresRetention"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import * as PostgresSessions from "@dueline/postgres/write/PostgresSessions"
import * as SealedTree from "@dueline/postgres/write/SealedTree"
import * as SigningKeys from "@dueline/secrets/SigningKeys"
import { Context, Effect, Layer } from "effect"
import type { Settings } from "./Configuration.ts"
import { type Deployment, takesInOnly } from "./Deployment.ts"
import { homeAt } from "./Home.ts"
import * as InstallationKeys from "./InstallationKeys.ts"
import { admit, admitIngest, prepareHome } from "./preflight/admission.ts"
import { watchDisk } from "./preflight/checks.ts"

/** Whether this process can write what its roles write: the store of the orchestrator, the tables of timer and dispatcher. */
export class WriteWatch extends Context.Service<
  WriteWatch,
  {
    /** Why the process cannot write at the moment; null while it can, and when it has nothing to write. */
    readonly trouble: () => string | null
  }
>()("@dueline/dueline/WriteWatch") {}

/** The last commit decides: it is noted how each of them ended. A conflict is no trouble: the store has judged. */
const noting = (store: Persistence["Service"], { committed, failed }: Ability): Persistence["Service"] => ({
  ...store,
  commit: (batch) =>
    Effect.onExit(store.commit(batch), (exit) =>
      Effect.sync(() => {
        if (exit._tag === "Success") return committed()
        const trouble = exit.cause.reasons.find(
          (reason) => reason._tag === "Fail" && reason.error._tag === "StoreUnavailable"
        )
        if (trouble?._tag === "Fail") failed(trouble.error as StoreUnavailable)
      })
    )
})

/** Persistence as it is, and the watch beside it. */
const layerWatch = (
  roles: ReadonlySet<Role>
): Layer.Layer<Persistence | WriteWatch, never, Persistence | Database.Database> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const { worker, writer } = yield* Database.Database
      const store = yield* Persistence
      const writing = roles.has("orchestrator") ? yield* watchWrites(writer, "writer") : null
      const working = roles.has("timer") || roles.has("dispatcher") ? yield* watchWrites(worker, "worker") : null
      const trouble = () => writing?.trouble() ?? working?.trouble() ?? null
      return Context.make(Persistence, writing === null ? store : noting(store, writing)).pipe(
        Context.add(WriteWatch, { trouble })
      )
    })
  )

/** The keys come after the database: whether they may be made, or are the right ones, depends on what is in it. */
const keysOf = (settings: Settings, ingestOnly: boolean) =>
  Layer.merge(
    InstallationKeys.layer(settings),
    SigningKeys.layer({ directory: homeAt(settings.DUELINE_HOME).keys })
  ).pipe(Layer.provide(Layer.effectDiscard(ingestOnly ? admitIngest(settings) : admit(settings))))

const embedded = (settings: Settings) =>
  Layer.merge(keysOf(settings, false), Layer.effectDiscard(watchDisk(homeAt(settings.DUELINE_HOME).data))).pipe(
    Layer.provideMerge(
      Database.layerEmbedded({ home: settings.DUELINE_HOME, durable: settings.DUELINE_FSYNC === "on" }).pipe(
        Layer.provide(Layer.effectDiscard(prepareHome(settings)))
      )
    )
  )

const served = (settings: Settings, url: NonNullable<Settings["DUELINE_DATABASE_URL"]>, ingestOnly: boolean) =>
  keysOf(settings, ingestOnly).pipe(
    Layer.provideMerge(
      Database.layerUrl({
        url,
        migrate: settings.DUELINE_MIGRATE === "yes",
        pooler: settings.DUELINE_DATABASE_POOLER === "yes",
        ingestOnly
      })
    )
  )

/** What the edge asks of the database, by turns of tenants. */
const reads = TimeTravel.layer.pipe(
  Layer.provideMerge(EdgeTurns.layer()),
  Layer.provide([
    PostgresCallQueries.layer,
    PostgresOpsQueries.layer,
    PostgresEventSource.layer,
    PostgresDirectories.layerCourierSources,
    PostgresDirectories.layerApiKeys,
    PostgresDeadLetterQueries.layer,
    PostgresProductEvents.layer(),
    PostgresJobItems.layerQueries,
    PostgresDeliveries.layerQueries,
    PostgresSessions.layer,
    PostgresAuditTrail.layer
  ])
)

type Either = ReturnType<typeof embedded> | ReturnType<typeof served>
type Base = Layer.Layer<Layer.Success<ReturnType<typeof served>>, Layer.Error<Either>, Layer.Services<Either>>

/** Needs the roles of the process: what it writes for them is watched. */
export const layer = (settings: Settings, deployment: Deployment) => {
  const url = settings.DUELINE_DATABASE_URL
  const base: Base = url === null ? embedded(settings) : served(settings, url, takesInOnly(deployment))
  return Layer.mergeAll(
    layerWatch(deployment.roles).pipe(Layer.provide(PostgresPersistence.layer)),
    PostgresOutbox.layer,
    PostgresBacklog.layer,
    PostgresDueWork.layerDueIngestions,
    PostgresDirectories.layerPauses,
    PostgresDueWork.layerDueSchedules,
    PostgresDeliveries.layer,
    PostgresFlowPlaces.layer,
    PostgresDueWork.layerChangedOrders,
    PostgresDeadLetters.layer,
    PostgresLeases.layer,
    PostgresJobItems.layer,
    PostgresDirectories.layerTenantDirectory,
    PostgresStoreRun.layer,
    SealedTree.layer,
    PostgresOverviews.layer,
    PostgresRetention.layer,
    PostgresRedactionRules.layer,
    PostgresRetentionRules.layer,
    PostgresErasure.layer,
    reads
  ).pipe(Layer.provideMerge(base))
}
