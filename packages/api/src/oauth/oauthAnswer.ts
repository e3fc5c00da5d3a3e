/** Answers in the words of RFC 6749: nobody on the way keeps them, and errors are not problem documents. */
import type { OAuthErrorCode } from "@dueline/contracts/api/OAuthEndpoints"
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"

const statuses: Readonly<Record<OAuthErrorCode, number>> = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  unsupported_token_type: 400,
  invalid_scope: 400,
  temporarily_unavailable: 503
}

const unkept = { "cache-control": "no-store", pragma: "no-cache" }

export const answer = (body: object) => HttpServerResponse.jsonUnsafe(body, { headers: unkept })
export const done = HttpServerResponse.empty({ status: 200, headers: unkept })

export const refuse = (code: OAuthErrorCode, detail: string) =>
  Effect.succeed(
    HttpServerResponse.jsonUnsafe(
      { error: code, error_description: detail },
      {
        status: statuses[code],
        headers: {
          ...unkept,
          ...(code === "invalid_client" ? { "www-authenticate": 'Basic realm="dueline", charset="UTF-8"' } : {}),
          ...(code === "temporarily_unavailable" ? { "retry-after": "1" } : {})
        }
      }
    )
  )

/** One and the same for whatever is wrong with it. */
export const badKey = refuse(
  "invalid_client",
  "The API key is not valid here: mistyped, expired, revoked, never made, or not the one of client_id."
)
