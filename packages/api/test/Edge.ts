/** The whole edge on a real socket, over the real writer and the memory store. */
import { AccessScope } from "@dueline/contracts/api/Access"
import * as CallNotices from "@dueline/contracts/CallNotices"
import { TenantId } from "@dueline/contracts/Ids"
import { Intents } from "@dueline/contracts/Intent"
import * as EventBusMemory from "@dueline/contracts/memory/EventBusMemory"
import * as MemoryStore from "@dueline/port-contracts/memory/MemoryStore"
import { CallQueries, OpsQueries } from "@dueline/contracts/ports/Queries"
import { EventBus } from "@dueline/contracts/ports/EventBus"
import { type DependencyHealth, HealthChecks } from "@dueline/contracts/ports/HealthChecks"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { TenantDirectory } from "@dueline/contracts/ports/Directories"
import { PayloadSources, RequestIntake } from "@dueline/contracts/ports/Admission"
import { TimeTravel as PastPort } from "@dueline/contracts/ports/History"
import * as PersonalDataVaultAes from "@dueline/secrets/PersonalDataVaultAes"
import * as VaultsAes from "@dueline/secrets/VaultsAes"
import * as SigningKeys from "@dueline/secrets/SigningKeys"
import * as SuspendedTenants from "@dueline/identity/SuspendedTenants"
import * as TokenIssuer from "@dueline/identity/TokenIssuer"
import * as TokenVerifier from "@dueline/identity/TokenVerifier"
import * as TimeTravel from "@dueline/orchestration/TimeTravel"
import * as Writers from "@dueline/orchestration/Writers"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Context, Effect, Layer, Redacted, Result } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { owned, readRoles } from "@dueline/contracts/api/roles"
import { StoreRun } from "@dueline/contracts/ports/CacheStore"
import { replaying } from "../src/resources/replays.ts"
import * as CacheMemory from "@dueline/contracts/memory/CacheMemory"
import { layerStoreMemory } from "effect/persistence/RateLimiter"
import { createHttpServer } from "../src/server/createHttpServer.ts"
import * as paging from "../src/resources/paging.ts"
import * as DefectReporter from "../src/server/DefectReporter.ts"
import * as leanServer from "../src/server/leanServer.ts"
import * as EdgeLayer from "../src/Edge.ts"
import * as PlainRequests from "../src/server/PlainRequests.ts"
import type { RatesPerMinute } from "../src/access/RateLimits.ts"
import * as Routes from "../src/Routes.ts"
import { type Reply, type Sent, send } from "./send.ts"

export const tenant = TenantId.make("11111111-1111-4111-8111-111111111111")
export const otherTenant = TenantId.make("22222222-2222-4222-8222-222222222222")
export const scopes = AccessScope.literals

/** What the health endpoints are told; tests change it. */
export const health: { phase: "starting" | "serving" | "draining"; dependencies: ReadonlyArray<DependencyHealth> } = {
  phase: "serving",
  dependencies: [{ name: "database", needed: true, up: true, durationMs: 1 }]
}

export class Edge extends Context.Service<
  Edge,
  {
    readonly port: number
    readonly baseUrl: string
    readonly token: string
    readonly otherToken: string
    readonly mint: TokenIssuer.TokenIssuer["Service"]["mint"]
    readonly store: MemoryStore.MemoryStore["Service"]
    readonly bus: EventBus["Service"]
    readonly orchestrator: Orchestrator["Service"]
    /** Reads anew which tenants are suspended. */
    readonly refresh: Effect.Effect<void>
    /** With the tenant's token unless `authorization` is given; an empty one sends none. */
    readonly send: (request: Sent) => Effect.Effect<Reply>
    readonly submit: (body: unknown, headers?: Readonly<Record<string, string>>) => Effect.Effect<Reply>
  }
>()("@dueline/api/test/Edge") {}

