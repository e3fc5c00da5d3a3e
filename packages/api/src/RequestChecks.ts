/** Answers what the schemas of path, query and headers find wrong, with every issue listed. */
import { RequestChecks } from "@dueline/contracts/api/Access"
import { Unprocessable } from "@dueline/contracts/api/ProblemError"
import { Effect } from "effect"
import { HttpApiMiddleware } from "effect/http-api"
import { fieldProblems } from "./fieldProblems.ts"
import { reject } from "./reject.ts"

const parts = { Params: "path", Headers: "header", Query: "query", Payload: "body" } as const

export const layer = HttpApiMiddleware.layerSchemaErrorTransform(RequestChecks, (error) =>
  error.kind === "Body" || error.kind === "ResponseHeaders"
    ? Effect.die(error)
    : reject(Unprocessable, "invalid_request", "Correct what `errors` lists and send the request again.", {
        errors: fieldProblems(parts[error.kind], error.cause.issue)
      })
)
