/** The composition: the only place that says which adapter stands behind which port, and in which order all of it starts and stops. */
import * as ConsoleRoutes from "@dueline/api/console/ConsoleRoutes"
import { readMapTiles } from "@dueline/api/console/mapTiles"
import * as DefectReporter from "@dueline/api/server/DefectReporter"
import * as Edge from "@dueline/api/Edge"
import * as leanServer from "@dueline/api/server/leanServer"
import * as PlainRequests from "@dueline/api/server/PlainRequests"
import * as Routes from "@dueline/api/Routes"
import * as CacheMemory from "@dueline/contracts/memory/CacheMemory"
import * as EventBusMemory from "@dueline/contracts/memory/EventBusMemory"
import * as Circuits from "@dueline/execution/attempts/Circuits"
import * as UndiciHttpClient from "@dueline/execution/egress/UndiciHttpClient"
import * as SuspendedTenants from "@dueline/identity/SuspendedTenants"
import * as OutsideIssuers from "@dueline/identity/outside/OutsideIssuers"
import * as TokenIssuer from "@dueline/identity/TokenIssuer"
import * as TokenVerifier from "@dueline/identity/TokenVerifier"
import * as FailedIngestions from "@dueline/orchestration/FailedIngestions"
import * as FieldEvents from "@dueline/orchestration/FieldEvents"
import * as OrderNotifications from "@dueline/orchestration/OrderNotifications"
import * as ScheduleCalls from "@dueline/orchestration/schedules/scheduleCalls"
import * as SigningSecrets from "@dueline/secrets/SigningSecrets"
import * as CacheRedis from "@dueline/redis/CacheRedis"
import * as CircuitStore from "@dueline/redis/CircuitStore"
import * as RateStore from "@dueline/redis/RateStore"
import * as RedisConnection from "@dueline/redis/RedisConnection"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Health from "./Health.ts"
import * as Intake from "./Intake.ts"
import * as payloadHosts from "./payloadHosts.ts"
import * as Storage from "./Storage.ts"
import * as MetricsEndpoint from "./telemetry/MetricsEndpoint.ts"
import * as TracedBus from "./telemetry/TracedBus.ts"
import * as Timing from "./Timing.ts"
import * as Roles from "./work/Roles.ts"
import * as LedWork from "./work/LedWork.ts"
import * as LocalExecutor from "./work/LocalExecutor.ts"
import * as Orchestrating from "./work/Orchestrating.ts"
import { countRequests } from "@dueline/api/server/countRequests"
import { CurrentRetentionLimits } from "@dueline/api/system/TenantRulesHandlers"
import { CurrentSessionSettings } from "@dueline/api/sessions/SessionAccess"
import { createHttpServer } from "@dueline/api/server/createHttpServer"
import { traceRequests } from "@dueline/api/server/traceRequests"
import { keptIn } from "@dueline/contracts/deadLetter"
import { WorkerId } from "@dueline/contracts/Ids"
import { DirectMessages, DirectStarts, EventCommits, FiringCommits } from "@dueline/contracts/CommitCompanions"
import { Intents } from "@dueline/contracts/Intent"
import { DeadLetters } from "@dueline/contracts/ports/DeadLetters"
import type { Role } from "@dueline/contracts/Role"
import * as Redactions from "@dueline/contracts/readRedactions"
import { Metrics } from "@dueline/contracts/telemetry/Metrics"
import { Tracing } from "@dueline/contracts/telemetry/Tracing"
import { type EgressGuard, makeEgressGuard } from "@dueline/execution/egress/EgressGuard"
import { defaultTokenSettings } from "@dueline/identity/AccessToken"
import { readIssuers } from "@dueline/identity/outside/IssuerSettings"
import { readSignIn } from "@dueline/identity/openid/SignInProvider"
import { derivedShipmentId, notificationCallId } from "@dueline/identity/derivedId"
import { Clock, Effect, Layer, Random, type Redacted } from "effect"
import { HttpRouter } from "effect/http"
import { dirname, join } from "node:path"
import { layerStoreMemory } from "effect/persistence/RateLimiter"
import { layerNotices, layerSingle } from "./Cluster.ts"
import type { Settings } from "./Configuration.ts"
import { asModule } from "./logging.ts"
import type { Deployment } from "./Deployment.ts"
import { Hearing } from "./Hearing.ts"
import { entriesOf, readCustomRoles, readRateLimits, retentionLimits, tenantLimitsOf } from "./listSettings.ts"
import { orchestrator, Recalls } from "./Orchestration.ts"
import { readPayloadHosts } from "./payloadHosts.ts"
import { CurrentPhase } from "./Phase.ts"