/** Refuses credentials and loopback, keeps no secret, breaks when asked to: enough to see that what happens reaches the caller. */
const intake = Layer.succeed(RequestIntake, {
  admit: (_tenantId, _callId, { body, headers, method, url }) => {
    const parsed = URL.parse(url)
    if (parsed?.hostname === "defect.example.com") throw new Error("a defect that the test asked for")
    const refuse = (code: string, message: string) => Result.fail([{ field: "url", code, message }])
    if (parsed === null) return refuse("url_invalid", "is not a URL")
    if (parsed.username !== "") return refuse("credentials_in_url", "must hold no credentials")
    if (/^(localhost|127\.|10\.|169\.254\.|\[::1\])/u.test(parsed.hostname))
      return refuse("address_denied", "is a private address")
    const shown = url.replace(/token=[^&]*/u, "token=[redacted]")
    const request = {
      method,
      url: shown,
      headers,
      bodyBytes: body?.length ?? 0,
      bodySnippet: body?.slice(0, 100) ?? null
    }
    return Result.succeed({ spec: { request }, sealed: null })
  }
})

/** Over https from one host, with its query out of sight. */
const sources = Layer.succeed(PayloadSources, {
  check: (uri) => {
    const url = URL.parse(uri)
    return url?.origin === "https://files.example.com"
      ? Result.succeed({ href: url.href, shown: `${url.origin}${url.pathname}` })
      : Result.fail({ code: "payload_host_refused", message: "Put it on files.example.com." })
  }
})

const checks = Layer.succeed(HealthChecks, {
  version: "0.0.0-test",
  startedAt: 0,
  phase: () => health.phase,
  processes: () => [{ id: "test", roles: ["api"] }],
  dependencies: Effect.sync(() => health.dependencies)
})

/** A tenant that was never made; every other one is there. */
export const unmadeTenant = TenantId.make("00000000-0000-4000-8000-00000000dead")

/** Those that were made over HTTP are as they were made. */
const tenants = Layer.effect(
  TenantDirectory,
  Effect.map(MemoryStore.MemoryStore, ({ tenantDirectory }) => ({
    ...tenantDirectory,
    exists: (tenantId: TenantId) => Effect.succeed(tenantId !== unmadeTenant)
  }))
)

export const secretVault = VaultsAes.layerSecretVault({
  sealing: { id: "test", key: Redacted.make(new Uint8Array(32).fill(8)) }
})

const customRoles = Result.getOrThrow(
  readRoles([
    "north=+ops:calls.read[tag=north] +ops:calls.write[tag=north]",
    "owner=+ops:calls.read[own] +ops:calls.write[own]",
    "careful=editor -ops:calls.write[tag=locked]",
    `mine=${[...owned].map((scope) => `+${scope}[own]`).join(" ")}`,
    `there=+ops:bins.read[tenant=${otherTenant}]`
  ])
)

const ports = Layer.mergeAll(
  Writers.layer().pipe(Layer.provide(Intents.layer)),
  intake,
  sources,
  checks,
  TimeTravel.layer,
  PersonalDataVaultAes.layer({ key: Redacted.make(new Uint8Array(32).fill(9)) }),
  secretVault,
  VaultsAes.layerRequestVault({ sealing: { id: "test", key: Redacted.make(new Uint8Array(32).fill(8)) } }),
  paging.layerCursor(Redacted.make(new Uint8Array(32).fill(7))),
  TokenIssuer.layer(),
  TokenVerifier.layer({ ...TokenVerifier.defaultVerifierSettings, roles: customRoles })
).pipe(
  Layer.provideMerge(SuspendedTenants.layer),
  Layer.provideMerge(EventBusMemory.layer()),
  Layer.provideMerge(tenants),
  Layer.provideMerge(MemoryStore.layerMemory()),
  Layer.provideMerge(SigningKeys.layerEphemeral),
  Layer.provideMerge(CallNotices.layerLocal)
)

export interface Differently {
  readonly rates?: RatesPerMinute
  readonly limits?: Partial<EdgeLayer.EdgeLimits>
  /** What stands between Node and the plain way; as in the program it is taken as it is. */
  readonly through?: (take: PlainRequests.Take) => PlainRequests.Take | null
}

