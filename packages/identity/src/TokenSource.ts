/** Who tokens come from, as the verifier asks: the keys, what has to stand in a token, and what its claims mean. */
import { schemaWords } from "@dueline/contracts/api/schemaWords"
import { type Effect, type Result, Schema, type SchemaIssue } from "effect"
import type { JWTPayload, JWTVerifyOptions } from "jose"
import type { KeyObject } from "node:crypto"
import type { AccessToken } from "./AccessToken.ts"

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
