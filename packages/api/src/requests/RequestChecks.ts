/** Answers what the schemas of path, query and headers find wrong, with every issue listed. */
import { RequestChecks } from "@dueline/contracts/api/Access"
import type { Unprocessable } from "@dueline/contracts/api/ProblemError"
import { Context, Effect, Layer, type Types } from "effect"
import { HttpServerRequest } from "effect/http"
import { HttpApiError } from "effect/http-api"
import { fieldProblems, parameterProblems, unknownFields } from "./fieldProblems.ts"
import { invalidRequest } from "./requestBody.ts"

const parts = { Params: "path", Headers: "header", Query: "query", Payload: "body" } as const

/** An endpoint without a query schema takes no parameter at all: the framework would let any pass. */
export const layer: Layer.Layer<RequestChecks> = Layer.succeed(RequestChecks, (httpEffect, { endpoint }) => {
  const checked = Effect.catch(
    httpEffect,
    (error): Effect.Effect<never, Unprocessable | Types.unhandled> =>
      HttpApiError.HttpApiSchemaError.is(error) ? explain(error) : Effect.fail(error)
  )
  if (endpoint.query !== undefined) return checked
  return Effect.withFiber((fiber) => {
    const names = Object.keys(Context.getUnsafe(fiber.context, HttpServerRequest.ParsedSearchParams))
    return names.length === 0 ? checked : invalidRequest(unknownFields("query", names))
  })
})

const explain = (error: HttpApiError.HttpApiSchemaError) =>
  Effect.withFiber<never, Unprocessable>((fiber) => {
    if (error.kind === "Body" || error.kind === "ResponseHeaders") return Effect.die(error)
    const { issue } = error.cause
    const part = parts[error.kind]
    return invalidRequest(
      error.kind === "Query"
        ? parameterProblems(part, issue, Context.getUnsafe(fiber.context, HttpServerRequest.ParsedSearchParams))
        : fieldProblems(part, issue)
    )
  })
