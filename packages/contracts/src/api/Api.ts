/** The whole HTTP API as data: handlers, client and OpenAPI document are all derived from it. */
import { HttpApi, type HttpApiGroup, OpenApi } from "effect/http-api"
import type { Category } from "../kinds.ts"
import { Bins } from "../bin/BinEndpoints.ts"
import { Customers } from "../customer/CustomerEndpoints.ts"
import { describeOpenApi } from "./describeOpenApi.ts"
import { Orders } from "../order/OrderEndpoints.ts"
import { ServiceCalls } from "./ServiceCallEndpoints.ts"
import { System } from "./SystemEndpoints.ts"
import { Timeline } from "./TimelineEndpoints.ts"

/** Sent as `X-API-Version` with every answer. */
export const apiVersion = "1.0.0"

/** The operations on each kind of aggregate. A kind that has none does not compile. */
export const operations = {
  "service-call": ServiceCalls,
  customer: Customers,
  bin: Bins,
  order: Orders
} as const satisfies Readonly<Record<Category, HttpApiGroup.Constraint>>

type Groups = (typeof operations)[Category] | typeof Timeline | typeof System
const groups = [...Object.values(operations), Timeline, System] as unknown as readonly [Groups, ...Array<Groups>]

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
        "Submit HTTP calls to be made at or after a given time, and see what became of them; keep customers, bins and the orders between " +
        "them. Every error is a problem document (RFC 9457) with a stable `code`; all codes are listed under `x-problem-codes`.",
      transform: describeOpenApi(groups)
    })
  ) {}
