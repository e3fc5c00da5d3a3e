/** What is told of a token (RFC 7662), and taking one back (RFC 7009). */
import type { EpochMillis, TenantId } from "@dueline/contracts/Ids"
import { Sessions } from "@dueline/contracts/ports/Sessions"
import { isLive, type Session } from "@dueline/contracts/session/Session"
import { keyPrefix } from "@dueline/identity/apiKeyText"
import { readSecret, secretPrefix } from "@dueline/identity/sessionSecret"
import { Clock, Effect, Result } from "effect"
import type { HttpServerRequest } from "effect/http"
import { ApiKeyAccess } from "../access/ApiKeyAccess.ts"
import { type Asker, askerOf, Askers, bearerOf } from "../access/Askers.ts"
import { storeUnavailable } from "../requests/refusal.ts"
import { CurrentSessionSettings, makeSessionNotes, SessionAccess } from "../sessions/SessionAccess.ts"
import { type Asked, type Form, malformed, readClient, readForm, showsClient } from "./tokenRequest.ts"
import { answer, badKey, done, refuse } from "./oauthAnswer.ts"

type Request = HttpServerRequest.HttpServerRequest

/** Null for whatever is wrong with a token. */
const orNull = <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E>) =>
  Effect.catchIf(
    effect,
    (error): error is Extract<E, { readonly _tag: "Unauthenticated" }> => error._tag === "Unauthenticated",
    () => Effect.succeed(null)
  )

const readToken = (request: Request, bytes: Uint8Array): Asked<{ readonly form: Form; readonly token: string }> => {
  const { authorization, "content-type": contentType } = request.headers
  const form = readForm({ authorization, "content-type": contentType }, bytes)
  if (Result.isFailure(form)) return Result.fail(form.failure)
  const token = form.success.get("token")
  return token === undefined ? malformed("token is missing.") : Result.succeed({ form: form.success, token })
}

const inactive = answer({ active: false })

/** Of which tenants the one who asks may hear. */
const tenantsOf = ({ tenantId, tenants }: Pick<Asker, "tenantId" | "tenants">): ReadonlyArray<TenantId> =>
  tenantId === null ? tenants : [tenantId, ...tenants]

const facts = ({ apiKey, expiresAt, scopes, session, subject, tenantId }: Asker) => ({
  active: true,
  scope: scopes.join(" "),
  sub: subject,
  ...(apiKey === null ? {} : { client_id: apiKey.id }),
  ...(expiresAt === null ? {} : { exp: Math.floor(expiresAt / 1_000) }),
  ...(tenantId === null ? {} : { tenant_id: tenantId }),
  ...(session === null ? {} : { sid: session.sessionId })
})

export const makeStanding = Effect.gen(function* () {
  const keys = yield* ApiKeyAccess
  const askers = yield* Askers
  const sessions = yield* Sessions
  const access = yield* SessionAccess
  const settings = yield* CurrentSessionSettings
  const notes = yield* makeSessionNotes

  /** Whose a refresh token is; null for whatever is wrong with it. */
  const refreshed = Effect.fnUntraced(function* (token: string) {
    const read = readSecret(token)
    if (read === null) return null
    const found = yield* sessions
      .find(read, { kind: "client", digest: read.digest })
      .pipe(Effect.catch(storeUnavailable))
    return found !== null && isLive(found, yield* Clock.currentTimeMillis) ? found : null
  })

  /** Who the token lets in: null for nobody. */
  const bearerFor = Effect.fnUntraced(function* (token: string) {
    if (!token.startsWith(secretPrefix)) return yield* orNull(askers.believe(token))
    const session = yield* refreshed(token)
    return session === null ? null : askerOf(session, settings)
  })

  /** Who asks about a token: by an API key as OAuth has it, or as everywhere else. */
  const askedBy = Effect.fnUntraced(function* (request: Request, form: Form) {
    const { authorization } = request.headers
    if (!showsClient(form, authorization) || /^bearer /iu.test(authorization ?? ""))
      return yield* askers.identify(request, bearerOf(request))
    const client = readClient(form, authorization)
    if (Result.isFailure(client)) return null
    const row = yield* keys.open(client.success.key)
    const { clientId } = client.success
    return row === null || (clientId !== null && clientId.toLowerCase() !== row.apiKeyId)
      ? null
      : { tenantId: row.tenantId, tenants: [] }
  })

  const endOf = Effect.fnUntraced(function* (session: Session) {
    const { sessionId, tenantId } = session
    const at = (yield* Clock.currentTimeMillis) as EpochMillis
    const key = { tenantId, sessionId }
    yield* sessions.end(key, "signed-out", at).pipe(Effect.catch(storeUnavailable))
    yield* access.ended(key)
    yield* notes.done("oauth.revoke", session)
    return done
  })

  return {
    introspect: Effect.fnUntraced(function* (request: Request, bytes: Uint8Array) {
      const read = readToken(request, bytes)
      if (Result.isFailure(read)) return yield* refuse(read.failure.code, read.failure.detail)
      const { form, token } = read.success
      const by = yield* askedBy(request, form)
      if (by === null) return yield* badKey
      const found = yield* bearerFor(token)
      if (found === null) return inactive
      const heard = tenantsOf(by)
      if (!tenantsOf(found).some((tenant) => heard.includes(tenant))) return inactive
      const isAccess = !token.startsWith(secretPrefix) && !token.startsWith(keyPrefix)
      return answer({ ...facts(found), ...(isAccess ? { token_type: "Bearer" } : {}) })
    }),

    revoke: Effect.fnUntraced(function* (request: Request, bytes: Uint8Array) {
      const read = readToken(request, bytes)
      if (Result.isFailure(read)) return yield* refuse(read.failure.code, read.failure.detail)
      const { token } = read.success
      if (token.startsWith(keyPrefix))
        return yield* refuse("unsupported_token_type", "An API key is revoked with DELETE /v1/api-keys/{id}.")
      const found = yield* bearerFor(token)
      // Whatever is wrong with it, nothing is left to be taken back (RFC 7009 § 2.2).
      if (found === null) return done
      if (found.session === null)
        return yield* refuse(
          "unsupported_token_type",
          "A token without a session ends by itself; one of an API key also when its key is revoked."
        )
      return yield* endOf(found.session)
    })
  }
})
