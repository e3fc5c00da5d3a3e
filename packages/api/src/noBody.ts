/** Makes sure that a request to an operation without a body has none. */
import type { BadRequest, PayloadTooLarge } from "@dueline/contracts/api/ProblemError"
import type { Unprocessable } from "@dueline/contracts/api/ProblemError"
import { Effect } from "effect"
import type { HttpServerRequest } from "effect/http"
import { unreadable } from "./jsonBody.ts"
import { reject } from "./reject.ts"

type BodyProblem = BadRequest | PayloadTooLarge | Unprocessable

/** By the headers alone. */
export const isBodiless = ({ headers }: HttpServerRequest.HttpServerRequest): boolean =>
  headers["transfer-encoding"] === undefined && Number(headers["content-length"] ?? "0") === 0

/** `{}` passes: it says nothing, and some clients cannot help sending it. Without a body the headers alone are looked at. */
export const noBody = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<void, BodyProblem> => {
  if (isBodiless(request)) return Effect.void
  return Effect.matchEffect(request.text, {
    onFailure: unreadable,
    onSuccess: (text): Effect.Effect<void, BodyProblem> => (/^\s*(?:\{\s*\}\s*)?$/u.test(text) ? Effect.void : unwanted)
  })
}

const unwanted = reject("invalid_request", "This takes no body: send none.", {
  errors: [{ path: "body", message: "send no body" }]
})
