/** The whole HTTP API as data: handlers, client and OpenAPI document are all derived from it. */
import { HttpApi, OpenApi } from "effect/http-api"
import { type Category, kinds, type OpsCategory, opsCategories } from "../kinds.ts"
import { dropbinOperations } from "../ingestion/DropbinEndpoints.ts"
import { ConsoleSession, SessionOperations } from "../session/SessionEndpoints.ts"
import { courierEventOperations } from "../ingestion/IngestionEndpoints.ts"
import { ProductEventOperations, ProductEventReports } from "../productEvent/ProductEventEndpoints.ts"
import { Audit, Timeline } from "./AuditEndpoints.ts"
import { DeadLetters } from "./DeadLetterEndpoints.ts"
import { describeOpenApi } from "./describeOpenApi.ts"
import { OAuth } from "./OAuthEndpoints.ts"
import { operationParts } from "./OperationParts.ts"
import { OverviewOperations } from "./OverviewEndpoints.ts"
import { RedactionOperations, RetentionOperations } from "./TenantRulesEndpoints.ts"
import { ServiceCalls } from "./ServiceCallEndpoints.ts"
import { System } from "./SystemEndpoints.ts"

/** Sent as `X-API-Version` with every answer. */
export const apiVersion = "1.0.0"

type OpsOperations = { readonly [K in OpsCategory]: ReturnType<(typeof kinds)[K]["operations"]> }

export interface Operations extends OpsOperations {
  readonly "service-call": typeof ServiceCalls
}

/** The operations on each kind of aggregate: service calls have some of their own, those of the others stand in their entries. */
export const operations = {
  "service-call": ServiceCalls,
  ...Object.fromEntries(opsCategories.map((category) => [category, kinds[category].operations(operationParts)]))
} as unknown as Operations

/** What machines report to the operator: a part of what the edge serves. */
const intakes = [courierEventOperations(operationParts), dropbinOperations(operationParts)] as const
type Intake = (typeof intakes)[number]

type Groups =
  | Operations[Category]
  | Intake
  | typeof DeadLetters
  | typeof ProductEventOperations
  | typeof Timeline
  | typeof Audit
  | typeof OverviewOperations
  | typeof RetentionOperations
  | typeof RedactionOperations
  | typeof OAuth
  | typeof ConsoleSession
  | typeof SessionOperations
  | typeof System
const others = [
  ...intakes,
  DeadLetters,
  ProductEventOperations,
  Timeline,
  Audit,
  OverviewOperations,
  RetentionOperations,
  RedactionOperations,
  OAuth,
  ConsoleSession,
  SessionOperations,
  System
]
const groups = [...Object.values(operations), ...others] as unknown as readonly [Groups, ...Array<Groups>]

export class Api extends HttpApi.make("dueline")
  .add(...groups)
  .annotate(HttpApi.ParamsParseOptions, { errors: "all" })
  .annotate(HttpApi.HeadersParseOptions, { errors: "all" })
  .annotate(HttpApi.QueryParseOptions, { errors: "all", onExcessProperty: "error" })
  .annotate(HttpApi.PayloadParseOptions, { errors: "all", onExcessProperty: "error" })
  .annotateMerge(
    OpenApi.annotations({
      title: "Dueline",
      version: apiVersion,
      description:
        "Submit HTTP calls to be made at or after a given time, and see what became of them; keep field operations, and take in what " +
        "happens to them. Every error is a problem document (RFC 9457) with a stable `code`; all codes are listed under `x-problem-codes`.",
      transform: describeOpenApi(groups)
    })
  ) {}

/** The same for whoever walks over its operations: comparing the type of `Api` with one of any groups takes the compiler twelve seconds. */
export const walkedApi = Api as unknown as HttpApi.Top

/** What machines report: all that a process of the role `ingest` serves beside its probes. Its operations are some of those of `Api`. */
export class IntakeApi extends HttpApi.make("dueline").add(...intakes, ProductEventReports) {}