const server = ({ limits, rates = {}, through = (take) => take }: Differently) =>
  HttpRouter.serve(Routes.layer(rates, { ...EdgeLayer.defaultEdgeLimits, ...limits }), {
    disableLogger: true,
    disableListenLog: true
  }).pipe(
    Layer.provide(leanServer.layer),
    Layer.provideMerge(
      Layer.unwrap(
        Effect.map(PlainRequests.PlainRequests, ({ take }) =>
          NodeHttpServer.layer(() => createHttpServer(through(take)), {
            port: 0,
            host: "127.0.0.1",
            gracefulShutdownTimeout: "200 millis"
          })
        )
      )
    ),
    Layer.provide(PlainRequests.layer),
    Layer.provide([EdgeLayer.layerBodyLimit(), DefectReporter.layer, layerStoreMemory, CacheMemory.layer])
  )

const edge = Layer.effect(
  Edge,
  Effect.gen(function* () {
    const { address } = yield* HttpServer.HttpServer
    const port = "port" in address ? Number(address.port) : 0
    const issuer = yield* TokenIssuer.TokenIssuer
    const token = yield* issuer.mint({ subject: "tester", tenantId: tenant, scopes, ttlSeconds: 3600 })
    const otherToken = yield* issuer.mint({ subject: "stranger", tenantId: otherTenant, scopes, ttlSeconds: 3600 })
    const sendAs: Edge["Service"]["send"] = (request) =>
      send(port, { ...request, headers: { authorization: `Bearer ${token}`, ...request.headers } })
    return {
      port,
      baseUrl: `http://127.0.0.1:${port}`,
      token,
      otherToken,
      mint: issuer.mint,
      store: yield* MemoryStore.MemoryStore,
      bus: yield* EventBus,
      orchestrator: yield* Orchestrator,
      refresh: (yield* SuspendedTenants.SuspendedTenants).refresh,
      send: sendAs,
      submit: (body, headers = {}) =>
        sendAs({
          method: "POST",
          path: "/v1/service-calls",
          headers: { "content-type": "application/json", ...headers },
          body: JSON.stringify(body)
        })
    }
  })
)

/** `others`: what stands in the place of some ports. */
export const layerOf = (
  differently: Differently,
  others: Layer.Layer<never> | Layer.Layer<Orchestrator> = Layer.empty
) => edge.pipe(Layer.provide(server(differently)), Layer.provide(others), Layer.provide(ports), Layer.orDie)

/** With the answers to repeats in a cache. */
export const layerReplaying = layerOf(
  {},
  Layer.effect(Orchestrator, Effect.flatMap(Orchestrator, replaying)).pipe(
    Layer.provide([CacheMemory.layer, Layer.succeed(StoreRun, { current: Effect.succeed("this") })]),
    Layer.provide(ports),
    Layer.orDie
  )
)

export const layerLimited = (rates: RatesPerMinute): Layer.Layer<Edge> => layerOf({ rates })

export const layer = layerLimited({})

/** Not even a cancelled question comes back. */
const silent = Effect.uninterruptible(Effect.never)

/** Over a store that takes every question and answers none, like one behind a proxy that swallows bytes. */
export const layerSilent: Layer.Layer<Edge> = edge.pipe(
  Layer.provide(server({ limits: { deadlineMs: 10 } })),
  Layer.provide(
    Layer.mergeAll(
      Layer.succeed(Orchestrator, { offer: () => undefined, ask: () => silent }),
      Layer.succeed(CallQueries, {
        list: () => silent,
        find: () => silent,
        findMany: () => silent,
        flow: () => silent,
        history: () => silent
      }),
      Layer.succeed(PastPort, { at: () => silent, timeline: () => silent }),
      Layer.succeed(OpsQueries, {
        find: () => silent,
        list: () => silent,
        sealed: () => silent,
        scheduleRequests: () => silent,
        near: () => silent,
        holding: () => silent
      })
    )
  ),
  Layer.provide(ports),
  Layer.orDie
)

/** A call that is due in an hour. */
export const later = {
  delay: "1h",
  request: { method: "POST", url: "https://example.com/hook", body: { hello: "world" } }
}
