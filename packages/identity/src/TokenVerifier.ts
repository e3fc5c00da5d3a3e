/** Believes an access token or does not. Fails closed: whatever is not exactly right is refused, with one error for all reasons. */
import { ApiKeyId } from "@dueline/contracts/apiKey/ApiKey"
import { builtinRoles, granted, type Roles } from "@dueline/contracts/api/roles"
import { Recent } from "@dueline/contracts/Recent"
import { SigningKeys } from "@dueline/secrets/SigningKeys"
import { Clock, Context, Effect, Layer, Option, Result, Schema } from "effect"
import { decodeJwt, decodeProtectedHeader, jwtVerify } from "jose"
import { hash, type KeyObject } from "node:crypto"
import {
  AccessClaims,
  type AccessToken,
  algorithm,
  claimsRefused,
  defaultTokenSettings,
  TokenRefused,
  type TokenSettings,
  type TokenSource,
  tokenType,
  wordsOf
} from "./AccessToken.ts"
import { OutsideIssuers } from "./outside/OutsideIssuers.ts"

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

/** A token that was verified, and what it was verified with. */
interface Verified {
  readonly access: AccessToken
  readonly source: TokenSource
  readonly key: KeyObject
}

/** Tokens of the installation itself, and of those outside issuers that are there. */
export const layer = (
  settings: VerifierSettings = defaultVerifierSettings
): Layer.Layer<TokenVerifier, never, SigningKeys> =>
  Layer.effect(
    TokenVerifier,
    Effect.gen(function* () {
      const own = ownSource(yield* SigningKeys, settings)
      const outside = Option.match(yield* Effect.serviceOption(OutsideIssuers), {
        onNone: (): ReadonlyMap<string, TokenSource> => new Map(),
        onSome: ({ byIssuer }) => byIssuer
      })
      const verified = new Map<string, Verified>()
      const latest = new Recent<string, Verified>(latestTokens)

      /** Only tells with whose keys to try: that its issuer is the one it says is verified like all else. */
      const sourceOf = (token: string): TokenSource =>
        outside.size === 0 ? own : (outside.get(issuerIn(token) ?? "") ?? own)

      const check = Effect.fnUntraced(function* (token: string, digest: string, now: number) {
        const source = sourceOf(token)
        const kid = kidOf(token)
        if (kid === null) return yield* new TokenRefused({ reason: "no kid" })
        if (source.keyOf(kid) === undefined) yield* source.lookFor(kid)
        const key = source.keyOf(kid)
        if (key === undefined) return yield* new TokenRefused({ reason: "unknown kid" })
        const { payload } = yield* Effect.tryPromise({
          try: () =>
            jwtVerify(token, key, {
              ...source.required,
              algorithms: [algorithm],
              clockTolerance: settings.clockToleranceSeconds,
              currentDate: new Date(now)
            }),
          catch: (error) => new TokenRefused({ reason: error instanceof Error ? error.message : "unreadable" })
        })
        const access = yield* Effect.fromResult(source.read(payload, kid))
        if (access.tenantId === null && access.tenants.length === 0) {
          return yield* new TokenRefused({ reason: "the token names no tenant" })
        }
        remember(verified, digest, { access, source, key }, settings.cacheSize)
        return access
      })

      /** A key may have been retired since the token was verified. */
      const isGood = ({ access, key, source }: Verified, now: number): boolean =>
        now < access.expiresAt + settings.clockToleranceSeconds * 1000 && source.believes(access.keyId, key)

      return TokenVerifier.of({
        verified: (token, now) => {
          if (token.length > maxTokenLength) return null
          const known = latest.get(token) ?? recall(verified, digestOf(token))
          if (known === undefined || !isGood(known, now)) return null
          if (!latest.has(token)) latest.set(token, known)
          return known.access
        },
        verify: (token) => {
          if (token.length > maxTokenLength) return Effect.fail(new TokenRefused({ reason: "too long" }))
          const digest = digestOf(token)
          return Clock.clockWith((clock) => {
            const now = clock.currentTimeMillisUnsafe()
            const known = recall(verified, digest)
            if (known === undefined) return check(token, digest, now)
            if (isGood(known, now)) return Effect.succeed(known.access)
            verified.delete(digest)
            return Effect.fail(new TokenRefused({ reason: "expired, or its key was retired" }))
          })
        }
      })
    })
  )

const ownSource = (keys: SigningKeys["Service"], settings: VerifierSettings): TokenSource => ({
  keyOf: (kid) => keys.byKid.get(kid)?.publicKey,
  believes: (kid) => keys.byKid.has(kid),
  /** One that was added a moment ago. */
  lookFor: () => keys.refresh,
  required: { issuer: settings.issuer, audience: settings.audience, typ: tokenType, requiredClaims },
  read: (payload, kid) => {
    const decoded = decodeClaims(payload)
    return Result.isFailure(decoded)
      ? Result.fail(claimsRefused(wordsOf(decoded.failure.issue)))
      : Result.succeed(fromClaims(decoded.success, kid, settings.roles))
  }
})

const digestOf = (token: string): string => hash("sha256", token, "base64")

/** As the token says; null where it says nothing of the kind. */
const kidOf = (token: string): string | null => {
  try {
    const { kid } = decodeProtectedHeader(token)
    return typeof kid === "string" ? kid : null
  } catch {
    return null
  }
}

/** The same of its issuer, which is not verified by this. */
const issuerIn = (token: string): string | null => {
  try {
    const { iss } = decodeJwt(token)
    return typeof iss === "string" ? iss : null
  } catch {
    return null
  }
}

const isApiKeyId = Schema.is(ApiKeyId)
const decodeClaims = Schema.decodeUnknownResult(AccessClaims)

/** Only such tokens name a client (`TokenIssuer`). */
const apiKeyOf = ({ client_id: client }: typeof AccessClaims.Type): ApiKeyId | null =>
  isApiKeyId(client) ? client : null

const fromClaims = (claims: typeof AccessClaims.Type, keyId: string, roles: Roles): AccessToken => ({
  subject: claims.sub,
  tokenId: claims.jti,
  apiKeyId: apiKeyOf(claims),
  sessionId: claims.sid ?? null,
  keyId,
  ...granted(roles, {
    names: claims.roles ?? null,
    scopes: claims.scope.split(" ").filter((scope) => scope !== "")
  }),
  tenantId: claims.tenant_id ?? null,
  tenants: claims.tenants ?? [],
  expiresAt: claims.exp * 1000
})

/** A `Map` keeps the order of insertion, so putting an entry back makes it the youngest: the first key is the one unused longest. */
const recall = (cache: Map<string, Verified>, digest: string): Verified | undefined => {
  const known = cache.get(digest)
  if (known !== undefined) {
    cache.delete(digest)
    cache.set(digest, known)
  }
  return known
}

const remember = (cache: Map<string, Verified>, digest: string, token: Verified, limit: number): void => {
  cache.set(digest, token)
  if (cache.size <= limit) return
  const oldest = cache.keys().next()
  if (oldest.done !== true) cache.delete(oldest.value)
}
