/** Mints access tokens with the project's own key. */
import type { TenantId } from "@dueline/contracts/Ids"
import type { SessionId } from "@dueline/contracts/session/Session"
import { SigningKeys } from "@dueline/secrets/SigningKeys"
import { Clock, Context, Effect, Layer } from "effect"
import { SignJWT } from "jose"
import { algorithm, defaultTokenSettings, type TokenSettings, tokenType } from "./AccessToken.ts"
import { randomUuidV7 } from "./randomId.ts"

export interface AccessTokenRequest {
  readonly subject: string
  /** Whom the token was given to, when it was asked for with credentials (RFC 9068 § 2.2). */
  readonly clientId?: string
  /** The session of a person that it is given for. */
  readonly sessionId?: SessionId
  readonly tenantId: TenantId
  /** Further tenants the bearer may choose with `X-Tenant-Id`. */
  readonly tenants?: ReadonlyArray<TenantId>
  readonly scopes: ReadonlyArray<string>
  /** Left out, the scopes are all there is. */
  readonly roles?: ReadonlyArray<string>
  /** How long the token is good, in whole seconds. */
  readonly ttlSeconds: number
}

export class TokenIssuer extends Context.Service<
  TokenIssuer,
  {
    readonly mint: (request: AccessTokenRequest) => Effect.Effect<string>
  }
>()("@dueline/identity/TokenIssuer") {}

export const layer = (settings: TokenSettings = defaultTokenSettings): Layer.Layer<TokenIssuer, never, SigningKeys> =>
  Layer.effect(
    TokenIssuer,
    Effect.map(SigningKeys, (keys) =>
      TokenIssuer.of({
        mint: Effect.fnUntraced(function* (request: AccessTokenRequest) {
          const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
          const jti = yield* randomUuidV7
          const { current } = keys
          const claims = {
            tenant_id: request.tenantId,
            scope: request.scopes.join(" "),
            ...(request.roles === undefined ? {} : { roles: request.roles }),
            ...(request.clientId === undefined ? {} : { client_id: request.clientId }),
            ...(request.sessionId === undefined ? {} : { sid: request.sessionId }),
            ...(request.tenants === undefined ? {} : { tenants: request.tenants })
          }
          return yield* Effect.promise(() =>
            new SignJWT(claims)
              .setProtectedHeader({ alg: algorithm, kid: current.kid, typ: tokenType })
              .setSubject(request.subject)
              .setIssuer(settings.issuer)
              .setAudience(settings.audience)
              .setJti(jti)
              .setIssuedAt(now)
              .setNotBefore(now)
              .setExpirationTime(now + request.ttlSeconds)
              .sign(current.privateKey)
          )
        })
      })
    )
  )
