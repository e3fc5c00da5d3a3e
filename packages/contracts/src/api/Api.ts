/** The whole HTTP API as data: handlers, client and OpenAPI document are all derived from it. */
import { HttpApi, OpenApi } from "effect/http-api"
import { Bins } from "./BinEndpoints.ts"
import { Customers } from "./CustomerEndpoints.ts"
import { describeOpenApi } from "./describeOpenApi.ts"
import { Orders } from "./OrderEndpoints.ts"
import { ServiceCalls } from "./ServiceCallEndpoints.ts"
import { System } from "./SystemEndpoints.ts"
import { Timeline } from "./TimelineEndpoints.ts"

/** Sent as `X-API-Version` with every answer. */
export const apiVersion = "1.0.0"

export class Api extends HttpApi.make("dueline")
  .add(ServiceCalls)
  .add(Customers)
  .add(Bins)
  .add(Orders)
  .add(Timeline)
  .add(System)
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
      transform: describeOpenApi
    })
  ) {}