/** New with every start: a worker of another name that still holds calls is gone. */
const newId = Effect.map(Random.next, (roll) => WorkerId.make(`worker-${Math.floor(roll * 2 ** 48).toString(36)}`))

const single = (id: WorkerId) =>
  Layer.mergeAll(
    layerSingle(id),
    FiringCommits.layer,
    EventCommits.layer,
    Layer.unwrap(Effect.map(DeadLetters, (letters) => EventBusMemory.layer({ onDead: keptIn(letters) })))
  )

/** Loaded only where a broker is configured: a process on its own starts without all that is needed to speak to one. */
const connected = (settings: Settings, url: Redacted.Redacted, id: WorkerId, deployment: Deployment) =>
  Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("./NatsCluster.ts")),
      ({ layer }) => layer(settings, url, id, deployment)
    )
  )

/**
 * Loading the client of Redis holds a process up for a quarter of a second. A process that has just started may have to make the calls of
 * one that died; that comes first, and until then it is as if Redis were not there yet.
 */
const redisAfter = "1 second"

const onRedis = (url: Redacted.Redacted, prefix: string) =>
  Layer.mergeAll(
    CircuitStore.layer({ prefix: `${prefix}:circuit:` }),
    RateStore.layer({ prefix: `${prefix}:rate:` }),
    CacheRedis.layer({ prefix: `${prefix}:` })
  ).pipe(
    Layer.provideMerge(
      Layer.unwrap(
        Effect.map(CurrentPhase, ({ started }) =>
          RedisConnection.layer({ url, after: Effect.andThen(started, Effect.sleep(redisAfter)) })
        )
      )
    )
  )

const inMemory = Layer.mergeAll(Circuits.layerStoreMemory, layerStoreMemory, CacheMemory.layer)

/** What ties the processes of an installation together, where it is configured: NATS, Redis; else the process is on its own. */
const links = (settings: Settings, deployment: Deployment) =>
  Layer.unwrap(
    Effect.map(newId, (id) => {
      const url = settings.DUELINE_NATS_URL
      const others = url === null ? single(id) : connected(settings, url, id, deployment)
      const redis = settings.DUELINE_REDIS_URL
      const part = asModule(settings)
      const traced = TracedBus.layer.pipe(part("bus"), Layer.provideMerge(others.pipe(part("bus"))))
      return redis === null
        ? Layer.mergeAll(traced, inMemory)
        : Layer.mergeAll(traced, onRedis(redis, settings.DUELINE_NATS_PREFIX))
    })
  )

/** Loopback, for trying things out on one machine. */
const demoEgress = ["localhost"]

const guardOf = (settings: Settings, demo: boolean): EgressGuard => {
  const allowed = entriesOf(settings.DUELINE_EGRESS_ALLOW)
  return makeEgressGuard(allowed.length > 0 || !demo ? allowed : demoEgress)
}

/** `demo`: also what this machine serves, for trying things out. */
const payloadHostsOf = (settings: Settings, demo: boolean) =>
  readPayloadHosts(settings.DUELINE_PAYLOAD_HOSTS !== "" || !demo ? settings.DUELINE_PAYLOAD_HOSTS : "http://localhost")

/** A third of the time to stop goes to requests that come in, a third to those that go out. */
const thirdOf = ({ DUELINE_SHUTDOWN_MS }: Settings): number => Math.round(DUELINE_SHUTDOWN_MS / 3)

