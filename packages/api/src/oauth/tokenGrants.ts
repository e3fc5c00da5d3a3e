/** Access tokens: for an API key (RFC 6749 § 4.4), for the code of a link (§ 4.1), and for a refresh token, which is replaced by the next (§ 6). */
import type { ApiKeyRow } from "@dueline/contracts/apiKey/ApiKey"
import type { EpochMillis, TenantId } from "@dueline/contracts/Ids"
import { Places } from "@dueline/contracts/TenantShares"
import { Sessions } from "@dueline/contracts/ports/Sessions"
import type { Session } from "@dueline/contracts/session/Session"
import { drawSecret, readSecret } from "@dueline/identity/sessionSecret"
import { type AccessTokenRequest, TokenIssuer } from "@dueline/identity/TokenIssuer"
import { Clock, Effect } from "effect"
import { ApiKeyAccess, keySubject } from "../access/ApiKeyAccess.ts"
import { askerOf } from "../access/Askers.ts"
import { AuditNotes } from "../access/AuditNotes.ts"
import { KnownTenants } from "../access/KnownTenants.ts"
import { CurrentCorrelationId } from "../requests/headers.ts"
import { storeUnavailable } from "../requests/refusal.ts"
import { CurrentSessionSettings, makeSessionNotes, SessionAccess } from "../sessions/SessionAccess.ts"
import { answer, badKey, refuse } from "./oauthAnswer.ts"
import type { TokenAsked } from "./tokenRequest.ts"

/** A token's life in seconds. */
const lifeSeconds = 900
/** Tokens being signed, each about a millisecond of a processor; shared among tenants. */
const signingLimit = 64

const crowded = refuse(
  "temporarily_unavailable",
  "Too many tokens are being made. Ask again after the time in Retry-After."
)

/** One and the same for whatever is wrong with it. */
const badGrant = refuse(
  "invalid_grant",
  "The code or refresh token is not valid here: mistyped, used before, too old, or of a session that is over. Sign in again."
)

type BySecret = Exclude<TokenAsked, { readonly grant: "client_credentials" }>
type ByKey = Extract<TokenAsked, { readonly grant: "client_credentials" }>

const foreignIn = (asked: ReadonlyArray<string> | null, has: ReadonlyArray<string>): string | undefined =>
  (asked ?? []).find((scope) => !has.includes(scope))

const secondsLeft = (until: number | null, now: number): number =>
  Math.min(lifeSeconds, until === null ? lifeSeconds : Math.floor((until - now) / 1_000))

