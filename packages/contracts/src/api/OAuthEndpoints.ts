/** The HTTP operation that gives access tokens for API keys, in the words of RFC 6749: forms come in, and errors are not problem documents. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { RequestChecks } from "./Access.ts"
import { described } from "./conventions.ts"
import { problems } from "./ProblemError.ts"

const text = Schema.String

export const TokenRequest = Schema.Struct({
  grant_type: text.annotate({ description: "`client_credentials`" }),
  scope: Schema.optionalKey(
    text.annotate({ description: "Parted by blanks; none that the key has not. All of the key's when left out" })
  ),
  client_id: Schema.optionalKey(text.annotate({ description: "The key's id, unless it is in `Authorization: Basic`" })),
  client_secret: Schema.optionalKey(
    text.annotate({ description: "The API key, unless it is in `Authorization: Basic`" })
  )
}).annotate({ identifier: "TokenRequest" })

export const TokenAnswer = Schema.Struct({
  access_token: text,
  token_type: Schema.Literal("Bearer"),
  expires_in: Schema.Int.annotate({ description: "Seconds" }),
  scope: text
}).annotate({ identifier: "TokenAnswer" })

/** RFC 6749 § 5.2, and `temporarily_unavailable` of § 4.1.2.1 for what passes. */
export const OAuthErrorCode = Schema.Literals([
  "invalid_request",
  "invalid_client",
  "unauthorized_client",
  "unsupported_grant_type",
  "invalid_scope",
  "temporarily_unavailable"
])
export type OAuthErrorCode = typeof OAuthErrorCode.Type

const OAuthError = Schema.Struct({
  error: OAuthErrorCode,
  error_description: text
}).annotate({ identifier: "OAuthError" })

const keyOfDocumentation = "dlk_0000000000000000000000…"

export const token = HttpApiEndpoint.post("token", "/token", {
  payload: TokenRequest.pipe(HttpApiSchema.asFormUrlEncoded()),
  success: TokenAnswer,
  error: [
    OAuthError.pipe(HttpApiSchema.status(400)),
    OAuthError.pipe(HttpApiSchema.status(401)),
    OAuthError.pipe(HttpApiSchema.status(503)),
    problems.PayloadTooLarge
  ]
}).annotateMerge(
  described(
    "Get an access token for an API key",
    "Client credentials (RFC 6749 § 4.4): the key's id and the key, as `Authorization: Basic` or in the form. The token is good for 15 minutes, " +
      "and no longer than the key. A token that was given outlives a key that is revoked, by so long at the most.",
    {
      request: { grant_type: "client_credentials", client_secret: keyOfDocumentation, scope: "ops:calls.read" },
      200: { access_token: "eyJhbGciOiJSUzI1NiIs…", token_type: "Bearer", expires_in: 900, scope: "ops:calls.read" },
      400: { error: "invalid_scope", error_description: "The key has not the scope ops:bins.write." },
      401: { error: "invalid_client", error_description: "The API key is not valid here." },
      503: { error: "temporarily_unavailable", error_description: "Ask again after the time in Retry-After." }
    }
  )
)

export class OAuth extends HttpApiGroup.make("oauth")
  .add(token)
  .prefix("/oauth")
  .middleware(RequestChecks)
  .annotateMerge(OpenApi.annotations({ title: "OAuth", description: "Access tokens for machines." })) {}
