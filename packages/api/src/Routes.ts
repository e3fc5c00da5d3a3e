/** Everything the edge serves. The composition gives it the ports and a server. */
import { Api, IntakeApi } from "@dueline/contracts/api/Api"
import { ProbeApi } from "@dueline/contracts/api/SystemEndpoints"
import type { Category } from "@dueline/contracts/kinds"
import { Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import * as ApiKeyAccess from "./access/ApiKeyAccess.ts"
import * as ApiKeyHandlers from "./access/ApiKeyHandlers.ts"
import * as Askers from "./access/Askers.ts"
import * as AuditHandlers from "./system/AuditHandlers.ts"
import * as AuditNotes from "./access/AuditNotes.ts"
import * as BearerAccess from "./access/BearerAccess.ts"
import * as BinHandlers from "./ops/BinHandlers.ts"
import * as CallEndings from "./calls/CallEndings.ts"
import * as CallFeed from "./calls/CallFeed.ts"
import * as ConsoleHandlers from "./sessions/ConsoleHandlers.ts"
import * as CourierEventHandlers from "./intake/CourierEventHandlers.ts"
import * as CourierEvents from "./intake/CourierEvents.ts"
import * as CourierSourceHandlers from "./intake/CourierSourceHandlers.ts"
import * as CustomerHandlers from "./ops/CustomerHandlers.ts"
import * as Deadline from "./server/Deadline.ts"
import * as DeadLetterHandlers from "./system/DeadLetterHandlers.ts"
import * as Details from "./calls/Details.ts"
import * as Documents from "./system/Documents.ts"
import * as DropbinHandlers from "./intake/DropbinHandlers.ts"
import * as Edge from "./Edge.ts"
import * as IngestionHandlers from "./intake/IngestionHandlers.ts"
import * as JobHandlers from "./jobs/JobHandlers.ts"
import * as KnownSources from "./intake/KnownSources.ts"
import * as KnownTenants from "./access/KnownTenants.ts"
import * as OAuthHandlers from "./oauth/OAuthHandlers.ts"
import * as TenantRulesHandlers from "./system/TenantRulesHandlers.ts"
import * as OverviewHandlers from "./system/OverviewHandlers.ts"
import * as OrderHandlers from "./ops/OrderHandlers.ts"
import * as FlowHandlers from "./calls/FlowHandlers.ts"
import * as PauseHandlers from "./calls/PauseHandlers.ts"
import * as PlainCourierEvents from "./intake/PlainCourierEvents.ts"
import * as PlainProductEvents from "./intake/PlainProductEvents.ts"
import * as PlainSubmissions from "./calls/PlainSubmissions.ts"
import * as ProductEventHandlers from "./intake/ProductEventHandlers.ts"
import * as RateLimits from "./access/RateLimits.ts"
import * as RequestChecks from "./requests/RequestChecks.ts"
import * as ScheduleHandlers from "./schedules/ScheduleHandlers.ts"
import * as ServiceCallHandlers from "./calls/ServiceCallHandlers.ts"
import * as SessionAccess from "./sessions/SessionAccess.ts"
import * as SessionHandlers from "./sessions/SessionHandlers.ts"
import * as signIn from "./sessions/signIn.ts"
import * as Submissions from "./calls/Submissions.ts"
import * as ShipmentHandlers from "./ops/ShipmentHandlers.ts"
import * as SubscriptionHandlers from "./subscriptions/SubscriptionHandlers.ts"
import * as SystemHandlers from "./system/SystemHandlers.ts"
import * as TenantHandlers from "./access/TenantHandlers.ts"

/** The handlers of each kind of aggregate. A kind without them does not compile. */
export const kindHandlers = {
  "service-call": ServiceCallHandlers.layer,
  customer: CustomerHandlers.layer,
  bin: BinHandlers.layer,
  order: OrderHandlers.layer,
  "courier-source": CourierSourceHandlers.layer,
  ingestion: IngestionHandlers.layer,
  shipment: ShipmentHandlers.layer,
  "api-key": ApiKeyHandlers.layer,
  tenant: TenantHandlers.layer,
  "bulk-job": JobHandlers.layer,
  flow: FlowHandlers.layer,
  pause: PauseHandlers.layer,
  schedule: ScheduleHandlers.layer,
  subscription: SubscriptionHandlers.layer
} as const satisfies Readonly<Record<Category, Layer.Any>>

type KindLayer = (typeof kindHandlers)[Category]

/** The handlers of what machines report of the field. */
const intakeHandlers = (limits: Edge.EdgeLimits) =>
  Layer.mergeAll(CourierEventHandlers.layer, PlainCourierEvents.layer(limits), DropbinHandlers.layer).pipe(
    Layer.provide(CourierEvents.layer)
  )

const access = (rates: RateLimits.RatesPerMinute, limits: Edge.EdgeLimits) =>
  Layer.mergeAll(BearerAccess.layer, RequestChecks.layer).pipe(
    Layer.provideMerge(RateLimits.layer(rates, limits.requests))
  )

const handlers = (rates: RateLimits.RatesPerMinute, limits: Edge.EdgeLimits) =>
  Layer.mergeAll(
    PlainSubmissions.layer(limits),
    PlainProductEvents.layer(limits),
    ...(Object.values(kindHandlers) as [KindLayer, ...Array<KindLayer>]),
    intakeHandlers(limits),
    DeadLetterHandlers.layer,
    ProductEventHandlers.layer,
    AuditHandlers.layerTimeline,
    AuditHandlers.layerAudit,
    OverviewHandlers.layer,
    TenantRulesHandlers.layerRedaction,
    TenantRulesHandlers.layerRetention,
    OAuthHandlers.layer,
    ConsoleHandlers.layer,
    SessionHandlers.layer,
    signIn.layerCallback,
    SystemHandlers.layer
  ).pipe(
    Layer.provide([access(rates, limits), CallEndings.layer, CallFeed.layer()]),
    Layer.provide(Askers.layer),
    Layer.provide([Details.layer, KnownSources.layer, KnownTenants.layer, ApiKeyAccess.layer, SessionAccess.layer]),
    Layer.provide(AuditNotes.layer),
    Layer.provide(Deadline.layerPorts),
    Layer.provide(Submissions.layer),
    Layer.provide(Deadline.layer(limits.deadlineMs))
  )

/**
 * Needs Orchestrator, TenantDirectory, CallQueries, OpsQueries, Overviews, RedactionRules, RetentionRules, TimeTravel, PersonalDataVault, RequestIntake, RequestVault, PayloadSources, EventBus and HealthChecks (contracts),
 * Sessions, TokenIssuer, TokenVerifier, SuspendedTenants and SigningKeys (identity), a RateLimiterStore (effect/persistence), Cursor and PlainRequests. Serve it with
 * `HttpRouter.serve(Routes.layer(), { disableLogger: true })`, `Edge.layerBodyLimit`, `DefectReporter.layer`, and a server made by
 * `createHttpServer` with what PlainRequests take, through `leanServer`.
 */
export const layer = (rates: RateLimits.RatesPerMinute = {}, limits: Edge.EdgeLimits = Edge.defaultEdgeLimits) =>
  Layer.mergeAll(HttpApiBuilder.layer(Api, { openapiPath: "/openapi.json" }), Documents.layer, Edge.layer(limits)).pipe(
    Layer.provide(handlers(rates, limits))
  )

/** What a process serves that only takes in: what machines report, and how it is. Needs what the edge needs for that. */
export const layerIntake = (rates: RateLimits.RatesPerMinute = {}, limits: Edge.EdgeLimits = Edge.defaultEdgeLimits) =>
  Layer.mergeAll(HttpApiBuilder.layer(IntakeApi), HttpApiBuilder.layer(ProbeApi), Edge.layer(limits)).pipe(
    Layer.provide([
      intakeHandlers(limits),
      ProductEventHandlers.layerReports,
      PlainProductEvents.layer(limits),
      SystemHandlers.layerProbes
    ]),
    Layer.provide(access(rates, limits)),
    Layer.provide(Askers.layer),
    Layer.provide([KnownSources.layer, KnownTenants.layer, ApiKeyAccess.layer, SessionAccess.layer]),
    Layer.provide(AuditNotes.layer),
    Layer.provide(Deadline.layerPorts),
    Layer.provide(Deadline.layer(limits.deadlineMs))
  )

/** What a process without an edge serves: how it is, and nothing else. Needs HealthChecks. */
export const layerProbes = (limits: Edge.EdgeLimits = Edge.defaultEdgeLimits) =>
  Layer.mergeAll(HttpApiBuilder.layer(ProbeApi), Edge.layer(limits)).pipe(Layer.provide(SystemHandlers.layerProbes))