export const makeGrants = Effect.gen(function* () {
  const keys = yield* ApiKeyAccess
  const tenants = yield* KnownTenants
  const issuer = yield* TokenIssuer
  const sessions = yield* Sessions
  const access = yield* SessionAccess
  const settings = yield* CurrentSessionSettings
  const audit = yield* AuditNotes
  const notes = yield* makeSessionNotes
  const places = new Places(signingLimit)

  /** Why a tenant gets none; null when it does. */
  const denialOf = (tenantId: TenantId) =>
    Effect.matchEffect(tenants.require(tenantId), {
      onFailure: (refused) => (refused._tag === "Forbidden" ? Effect.succeed(refused.detail) : Effect.fail(refused)),
      onSuccess: () => Effect.succeed(null)
    })

  const signed = Effect.fnUntraced(function* (request: AccessTokenRequest, more: object = {}) {
    const token = yield* issuer.mint(request)
    const { scopes, ttlSeconds } = request
    return answer({
      access_token: token,
      token_type: "Bearer",
      expires_in: ttlSeconds,
      scope: scopes.join(" "),
      ...more
    })
  })

  const inTurn = <A, E, R>(tenantId: TenantId, sign: Effect.Effect<A, E, R>) => {
    const leave = places.enter(tenantId)
    return leave === null ? crowded : Effect.ensuring(sign, Effect.sync(leave))
  }

  const forKey = Effect.fnUntraced(function* (row: ApiKeyRow, asked: ByKey) {
    const { apiKeyId, expiresAt, scopes, tenantId } = row
    const foreign = foreignIn(asked.scopes, scopes)
    if (foreign !== undefined) return yield* refuse("invalid_scope", `The key has not the scope ${foreign}.`)
    const ttlSeconds = secondsLeft(expiresAt, yield* Clock.currentTimeMillis)
    if (ttlSeconds < 1) return yield* badKey
    const subject = keySubject(apiKeyId)
    const answered = yield* signed({
      subject,
      clientId: apiKeyId,
      tenantId,
      scopes: asked.scopes ?? scopes,
      ttlSeconds
    })
    audit.note({
      tenantId,
      actor: { kind: "user", id: subject },
      action: "oauth.token",
      resource: apiKeyId,
      outcome: "done",
      code: null,
      correlationId: yield* CurrentCorrelationId
    })
    return answered
  })

  const forSession = Effect.fnUntraced(function* (session: Session, asked: BySecret, refreshToken: string) {
    const { scopes, subject, tenants: further } = askerOf(session, settings)
    const { expiresAt, sessionId, tenantId } = session
    const ttlSeconds = secondsLeft(expiresAt, yield* Clock.currentTimeMillis)
    if (ttlSeconds < 1) return yield* badGrant
    const granted = asked.scopes ?? scopes
    const token = { subject, tenantId, tenants: further, scopes: granted, sessionId, ttlSeconds }
    return yield* signed(token, { refresh_token: refreshToken })
  })

  const byKey = Effect.fnUntraced(function* (asked: ByKey) {
    const row = yield* keys.open(asked.key)
    if (row === null || (asked.clientId !== null && asked.clientId.toLowerCase() !== row.apiKeyId)) return yield* badKey
    const denial = yield* denialOf(row.tenantId)
    if (denial !== null) return yield* refuse("unauthorized_client", denial)
    return yield* inTurn(row.tenantId, forKey(row, asked))
  })

  const bySecret = Effect.fnUntraced(function* (asked: BySecret) {
    const read = readSecret(asked.secret)
    if (read === null) return yield* badGrant
    const { digest, sessionId, tenantId } = read
    const kind = asked.grant === "authorization_code" ? "code" : "client"
    // A look first: what nobody has is not worth a lock, and a mistake in the scopes is not worth the code.
    const before = yield* sessions
      .find(read, kind === "code" ? { kind, digest } : null)
      .pipe(Effect.catch(storeUnavailable))
    if (before === null) return yield* badGrant
    const denial = yield* denialOf(tenantId)
    if (denial !== null) return yield* refuse("unauthorized_client", denial)
    const foreign = foreignIn(asked.scopes, askerOf(before, settings).scopes)
    if (foreign !== undefined) return yield* refuse("invalid_scope", `The session has not the scope ${foreign}.`)
    const next = drawSecret(read)
    const at = (yield* Clock.currentTimeMillis) as EpochMillis
    const exchanged = yield* sessions
      .exchange({ tenantId, sessionId, given: { kind, digest }, next: { kind: "client", digest: next.digest }, at })
      .pipe(Effect.catch(storeUnavailable))
    if (exchanged._tag === "Reused") {
      yield* access.ended(read)
      yield* notes.refused("oauth.token", exchanged.session, "refresh_token_reused")
      yield* Effect.logWarning(
        "a refresh token came again after it had been replaced: somebody else has it, and its session has ended",
        { tenantId, sessionId }
      )
    }
    if (exchanged._tag !== "Exchanged") return yield* badGrant
    // Of a session that goes on there is nothing to tell each quarter of an hour.
    if (kind === "code") yield* notes.done("oauth.token", exchanged.session)
    return yield* inTurn(tenantId, forSession(exchanged.session, asked, next.text))
  })

  return (asked: TokenAsked) => (asked.grant === "client_credentials" ? byKey(asked) : bySecret(asked))
})