/** What acts by itself, by role. Scopes close in reverse: the loops stop first, then what is on the wire may end and be recorded. */
const work = (settings: Settings, deployment: Deployment, guard: EgressGuard) => {
  const part = asModule(settings)
  const when = <A, E, R>(role: Role, layer: Layer.Layer<A, E, R>) => (deployment.roles.has(role) ? layer : Layer.empty)
  const concurrency = settings.DUELINE_CONCURRENCY
  const client = UndiciHttpClient.layer({ guard, connections: concurrency })
  const executor = deployment.roles.has("executor")
    ? LocalExecutor.layer({
        concurrency,
        drainMs: thirdOf(settings)
      }).pipe(Layer.provide(client), part("executor"))
    : LocalExecutor.layerNone
  const consumers = Layer.mergeAll(
    when(
      "orchestrator",
      Layer.mergeAll(
        OrderNotifications.layer(notificationCallId),
        FieldEvents.layer(derivedShipmentId),
        FailedIngestions.layer,
        ScheduleCalls.layer
      )
    ).pipe(part("orchestrator")),
    // It makes requests too, as executors do.
    when("executor", Roles.layerPayloads(deployment.shared).pipe(Layer.provide(client), part("executor")))
  )
  return Layer.mergeAll(
    when("orchestrator", LedWork.layer(settings, deployment.shared)).pipe(
      part("orchestrator"),
      Layer.provide(consumers)
    ),
    when("orchestrator", Orchestrating.layer({ limits: tenantLimitsOf(settings), concurrency })).pipe(
      part("orchestrator")
    ),
    consumers,
    when(
      "timer",
      Roles.layerSweeping(deployment, Timing.horizonOf(settings), settings.DUELINE_PRODUCT_EVENT_DAYS)
    ).pipe(part("timer")),
    // A bus in the process drops messages without a consumer: consumers start first and stop last.
    when("dispatcher", Roles.layerDispatching(deployment.shared)).pipe(part("dispatcher"), Layer.provide(consumers))
  ).pipe(Layer.provide(executor), Layer.provide(Timing.layer(deployment).pipe(part("timer"))))
}

/**
 * Others whose tokens are believed, where tokens are verified. Their keys are fetched by a client that reaches their addresses and nothing
 * else, so that an issuer inside need not be opened to tenants' calls.
 */
const outsideIssuers = (settings: Settings, { roles }: Deployment) => {
  const issuers = readIssuers(settings.DUELINE_ISSUERS)
  if (issuers.length === 0 || !(roles.has("api") || roles.has("ingest"))) return Layer.empty
  const guard = makeEgressGuard(issuers.map(({ jwksUri }) => hostAndPort(new URL(jwksUri))))
  const bound = { nameTimeoutMs: 3_000, placeTimeoutMs: 3_000, connectTimeoutMs: 3_000 }
  return OutsideIssuers.layer(issuers, readCustomRoles(settings.DUELINE_ROLES)).pipe(
    Layer.provide(UndiciHttpClient.layer({ guard, connections: 2, ...bound }))
  )
}

/** Where people sign in, where the edge is; with a client of its own, as above. Loaded only where one is configured. */
const signInProvider = (settings: Settings, { roles }: Deployment) => {
  const provider = readSignIn(settings.DUELINE_SIGN_IN)
  if (provider === null || !roles.has("api")) return Layer.empty
  const guard = makeEgressGuard([hostAndPort(new URL(provider.issuer)), ...(provider.hosts ?? [])])
  const bound = { nameTimeoutMs: 3_000, placeTimeoutMs: 3_000, connectTimeoutMs: 3_000 }
  return Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("@dueline/identity/openid/OpenIdProvider")),
      ({ layer }) => layer(provider)
    )
  ).pipe(Layer.provide(UndiciHttpClient.layer({ guard, connections: 8, ...bound })))
}

const hostAndPort = ({ hostname, port, protocol }: URL): string =>
  `${hostname}:${port === "" ? (protocol === "https:" ? 443 : 80) : port}`

/** The console lies beside the program when both were put together. */
const consoleFolder = (): string => join(dirname(process.argv[1] ?? ""), "console")

