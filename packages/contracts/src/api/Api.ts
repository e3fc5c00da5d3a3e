/** The whole HTTP API as data: handlers, client and OpenAPI document are all derived from it. */
import { HttpApi, OpenApi } from "effect/http-api"
import { describeOpenApi } from "./describeOpenApi.ts"
import { ServiceCalls } from "./ServiceCallEndpoints.ts"
import { System } from "./SystemEndpoints.ts"

/** Sent as `X-API-Version` with every answer. */
export const apiVersion = "1.0.0"

export class Api extends HttpApi.make("dueline")
  .add(ServiceCalls)
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
        "Submit HTTP calls to be made at or after a given time, and see what became of them. Every error is a " +
        "problem document (RFC 9457) with a stable `code`; all codes are listed under `x-problem-codes`.",
      transform: describeOpenApi
    })
  ) {}
