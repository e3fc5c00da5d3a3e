/** Logs what nobody expected: without it a 500 would be silent. The caller is told the correlation id and nothing else. */
import { Effect, ErrorReporter } from "effect"
import { HttpServerError } from "effect/http"

/** What the caller is told beside it. */
export const defectDetail = "Tell us the correlation id; it is in our log."

/** A request that could not be read is the caller's mistake, not ours. */
const isRequestError = (error: unknown): boolean =>
  HttpServerError.isHttpServerError(error) &&
  error.reason._tag !== "InternalError" &&
  error.reason._tag !== "ResponseError"

export const layer = ErrorReporter.layer([
  ErrorReporter.make(({ cause, error, fiber }) => {
    if (isRequestError(error)) return
    Effect.runForkWith(fiber.context)(Effect.logError("request failed", cause))
  })
])
