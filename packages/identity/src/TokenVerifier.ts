/** Believes an access token or does not. Fails closed: whatever is not exactly right is refused, with one error for all reasons. */
import { builtinRoles, granted, type Roles } from "@dueline/contracts/api/roles"
import { schemaWords } from "@dueline/contracts/api/schemaWords"
import { Recent } from "@dueline/contracts/Recent"
import { SigningKeys } from "@dueline/secrets/SigningKeys"
import { Clock, Context, Effect, Layer, Result, Schema, type SchemaIssue } from "effect"
import { decodeProtectedHeader, jwtVerify, type JWTVerifyOptions } from "jose"
import { hash } from "node:crypto"
import {
  AccessClaims,
  type AccessToken,
  algorithm,
  defaultTokenSettings,
  type TokenSettings,
  tokenType
} from "./AccessToken.ts"

/**
 * `reason` is for our own log; the bearer is told nothing but that the token is not good. Only what is wrong with the claims of a token
 * whose signature is ours is told in `claims`: there is nothing left to guess, and whoever makes such tokens has to hear of it.
 */
export class TokenRefused extends Schema.TaggedError<TokenRefused>()("TokenRefused", {
  reason: Schema.String,
  claims: Schema.optionalKey(Schema.String)
}) {}

export class TokenVerifier extends Context.Service<
  TokenVerifier,
  {
    readonly verify: (token: string) => Effect.Effect<AccessToken, TokenRefused>
    /** What the token says, when it was verified before and has not expired; else null, and `verify` tells. `now`: epoch milliseconds. */
    readonly verified: (token: string, now: number) => AccessToken | null
  }
>()("@dueline/identity/TokenVerifier") {}

export interface VerifierSettings extends TokenSettings {
  /** How far the clocks of issuer and verifier may differ, in seconds. */
  readonly clockToleranceSeconds: number
  /** Verified tokens that are remembered until they expire: an RSA verification for every request would bound throughput. */
  readonly cacheSize: number
  /** What names of roles in tokens stand for. */
  readonly roles: Roles
}

export const defaultVerifierSettings: VerifierSettings = {
  ...defaultTokenSettings,
  clockToleranceSeconds: 5,
  cacheSize: 10_000,
  roles: new Map(Object.entries(builtinRoles))
}

const maxTokenLength = 8_192
/** Tokens of the latest requests that are found without a digest of theirs. */
const latestTokens = 256
const requiredClaims = ["iss", "aud", "exp", "nbf", "iat", "sub", "jti", "scope"]

export const layer = (
  settings: VerifierSettings = defaultVerifierSettings
): Layer.Layer<TokenVerifier, never, SigningKeys> =>
  Layer.effect(
    TokenVerifier,
    Effect.gen(function* () {
      const keys = yield* SigningKeys
      const verified = new Map<string, AccessToken>()
      const latest = new Recent<string, AccessToken>(latestTokens)

      const check = Effect.fnUntraced(function* (token: string, digest: string, now: number) {
        yield* lookForKey(token)
        const verification = yield* Effect.tryPromise({
          try: () => jwtVerify(token, ({ kid }) => publicKey(kid), verifyOptions(settings, now)),
          catch: (error) => new TokenRefused({ reason: error instanceof Error ? error.message : "unreadable" })
        })
        const decoded = decodeClaims(verification.payload)
        if (Result.isFailure(decoded)) {
          return yield* new TokenRefused({
            reason: "a claim has the wrong form",
            claims: wordsOf(decoded.failure.issue)
          })
        }
        const accessToken = fromClaims(decoded.success, verification.protectedHeader.kid ?? "", settings.roles)
        if (accessToken.tenantId === null && accessToken.tenants.length === 0) {
          return yield* new TokenRefused({ reason: "the token names no tenant" })
        }
        remember(verified, digest, accessToken, settings.cacheSize)
        return accessToken
      })

      /** A key that was added a moment ago. */
      const lookForKey = (token: string): Effect.Effect<void> => {
        const kid = kidOf(token)
        return kid === null || keys.byKid.has(kid) ? Effect.void : keys.refresh
      }

      const publicKey = (kid: string | undefined) => {
        const key = kid === undefined ? undefined : keys.byKid.get(kid)
        if (key === undefined) throw new Error("unknown kid")
        return key.publicKey
      }

      /** A key may have been retired since the token was verified. */
      const isGood = (token: AccessToken, now: number): boolean =>
        now < token.expiresAt + settings.clockToleranceSeconds * 1000 && keys.byKid.has(token.keyId)

      return TokenVerifier.of({
        verified: (token, now) => {
          if (token.length > maxTokenLength) return null
          const known = latest.get(token) ?? recall(verified, digestOf(token))
          if (known === undefined || !isGood(known, now)) return null
          if (!latest.has(token)) latest.set(token, known)
          return known
        },
        verify: (token) => {
          if (token.length > maxTokenLength) return Effect.fail(new TokenRefused({ reason: "too long" }))
          const digest = digestOf(token)
          return Clock.clockWith((clock) => {
            const now = clock.currentTimeMillisUnsafe()
            const known = recall(verified, digest)
            if (known === undefined) return check(token, digest, now)
            if (isGood(known, now)) return Effect.succeed(known)
            verified.delete(digest)
            return Effect.fail(new TokenRefused({ reason: "expired, or its key was retired" }))
          })
        }
      })
    })
  )

const digestOf = (token: string): string => hash("sha256", token, "base64")

const verifyOptions = (settings: VerifierSettings, now: number): JWTVerifyOptions => ({
  algorithms: [algorithm],
  typ: tokenType,
  issuer: settings.issuer,
  audience: settings.audience,
  clockTolerance: settings.clockToleranceSeconds,
  requiredClaims,
  currentDate: new Date(now)
})

/** As the token says; null where it says nothing of the kind. */
const kidOf = (token: string): string | null => {
  try {
    const { kid } = decodeProtectedHeader(token)
    return typeof kid === "string" ? kid : null
  } catch {
    return null
  }
}

const decodeClaims = Schema.decodeUnknownResult(AccessClaims)

const maxWords = 300

const wordsOf = (issue: SchemaIssue.Issue): string =>
  schemaWords(issue)
    .issues.map(({ message, path = [] }) => `${path.map(String).join(".")} ${message}`)
    .join("; ")
    .slice(0, maxWords)

const fromClaims = (claims: typeof AccessClaims.Type, keyId: string, roles: Roles): AccessToken => ({
  subject: claims.sub,
  tokenId: claims.jti,
  keyId,
  scopes: granted(roles, {
    names: claims.roles ?? null,
    scopes: claims.scope.split(" ").filter((scope) => scope !== "")
  }),
  tenantId: claims.tenant_id ?? null,
  tenants: claims.tenants ?? [],
  expiresAt: claims.exp * 1000
})

/** A `Map` keeps the order of insertion, so putting an entry back makes it the youngest: the first key is the one unused longest. */
const recall = (cache: Map<string, AccessToken>, digest: string): AccessToken | undefined => {
  const known = cache.get(digest)
  if (known !== undefined) {
    cache.delete(digest)
    cache.set(digest, known)
  }
  return known
}

const remember = (cache: Map<string, AccessToken>, digest: string, token: AccessToken, limit: number): void => {
  cache.set(digest, token)
  if (cache.size <= limit) return
  const oldest = cache.keys().next()
  if (oldest.done !== true) cache.delete(oldest.value)
}
