/** The composition: the only place that says which adapter stands behind which port, and in which order all of it starts and stops. */
import { createHttpServer } from "@dueline/api/createHttpServer"
import * as DefectReporter from "@dueline/api/DefectReporter"
import * as Edge from "@dueline/api/Edge"
import * as leanServer from "@dueline/api/leanServer"
import * as Routes from "@dueline/api/Routes"
import { Intents } from "@dueline/contracts/Intents"
import type { Role } from "@dueline/contracts/Role"
import { type EgressGuard, makeEgressGuard } from "@dueline/execution/egress/EgressGuard"
import * as UndiciHttpClient from "@dueline/execution/egress/UndiciHttpClient"
import { defaultTokenSettings } from "@dueline/identity/AccessToken"
import * as TokenVerifier from "@dueline/identity/TokenVerifier"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Layer } from "effect"
import { HttpRouter } from "effect/http"
import type { Settings } from "./Configuration.ts"
import type { Deployment } from "./Deployment.ts"
import { entriesOf } from "./entriesOf.ts"
import * as Health from "./Health.ts"
import * as Intake from "./Intake.ts"
import * as Links from "./Links.ts"
import { orchestrator } from "./Orchestration.ts"
import { CurrentPhase } from "./Phase.ts"
import { readRateLimits } from "./rateLimitsOf.ts"
import * as Storage from "./Storage.ts"
import { tenantLimitsOf } from "./tenantLimitsOf.ts"
import * as Timing from "./Timing.ts"
import * as Dispatching from "./work/Dispatching.ts"
import * as FollowingOrders from "./work/FollowingOrders.ts"
import * as LocalExecutor from "./work/LocalExecutor.ts"
import * as Orchestrating from "./work/Orchestrating.ts"
import { Recalls } from "./work/Recalls.ts"
import * as Sweeping from "./work/Sweeping.ts"

/** Loopback, for trying things out on one machine. */
const demoEgress = ["localhost"]

const guardOf = (settings: Settings, demo: boolean): EgressGuard => {
  const allowed = entriesOf(settings.DUELINE_EGRESS_ALLOW)
  return makeEgressGuard(allowed.length > 0 || !demo ? allowed : demoEgress)
}

/** A third of the time to stop goes to requests that come in, a third to those that go out. */
const thirdOf = ({ DUELINE_SHUTDOWN_MS }: Settings): number => Math.round(DUELINE_SHUTDOWN_MS / 3)

/** What acts by itself, by role. Scopes close in reverse: the loops stop first, then what is on the wire may end and be recorded. */
const work = (settings: Settings, deployment: Deployment, guard: EgressGuard) => {
  const when = <A, E, R>(role: Role, layer: Layer.Layer<A, E, R>) => (deployment.roles.has(role) ? layer : Layer.empty)
  const concurrency = settings.DUELINE_CONCURRENCY
  const executor = deployment.roles.has("executor")
    ? LocalExecutor.layer({
        concurrency,
        patterns: entriesOf(settings.DUELINE_REDACT),
        drainMs: thirdOf(settings)
      }).pipe(Layer.provide(UndiciHttpClient.layer({ guard, connections: concurrency })))
    : LocalExecutor.layerNone
  const followingOrders = when("orchestrator", FollowingOrders.layer)
  return Layer.mergeAll(
    when("orchestrator", Orchestrating.layer({ limits: tenantLimitsOf(settings), concurrency })),
    followingOrders,
    when("timer", Sweeping.layer(deployment, Timing.horizonOf(settings))),
    // A bus in the process forgets what nobody listens to: who listens comes first and leaves last.
    when("dispatcher", Dispatching.layer(deployment.shared)).pipe(Layer.provide(followingOrders))
  ).pipe(Layer.provide(executor), Layer.provide(Timing.layer(deployment)))
}

/** The edge, or what a process without one shows of itself. */
const routes = (settings: Settings, { roles }: Deployment) =>
  roles.has("api")
    ? Routes.layer(readRateLimits(settings.DUELINE_RATE_LIMITS)).pipe(
        Layer.provide([
          TokenVerifier.layer({
            ...TokenVerifier.defaultVerifierSettings,
            ...defaultTokenSettings,
            issuer: settings.DUELINE_ISSUER
          })
        ])
      )
    : Routes.layerProbes()

/** Everything that serves, ready to be launched. `demo` lets calls reach this machine, unless the configuration names what they may. */
export const program = (settings: Settings, deployment: Deployment, demo: boolean) => {
  const guard = guardOf(settings, demo)
  const core = orchestrator(settings, deployment).pipe(
    Layer.provideMerge(Links.layer(settings, deployment)),
    Layer.provideMerge(
      Layer.mergeAll(Storage.layer(settings, deployment.roles), Intents.layer, CurrentPhase.layer, Recalls.layer)
    )
  )
  return HttpRouter.serve(routes(settings, deployment), { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provide([Edge.layerBodyLimit(), DefectReporter.layer, Health.layer(deployment)]),
    Layer.provide(leanServer.layer),
    Layer.provideMerge(
      NodeHttpServer.layer(() => createHttpServer(), {
        port: settings.PORT,
        host: settings.HOST,
        gracefulShutdownTimeout: `${thirdOf(settings)} millis`
      })
    ),
    Layer.provideMerge(work(settings, deployment, guard)),
    Layer.provide(Intake.layer(guard, entriesOf(settings.DUELINE_REDACT))),
    Layer.provideMerge(core)
  )
}
