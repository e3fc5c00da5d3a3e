/**
 * What an access token says, and the rules it is made and read by (RFC 9068, RS256 only). Who tokens come from, as the verifier asks: the keys,
 * what has to stand in a token, and what its claims mean.
 */
import { TenantId } from "@dueline/contracts/Ids"
import { idAsSent, PlainText, Subject } from "@dueline/contracts/api/Wire"
import type { Granted } from "@dueline/contracts/api/roles"
import { schemaWords } from "@dueline/contracts/api/schemaWords"
import type { ApiKeyId } from "@dueline/contracts/apiKey/ApiKey"
import { SessionId } from "@dueline/contracts/session/Session"
import { type Effect, type Result, Schema, type SchemaIssue } from "effect"
import type { JWTPayload, JWTVerifyOptions } from "jose"
import type { KeyObject } from "node:crypto"

export const algorithm = "RS256"
/** RFC 9068 § 2.1: tells an access token from every other token signed with the same key. */
export const tokenType = "at+jwt"

/** The claims beside the registered ones. `tenants`, when present, are further tenants the bearer may choose. */
export const AccessClaims = Schema.Struct({
  sub: Subject,
  jti: PlainText.check(Schema.isMaxCodePoints(255)),
  /** NumericDate: seconds since 1970, fractions allowed (RFC 7519 § 2). */
  exp: Schema.Finite,
  scope: PlainText,
  /** Whom it was given to (RFC 9068 § 2.2). */
  client_id: Schema.optionalKey(PlainText.check(Schema.isMaxCodePoints(255))),
  /** The session of a person that it was given for. */
  sid: Schema.optionalKey(idAsSent(SessionId)),
  /** Names of roles. When they are there, the bearer may do what they come to, as far as `scope` goes. */
  roles: Schema.optionalKey(Schema.Array(PlainText.check(Schema.isMaxCodePoints(63))).check(Schema.isMaxLength(32))),
  tenant_id: Schema.optionalKey(idAsSent(TenantId)),
  tenants: Schema.optionalKey(Schema.Array(idAsSent(TenantId)).check(Schema.isMaxLength(100)))
})

export interface AccessToken {
  readonly subject: string
  readonly tokenId: string
  /** The API key that it was given for; null for others. It is good as long as that. */
  readonly apiKeyId: ApiKeyId | null
  /** The session that it was given for; null for others. It is good as long as that. */
  readonly sessionId: SessionId | null
  /** The `kid` of the key that signed it. */
  readonly keyId: string
  readonly scopes: ReadonlyArray<string>
  /** Scopes that count for some resources only. */
  readonly conditional?: Granted["conditional"]
  /** The tenant meant when the request names none. */
  readonly tenantId: TenantId | null
  readonly tenants: ReadonlyArray<TenantId>
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

export interface TokenSettings {
  readonly issuer: string
  readonly audience: string
}

export const defaultTokenSettings: TokenSettings = { issuer: "dueline", audience: "operations" }

/**
 * `reason` is for our own log; the bearer is told nothing but that the token is not good. Only what is wrong with the claims of a token
 * whose signature is right is told in `claims`: there is nothing left to guess, and whoever makes such tokens has to hear of it.
 */
export class TokenRefused extends Schema.TaggedError<TokenRefused>()("TokenRefused", {
  reason: Schema.String,
  claims: Schema.optionalKey(Schema.String)
}) {}

export interface TokenSource {
  /** The key of that name, when there is one that is believed now. */
  readonly keyOf: (kid: string) => KeyObject | undefined
  /** Whether what was verified with that key is believed still. Asked for every request: costs a look into a map. */
  readonly believes: (kid: string, key: KeyObject) => boolean
  /** Looks for a key that is not known, within the source's bounds. */
  readonly lookFor: (kid: string) => Effect.Effect<void>
  readonly required: Pick<JWTVerifyOptions, "issuer" | "audience" | "typ" | "requiredClaims">
  /** What a token says whose signature and times are right. */
  readonly read: (payload: JWTPayload, kid: string) => Result.Result<AccessToken, TokenRefused>
}

const maxWords = 300

export const wordsOf = (issue: SchemaIssue.Issue): string =>
  schemaWords(issue)
    .issues.map(({ message, path = [] }) => `${path.map(String).join(".")} ${message}`)
    .join("; ")
    .slice(0, maxWords)

/** The signature is right, the claims are not. */
export const claimsRefused = (claims: string): TokenRefused =>
  new TokenRefused({ reason: "a claim has the wrong form", claims })
