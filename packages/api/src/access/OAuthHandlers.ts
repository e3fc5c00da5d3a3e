/** Access tokens for API keys (RFC 6749 § 4.4). Answers and errors are as that says, and nobody on the way keeps them. */
import { Api } from "@dueline/contracts/api/Api"
import type { OAuthErrorCode } from "@dueline/contracts/api/OAuthEndpoints"
import type { ApiKeyRow } from "@dueline/contracts/apiKey/ApiKey"
import { TokenIssuer } from "@dueline/identity/TokenIssuer"
import { Clock, Effect, Layer, Result } from "effect"
import { type HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { CurrentCorrelationId } from "../requests/Correlation.ts"
import { ApiKeyAccess } from "./ApiKeyAccess.ts"
import { AuditNotes } from "./AuditNotes.ts"
import { KnownTenants } from "./KnownTenants.ts"
import { leanGroup } from "../server/leanGroup.ts"
import type { Raw } from "../resources/Raw.ts"
import { unreadable } from "../requests/requestBody.ts"
import { RequestPlaces } from "../server/RequestPlaces.ts"
import { readTokenRequest, type TokenAsked } from "./tokenRequest.ts"

/** A token's life in seconds: how long it may outlive a key that is revoked. */
const lifeSeconds = 900
/** Tokens being signed, each about a millisecond of a processor; shared among tenants. */
const signingLimit = 64

const statuses: Readonly<Record<OAuthErrorCode, number>> = {
  invalid_request: 400,
  invalid_client: 401,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  invalid_scope: 400,
  temporarily_unavailable: 503
}

const unkept = { "cache-control": "no-store", pragma: "no-cache" }

const refuse = (code: OAuthErrorCode, detail: string) =>
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
const badKey = refuse(
  "invalid_client",
  "The API key is not valid here: mistyped, expired, revoked, never made, or not the one of client_id."
)

const crowded = refuse(
  "temporarily_unavailable",
  "Too many tokens are being made. Ask again after the time in Retry-After."
)

const makeToken = Effect.gen(function* () {
  const keys = yield* ApiKeyAccess
  const tenants = yield* KnownTenants
  const issuer = yield* TokenIssuer
  const notes = yield* AuditNotes
  const places = new RequestPlaces(signingLimit)

  const issue = Effect.fnUntraced(function* ({ apiKeyId, expiresAt, scopes, tenantId }: ApiKeyRow, asked: TokenAsked) {
    const foreign = (asked.scopes ?? []).filter((scope) => !scopes.includes(scope))
    if (foreign.length > 0) return yield* refuse("invalid_scope", `The key has not the scope ${foreign[0]}.`)
    const granted = asked.scopes ?? scopes
    const left = expiresAt === null ? lifeSeconds : Math.floor((expiresAt - (yield* Clock.currentTimeMillis)) / 1_000)
    const ttlSeconds = Math.min(lifeSeconds, left)
    if (ttlSeconds < 1) return yield* badKey
    const correlationId = yield* CurrentCorrelationId
    const token = yield* issuer.mint({
      subject: `api-key:${apiKeyId}`,
      clientId: apiKeyId,
      tenantId,
      scopes: granted,
      ttlSeconds
    })
    notes.note({
      tenantId,
      actor: { kind: "user", id: `api-key:${apiKeyId}` },
      action: "oauth.token",
      resource: apiKeyId,
      outcome: "done",
      code: null,
      correlationId
    })
    return HttpServerResponse.jsonUnsafe(
      { access_token: token, token_type: "Bearer", expires_in: ttlSeconds, scope: granted.join(" ") },
      { headers: unkept }
    )
  })

  return Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest) {
    const bytes = new Uint8Array(yield* Effect.catch(request.arrayBuffer, unreadable))
    const read = readTokenRequest(
      { authorization: request.headers["authorization"], "content-type": request.headers["content-type"] },
      bytes
    )
    if (Result.isFailure(read)) return yield* refuse(read.failure.code, read.failure.detail)
    const asked = read.success
    const row = yield* keys.open(asked.key)
    if (row === null || (asked.clientId !== null && asked.clientId.toLowerCase() !== row.apiKeyId)) return yield* badKey
    const denied = yield* Effect.matchEffect(tenants.require(row.tenantId), {
      onFailure: (refused) => (refused._tag === "Forbidden" ? Effect.succeed(refused.detail) : Effect.fail(refused)),
      onSuccess: () => Effect.succeed(null)
    })
    if (denied !== null) return yield* refuse("unauthorized_client", denied)
    const leave = places.enter(row.tenantId)
    return yield* leave === null ? crowded : Effect.ensuring(issue(row, asked), Effect.sync(leave))
  })
})

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const token = yield* makeToken
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "oauth", (handlers) =>
        handlers.handleRaw("token", ({ request }: Raw<"oauth", "token">) => token(request))
      )
    )
  })
)
