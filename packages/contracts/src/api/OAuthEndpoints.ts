/** The HTTP operations that give, tell of and take back tokens, in the words of RFC 6749, 7662 and 7009: forms come in, and errors are not problem documents. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { RequestChecks } from "./Access.ts"
import { described } from "./conventions.ts"
import { problems } from "./ProblemError.ts"

const text = Schema.String

export const TokenRequest = Schema.Struct({
  grant_type: text.annotate({
    description: "`client_credentials` with an API key, `authorization_code` with the code of a link, `refresh_token`"
  }),
  scope: Schema.optionalKey(
    text.annotate({ description: "Parted by blanks; none that the key has not. All of the key's when left out" })
  ),
  client_id: Schema.optionalKey(text.annotate({ description: "The key's id, unless it is in `Authorization: Basic`" })),
  client_secret: Schema.optionalKey(
    text.annotate({ description: "The API key, unless it is in `Authorization: Basic`" })
  ),
  code: Schema.optionalKey(text.annotate({ description: "Of a link that `dueline console` printed: good once" })),
  refresh_token: Schema.optionalKey(
    text.annotate({ description: "The one of the answer before: good until the next is there, and ten seconds more" })
  )
}).annotate({ identifier: "TokenRequest" })

export const TokenAnswer = Schema.Struct({
  access_token: text,
  token_type: Schema.Literal("Bearer"),
  expires_in: Schema.Int.annotate({ description: "Seconds" }),
  scope: text,
  refresh_token: Schema.optionalKey(text.annotate({ description: "Of a person's session; the next time, this one" }))
}).annotate({ identifier: "TokenAnswer" })

/** RFC 6749 § 5.2, RFC 7009 § 2.2.1, and `temporarily_unavailable` of § 4.1.2.1 for what passes. */
export const OAuthErrorCode = Schema.Literals([
  "invalid_request",
  "invalid_client",
  "invalid_grant",
  "unauthorized_client",
  "unsupported_grant_type",
  "unsupported_token_type",
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
    "Get an access token for an API key, a code or a refresh token",
    "Client credentials (RFC 6749 § 4.4): the key's id and the key, as `Authorization: Basic` or in the form. A person's client sends the code of a link once, then " +
      "refresh tokens (§ 6): each is replaced by the next, and one that comes again later than ten seconds after that ends the session. Access tokens are good for 15 " +
      "minutes, and no longer than the key or the session.",
    {
      request: { grant_type: "client_credentials", client_secret: keyOfDocumentation, scope: "ops:calls.read" },
      200: { access_token: "eyJhbGciOiJSUzI1NiIs…", token_type: "Bearer", expires_in: 900, scope: "ops:calls.read" },
      400: { error: "invalid_scope", error_description: "The key has not the scope ops:bins.write." },
      401: { error: "invalid_client", error_description: "The API key is not valid here." },
      503: { error: "temporarily_unavailable", error_description: "Ask again after the time in Retry-After." }
    }
  )
)

const TokenAskedAbout = Schema.Struct({
  token: text,
  token_type_hint: Schema.optionalKey(text.annotate({ description: "Not needed: a token says what it is" })),
  client_id: TokenRequest.fields.client_id,
  client_secret: TokenRequest.fields.client_secret
}).annotate({ identifier: "TokenAskedAbout" })

const Introspection = Schema.Struct({
  active: Schema.Boolean,
  scope: Schema.optionalKey(text),
  client_id: Schema.optionalKey(text.annotate({ description: "An API key's id" })),
  token_type: Schema.optionalKey(Schema.Literal("Bearer")),
  exp: Schema.optionalKey(Schema.Int),
  sub: Schema.optionalKey(text),
  tenant_id: Schema.optionalKey(text),
  sid: Schema.optionalKey(text.annotate({ description: "The id of a person's session" }))
}).annotate({ identifier: "Introspection" })

const errors = [
  OAuthError.pipe(HttpApiSchema.status(400)),
  OAuthError.pipe(HttpApiSchema.status(401)),
  problems.Unauthenticated,
  problems.Forbidden,
  problems.PayloadTooLarge,
  problems.Unavailable
]

export const introspect = HttpApiEndpoint.post("introspect", "/introspect", {
  payload: TokenAskedAbout.pipe(HttpApiSchema.asFormUrlEncoded()),
  success: Introspection,
  error: errors
}).annotateMerge(
  described(
    "See what a token is good for",
    "RFC 7662, for access tokens, refresh tokens and API keys of the asker's own tenants; of every other it is said that it is not active. The asker shows an API key " +
      "as for a token, or an access token.",
    {
      request: { token: "eyJhbGciOiJSUzI1NiIs…" },
      200: { active: true, scope: "ops:calls.read", token_type: "Bearer", exp: 1_769_850_900, sub: "operator" },
      400: { error: "invalid_request", error_description: "token is missing." },
      401: { error: "invalid_client", error_description: "The API key is not valid here." }
    }
  )
)

export const revoke = HttpApiEndpoint.post("revoke", "/revoke", {
  payload: TokenAskedAbout.pipe(HttpApiSchema.asFormUrlEncoded()),
  success: HttpApiSchema.Empty(200),
  error: [OAuthError.pipe(HttpApiSchema.status(400)), problems.PayloadTooLarge, problems.Unavailable]
}).annotateMerge(
  described(
    "Take a token back",
    "RFC 7009: a refresh token, or an access token that was given for one, ends its session. What is not valid is answered in the same way: nothing is left to be taken back.",
    {
      request: { token: "dls_AWRS9sVuh2a8icIyoGmLvQ…" },
      400: {
        error: "unsupported_token_type",
        error_description: "An API key is revoked with DELETE /v1/api-keys/{id}."
      }
    }
  )
)

export class OAuth extends HttpApiGroup.make("oauth")
  .add(token, introspect, revoke)
  .prefix("/oauth")
  .middleware(RequestChecks)
  .annotateMerge(OpenApi.annotations({ title: "OAuth", description: "Tokens: given, looked at, taken back." })) {}
