/**
 * What holds for every request, also for those no handler sees: a correlation id, the API's version on the answer, a limit before any
 * work, and a problem document in place of every bare error.
 */
import { type ProblemCode, problemCodes } from "@dueline/contracts/api/Problem"
import type { CorrelationId } from "@dueline/contracts/Ids"
import { segmentLimits } from "@dueline/contracts/productEvent/ProductEvent"
import { HealthChecks } from "@dueline/contracts/ports/HealthChecks"
import { traceFields } from "@dueline/contracts/telemetry/Tracing"
import { correlationIdOf } from "@dueline/identity/randomId"
import { ByteSize, Context, Effect, Layer, Random, References, type Types } from "effect"
import { HttpEffect, HttpIncomingMessage, HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { byName, commonHeaders, problemReply, responseOf } from "./requests/answer.ts"
import { traceparentOf } from "./resources/asking.ts"
import { CurrentCorrelationId, isCorrelationId, lacksItsHost } from "./requests/headers.ts"
import { defaultDeadlineMs } from "./server/Deadline.ts"
import { defectDetail } from "./server/DefectReporter.ts"
import { methodsOf } from "./server/methodsOf.ts"
import { denied } from "./requests/refusal.ts"
import { defaultRequestLimit } from "./server/RequestPlaces.ts"

export interface EdgeLimits {
  readonly maxBodyBytes: number
  /** How long a request may wait for the store in all, in milliseconds. */
  readonly deadlineMs: number
  /** Requests of all tenants under way at once; of one tenant as many as there is room left. */
  readonly requests: number
}

export const defaultEdgeLimits: EdgeLimits = {
  maxBodyBytes: 256 * 1024,
  deadlineMs: defaultDeadlineMs,
  requests: defaultRequestLimit
}

export const layer = (limits: EdgeLimits = defaultEdgeLimits) =>
  HttpRouter.middleware(
    Effect.map(
      HealthChecks,
      ({ phase }) =>
        (httpEffect: Effect.Effect<HttpServerResponse.HttpServerResponse, Types.unhandled>) =>
          Effect.withFiber((fiber) => {
            const request = Context.getUnsafe(fiber.context, HttpServerRequest.HttpServerRequest)
            const asked = request.headers["x-correlation-id"]
            const correlationId = isCorrelationId(asked) ? asked : correlationIdOf(fiber.getRef(Random.Random))
            HttpEffect.appendPreResponseHandlerUnsafe(fiber.context, (request, response) =>
              Effect.sync(() => finish(request, response, correlationId, phase() === "draining"))
            )
            if (lacksItsHost(request)) return Effect.succeed(hostless)
            return Number(request.headers["content-length"] ?? 0) > bodyLimitOf(request.url, limits)
              ? Effect.succeed(tooLarge)
              : Effect.updateContext(httpEffect, (context: Context.Context<never>) =>
                  withCorrelation(context, correlationId, traceparentOf(request.headers))
                )
          })
    ),
    { global: true }
  )

/** Segment's clients send larger bodies than others may. */
const bodyLimitOf = (url: string, { maxBodyBytes }: EdgeLimits): number =>
  /^\/v1\/batch(?:$|\?)/u.test(url) ? Math.max(maxBodyBytes, segmentLimits.bytes) : maxBodyBytes

const hostless = HttpServerResponse.empty({ status: 400, headers: { connection: "close" } })
const tooLarge = HttpServerResponse.empty({ status: 413, headers: { connection: "close" } })

/** For the server: bodies without a length are cut off at the same limit. */
export const layerBodyLimit = (limits: EdgeLimits = defaultEdgeLimits): Layer.Layer<never> =>
  Layer.succeed(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(limits.maxBodyBytes))

const withCorrelation = (
  context: Context.Context<never>,
  correlationId: CorrelationId,
  traceparent: string | null
): Context.Context<never> =>
  context.pipe(
    Context.add(CurrentCorrelationId, correlationId),
    Context.add(References.CurrentLogAnnotations, { correlationId, ...traceFields(traceparent) })
  )

const finish = (
  request: HttpServerRequest.HttpServerRequest,
  response: HttpServerResponse.HttpServerResponse,
  correlationId: CorrelationId,
  draining: boolean
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.setHeaders(
    isBare(response) ? explain(request, response, correlationId) : response,
    byName(commonHeaders(correlationId, draining))
  )

const isBare = ({ body, headers, status }: HttpServerResponse.HttpServerResponse): boolean =>
  status >= 400 && (body._tag === "Empty" || headers["content-type"]?.startsWith("text/plain") === true)

const codes: Readonly<Record<number, ProblemCode>> = {
  400: "malformed_request",
  404: "not_found",
  408: "request_timeout",
  413: "body_too_large",
  415: "unsupported_media_type",
  503: "unavailable"
}

const codeOf = (status: number): ProblemCode => codes[status] ?? (status < 500 ? "malformed_request" : "internal")

const isReadable = (path: string): boolean => {
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}

const explain = (
  request: HttpServerRequest.HttpServerRequest,
  response: HttpServerResponse.HttpServerResponse,
  correlationId: CorrelationId
): HttpServerResponse.HttpServerResponse => {
  const path = request.url.split("?", 1)[0] ?? ""
  const readable = isReadable(path)
  const known = response.status === 404 && readable ? methodsOf(path) : []
  // The router gives up on parameters of more than 100 characters: then there is nothing here, whatever the method.
  const methods = known.includes(request.method) ? [] : known
  const code = methods.length > 0 ? "method_not_allowed" : codeOf(readable ? response.status : 400)
  const detail = lacksItsHost(request) ? "Send the header Host, once." : bareDetail(code)
  const headers: Array<string> = []
  if (methods.length > 0) headers.push("allow", methods.join(", "))
  if (response.headers["connection"] !== undefined) headers.push("connection", response.headers["connection"])
  return responseOf(problemReply(denied(code, detail), correlationId, headers))
}

/** What is said where nothing but the code is known. */
export const bareDetail = (code: ProblemCode): string => details[code] ?? problemCodes[code].title

const details: Partial<Record<ProblemCode, string>> = {
  malformed_request: "Look at the address: its percent-encoding must be UTF-8.",
  internal: defectDetail,
  not_found: "Look at /openapi.json for the addresses there are.",
  method_not_allowed: "Use one of the methods in Allow.",
  body_too_large: "Send a smaller body."
}