/** The edge or the part of it that takes in events, else what a process without one shows of itself. */
const routes = (settings: Settings, { roles }: Deployment, demo: boolean) => {
  if (!roles.has("api") && !roles.has("ingest")) return Routes.layerProbes()
  const rates = readRateLimits(settings.DUELINE_RATE_LIMITS)
  const edge = () =>
    Layer.merge(Routes.layer(rates), ConsoleRoutes.layer(consoleFolder(), readMapTiles(settings.DUELINE_CONSOLE_TILES)))
  return (roles.has("api") ? edge() : Routes.layerIntake(rates)).pipe(
    Layer.provide([
      TokenVerifier.layer({
        ...TokenVerifier.defaultVerifierSettings,
        ...defaultTokenSettings,
        issuer: settings.DUELINE_ISSUER,
        roles: readCustomRoles(settings.DUELINE_ROLES)
      }),
      TokenIssuer.layer({ ...defaultTokenSettings, issuer: settings.DUELINE_ISSUER })
    ]),
    Layer.provide(Layer.succeed(CurrentRetentionLimits, retentionLimits(settings))),
    Layer.provide(
      Layer.succeed(CurrentSessionSettings, {
        publicUrl: settings.DUELINE_PUBLIC_URL,
        roles: readCustomRoles(settings.DUELINE_ROLES),
        ownHostsOnly: demo
      })
    )
  )
}

const server = (settings: Settings) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { take } = yield* PlainRequests.PlainRequests
      const metrics = yield* Metrics
      const tracing = yield* Tracing
      const clock = yield* Clock.Clock
      const elapsed = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
      return NodeHttpServer.layer(
        () => countRequests(traceRequests(createHttpServer(take), tracing), metrics, elapsed),
        {
          port: settings.PORT,
          host: settings.HOST,
          gracefulShutdownTimeout: `${thirdOf(settings)} millis`
        }
      )
    })
  )

/** Loaded only where telemetry is sent anywhere. */
const exported = (settings: Settings) => {
  const overOtlp =
    settings.OTEL_EXPORTER_OTLP_ENDPOINT === ""
      ? Layer.empty
      : Layer.unwrap(
          Effect.map(
            Effect.promise(() => import("./telemetry/Export.ts")),
            ({ layer }) => layer(settings)
          )
        )
  const bySdk =
    settings.DUELINE_TRACER === "sdk"
      ? Layer.unwrap(
          Effect.map(
            Effect.promise(() => import("./telemetry/SdkTracing.ts")),
            ({ layer }) => layer(settings)
          )
        )
      : Layer.empty
  return Layer.merge(overOtlp, bySdk)
}

/** Everything that serves, ready to be launched. `demo` lets calls reach this machine, unless the configuration names what they may. */
export const program = (settings: Settings, deployment: Deployment, demo: boolean) => {
  const guard = guardOf(settings, demo)
  const part = asModule(settings)
  const core = orchestrator(settings, deployment).pipe(
    part("orchestrator"),
    Layer.provideMerge(layerNotices),
    Layer.provideMerge(Hearing.layer),
    Layer.provideMerge(ScheduleCalls.layerFiredCalls),
    Layer.provideMerge(links(settings, deployment)),
    Layer.provideMerge(
      Layer.mergeAll(
        Storage.layer(settings, deployment).pipe(part("database")),
        Intents.layer,
        DirectStarts.layer,
        DirectMessages.layer,
        CurrentPhase.layer,
        Recalls.layer
      )
    )
  )
  const shown = Layer.merge(routes(settings, deployment, demo), MetricsEndpoint.layerRoute(settings))
  return HttpRouter.serve(shown.pipe(part("api")), { disableLogger: true, disableListenLog: true }).pipe(
    part("api"),
    Layer.provide([Edge.layerBodyLimit(), DefectReporter.layer, Health.layer(deployment)]),
    Layer.provide([outsideIssuers(settings, deployment), signInProvider(settings, deployment)]),
    Layer.provide(leanServer.layer),
    Layer.provide(MetricsEndpoint.layerPort(settings)),
    Layer.provide(MetricsEndpoint.layerProcess(deployment)),
    Layer.provideMerge(server(settings)),
    Layer.provide(PlainRequests.layer),
    Layer.provideMerge(work(settings, deployment, guard)),
    Layer.provide(SuspendedTenants.layer),
    Layer.provide([Intake.layer(guard), payloadHosts.layer(guard, payloadHostsOf(settings, demo))]),
    Layer.provide(SigningSecrets.layer),
    Layer.provide(Redactions.layer(entriesOf(settings.DUELINE_REDACT)).pipe(part("database"))),
    Layer.provideMerge(core),
    // The first that is made and the last that goes: spans of the stop itself are sent too.
    Layer.provide(exported(settings))
  )
}
