/**
 * What holds for every request, also for those no handler sees: a correlation id, the API's version on the answer, a limit before any
 * work, and a problem document in place of every bare error.
 */
import { apiVersion } from "@dueline/contracts/api/Api"
import { problemBody, problemContentType } from "@dueline/contracts/api/Problem"
import { type ProblemCode, problemCodes } from "@dueline/contracts/api/ProblemCode"
import type { CorrelationId } from "@dueline/contracts/Ids"
import { correlationIdOf } from "@dueline/identity/randomId"
import { ByteSize, Context, Effect, Layer, Random, References } from "effect"
import { HttpEffect, HttpIncomingMessage, HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { CurrentCorrelationId, isCorrelationId } from "./Correlation.ts"
import { methodsOf } from "./methodsOf.ts"

export interface EdgeLimits {
  readonly maxBodyBytes: number
}

export const defaultEdgeLimits: EdgeLimits = { maxBodyBytes: 256 * 1024 }

export const layer = (limits: EdgeLimits = defaultEdgeLimits) =>
  HttpRouter.middleware(
    (httpEffect) =>
      Effect.withFiber((fiber) => {
        const { headers } = Context.getUnsafe(fiber.context, HttpServerRequest.HttpServerRequest)
        const asked = headers["x-correlation-id"]
        const correlationId = isCorrelationId(asked) ? asked : correlationIdOf(fiber.getRef(Random.Random))
        HttpEffect.appendPreResponseHandlerUnsafe(fiber.context, (request, response) =>
          Effect.succeed(finish(request, response, correlationId))
        )
        return Number(headers["content-length"] ?? 0) > limits.maxBodyBytes
          ? Effect.succeed(tooLarge)
          : Effect.updateContext(httpEffect, (context: Context.Context<never>) =>
              withCorrelation(context, correlationId)
            )
      }),
    { global: true }
  )

const tooLarge = HttpServerResponse.empty({ status: 413, headers: { connection: "close" } })

/** For the server: bodies without a length are cut off at the same limit. */
export const layerBodyLimit = (limits: EdgeLimits = defaultEdgeLimits): Layer.Layer<never> =>
  Layer.succeed(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(limits.maxBodyBytes))

const withCorrelation = (context: Context.Context<never>, correlationId: CorrelationId): Context.Context<never> =>
  context.pipe(
    Context.add(CurrentCorrelationId, correlationId),
    Context.add(References.CurrentLogAnnotations, { correlationId })
  )

const finish = (
  request: HttpServerRequest.HttpServerRequest,
  response: HttpServerResponse.HttpServerResponse,
  correlationId: CorrelationId
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.setHeaders(isBare(response) ? explain(request, response, correlationId) : response, {
    "x-correlation-id": correlationId,
    "x-api-version": apiVersion
  })

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
  const methods = response.status === 404 && readable ? methodsOf(path) : []
  const code = methods.length > 0 ? "method_not_allowed" : codeOf(readable ? response.status : 400)
  const { status, title } = problemCodes[code]
  const headers: Record<string, string> = {}
  if (methods.length > 0) headers["allow"] = methods.join(", ")
  if (status === 503) headers["retry-after"] = "1"
  if (response.headers["connection"] !== undefined) headers["connection"] = response.headers["connection"]
  return HttpServerResponse.jsonUnsafe(problemBody(code, correlationId, details[code] ?? title), {
    status,
    headers,
    contentType: problemContentType
  })
}

const details: Partial<Record<ProblemCode, string>> = {
  malformed_request: "Look at the address: its percent-encoding must be UTF-8.",
  internal: "Tell us the correlation id; it is in our log.",
  not_found: "Look at /openapi.json for the addresses there are.",
  method_not_allowed: "Use one of the methods in Allow.",
  body_too_large: "Send a smaller body."
}
