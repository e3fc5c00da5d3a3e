/** Makes sure that a request to an operation without a body has none. */
import type { BadRequest, PayloadTooLarge } from "@dueline/contracts/api/ProblemError"
import { Unprocessable } from "@dueline/contracts/api/ProblemError"
import { Effect } from "effect"
import type { HttpServerRequest } from "effect/http"
import { unreadable } from "./jsonBody.ts"
import { reject } from "./reject.ts"

type BodyProblem = BadRequest | PayloadTooLarge | Unprocessable

/** `{}` passes: it says nothing, and some clients cannot help sending it. Without a body the headers alone are looked at. */
export const noBody = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<void, BodyProblem> => {
  const { "content-length": length = "0", "transfer-encoding": encoding } = request.headers
  if (encoding === undefined && Number(length) === 0) return Effect.void
  return Effect.matchEffect(request.text, {
    onFailure: unreadable,
    onSuccess: (text): Effect.Effect<void, BodyProblem> => (/^\s*(?:\{\s*\}\s*)?$/u.test(text) ? Effect.void : unwanted)
  })
}

const unwanted = reject(Unprocessable, "invalid_request", "This takes no body: send none.", {
  errors: [{ path: "body", message: "send no body" }]
})
