/** Everything the edge serves. The composition gives it the ports and a server. */
import { Api } from "@dueline/contracts/api/Api"
import { ProbeApi } from "@dueline/contracts/api/SystemEndpoints"
import { Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import * as BearerAccess from "./BearerAccess.ts"
import * as CallEndings from "./CallEndings.ts"
import * as Details from "./Details.ts"
import * as Documents from "./Documents.ts"
import * as Edge from "./Edge.ts"
import * as RequestChecks from "./RequestChecks.ts"
import * as ServiceCallHandlers from "./ServiceCallHandlers.ts"
import * as SystemHandlers from "./SystemHandlers.ts"

const handlers = Layer.mergeAll(ServiceCallHandlers.layer, SystemHandlers.layer).pipe(
  Layer.provide([BearerAccess.layer, RequestChecks.layer, CallEndings.layer]),
  Layer.provide(Details.layer)
)

/**
 * Needs Orchestrator, CallQueries, RequestIntake, EventBus and HealthChecks (contracts), TokenVerifier and SigningKeys (identity), and
 * Cursor. Serve it with `HttpRouter.serve(Routes.layer(), { disableLogger: true })`, `Edge.layerBodyLimit`, `DefectReporter.layer`, and a
 * server made by `createHttpServer`.
 */
export const layer = (limits: Edge.EdgeLimits = Edge.defaultEdgeLimits) =>
  Layer.mergeAll(HttpApiBuilder.layer(Api, { openapiPath: "/openapi.json" }), Documents.layer, Edge.layer(limits)).pipe(
    Layer.provide(handlers)
  )

/** What a process without an edge serves: how it is, and nothing else. Needs HealthChecks. */
export const layerProbes = (limits: Edge.EdgeLimits = Edge.defaultEdgeLimits) =>
  Layer.mergeAll(HttpApiBuilder.layer(ProbeApi), Edge.layer(limits)).pipe(Layer.provide(SystemHandlers.layerProbes))
