/** The composition: the only place that says which adapter stands behind which port, and in which order all of it starts and stops. */
import { createHttpServer } from "@dueline/api/createHttpServer"
import * as DefectReporter from "@dueline/api/DefectReporter"
import * as Edge from "@dueline/api/Edge"
import * as Routes from "@dueline/api/Routes"
import { Intents } from "@dueline/contracts/Intents"
import * as EventBusMemory from "@dueline/contracts/memory/EventBusMemory"
import { makeEgressGuard } from "@dueline/execution/EgressGuard"
import * as UndiciHttpClient from "@dueline/execution/UndiciHttpClient"
import { defaultTokenSettings } from "@dueline/identity/AccessToken"
import * as SigningKeys from "@dueline/identity/SigningKeys"
import * as TokenVerifier from "@dueline/identity/TokenVerifier"
import * as ServiceCallOrchestrator from "@dueline/orchestration/ServiceCallOrchestrator"
import * as Database from "@dueline/postgres/Database"
import * as PostgresBacklog from "@dueline/postgres/PostgresBacklog"
import * as PostgresCallQueries from "@dueline/postgres/PostgresCallQueries"
import * as PostgresOutbox from "@dueline/postgres/PostgresOutbox"
import * as PostgresPersistence from "@dueline/postgres/PostgresPersistence"
import * as Tenants from "@dueline/postgres/Tenants"
import * as MemoryTimer from "@dueline/timer/MemoryTimer"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Layer } from "effect"
import { HttpRouter } from "effect/http"
import { entriesOf, type Settings } from "./Configuration.ts"
import { homeAt } from "./Home.ts"
import * as InstallationKeys from "./InstallationKeys.ts"
import * as Intake from "./Intake.ts"
import { CurrentPhase, layerHealth } from "./Phase.ts"
import * as Work from "./Work.ts"

/** Loopback, for trying things out on one machine. */
const demoEgress = ["localhost"]

/** Everything that serves, ready to be launched. `demo` lets calls reach this machine, unless the configuration names what they may. */
export const program = (settings: Settings, demo: boolean) => {
  const home = homeAt(settings.DUELINE_HOME)
  const allowed = entriesOf(settings.DUELINE_EGRESS_ALLOW)
  const guard = makeEgressGuard(allowed.length > 0 || !demo ? allowed : demoEgress)
  const patterns = entriesOf(settings.DUELINE_REDACT)

  const keys = InstallationKeys.layer(settings)
  // The keys come first: a database without them is one whose keys are lost.
  const database = Database.layerEmbedded({ home: home.path, durable: settings.DUELINE_FSYNC === "on" }).pipe(
    Layer.provide(keys)
  )
  const store = Layer.mergeAll(
    PostgresPersistence.layer,
    PostgresOutbox.layer,
    PostgresBacklog.layer,
    PostgresCallQueries.layer,
    Tenants.layer
  ).pipe(Layer.provideMerge(database))
  const identity = TokenVerifier.layer({
    ...TokenVerifier.defaultVerifierSettings,
    ...defaultTokenSettings,
    issuer: settings.DUELINE_ISSUER
  }).pipe(Layer.provideMerge(SigningKeys.layer({ directory: home.keys })))

  const core = ServiceCallOrchestrator.layer({ receiptTtlMs: settings.DUELINE_RECEIPT_HOURS * 3_600_000 }).pipe(
    Layer.provideMerge(Layer.mergeAll(store, keys, identity, Intents.layer, EventBusMemory.layer(), CurrentPhase.layer))
  )
  const work = Work.layer({
    concurrency: settings.DUELINE_CONCURRENCY,
    patterns,
    drainMs: Math.round(settings.DUELINE_SHUTDOWN_MS / 3)
  }).pipe(
    Layer.provideMerge(Layer.mergeAll(MemoryTimer.layer(), UndiciHttpClient.layer({ guard }))),
    Layer.provideMerge(core)
  )
  return HttpRouter.serve(Routes.layer(), { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provide([Edge.layerBodyLimit(), DefectReporter.layer, Intake.layer(guard, patterns), layerHealth]),
    Layer.provideMerge(
      NodeHttpServer.layer(() => createHttpServer(), {
        port: settings.PORT,
        host: settings.HOST,
        gracefulShutdownTimeout: `${Math.round(settings.DUELINE_SHUTDOWN_MS / 3)} millis`
      })
    ),
    Layer.provideMerge(work)
  )
}
