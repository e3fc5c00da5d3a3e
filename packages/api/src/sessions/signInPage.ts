/** Why somebody cannot sign in: for a person who was led here a page, for everybody else the problem itself. */
import type { Forbidden, NotFound, Unavailable } from "@dueline/contracts/api/ProblemError"
import { Effect } from "effect"
import { type HttpServerRequest, HttpServerResponse } from "effect/http"
import { CurrentCorrelationId } from "../requests/Correlation.ts"
import { problemReply, responseOf } from "../requests/answer.ts"
import { escaped } from "../requests/escaped.ts"

const page = ({ correlationId, detail, title }: Forbidden | NotFound | Unavailable): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sign-in · Dueline</title></head>
<body><main><h1>${escaped(title)}</h1><p>${escaped(detail)}</p>
<p><a href="/console/sign-in">Sign in</a> · <a href="/console">Console</a></p><p>Reference: ${escaped(correlationId)}</p></main></body></html>
`

const headers = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff"
}

export const explained = (
  { headers: sent }: HttpServerRequest.HttpServerRequest,
  problem: Forbidden | NotFound | Unavailable
): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
  (sent["accept"] ?? "").includes("text/html")
    ? Effect.succeed(
        HttpServerResponse.text(page(problem), {
          status: problem.status,
          contentType: "text/html; charset=utf-8",
          headers: problem.status === 503 ? { ...headers, "retry-after": "5" } : headers
        })
      )
    : Effect.map(CurrentCorrelationId, (correlationId) =>
        responseOf(problemReply({ code: problem.code, detail: problem.detail }, correlationId))
      )
