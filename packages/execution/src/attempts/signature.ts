/**
 * Signs outgoing calls and checks such signatures. Two of them: Standard Webhooks (standardwebhooks.com, `v1` = HMAC-SHA256), which
 * libraries everywhere understand, and Dueline's own, which also covers the epoch, so that a target can fence off a stale attempt.
 */
import { Recent } from "@dueline/contracts/Recent"
import { HmacKey, signedMessage } from "@dueline/secrets/HmacKey"
import { Redacted } from "effect"
import { timingSafeEqual } from "node:crypto"

interface SignedAttempt {
  readonly callId: string
  readonly epoch: number
  readonly attempt: number
  /** Seconds since 1970. */
  readonly timestamp: number
  readonly body: string | Uint8Array
}

const keys = new Recent<string, HmacKey>(1_000)

/** Standard Webhooks: the part after `whsec_` is base64. A secret without that prefix is base64 too. */
const keyUnder = (secret: Redacted.Redacted<string>): HmacKey =>
  keys.getOrMake(Redacted.value(secret), (text) => new HmacKey(Buffer.from(text.replace(/^whsec_/, ""), "base64")))

/** In base64. */
const hmac = (secret: Redacted.Redacted<string>, head: string, body: string | Uint8Array): string =>
  keyUnder(secret).textOf(signedMessage([head, body]), "base64")

/** The value of `webhook-signature` for one secret. */
export const signWebhook = (
  secret: Redacted.Redacted<string>,
  { body, id, timestamp }: { readonly id: string; readonly timestamp: number; readonly body: string | Uint8Array }
): string => `v1,${hmac(secret, `${id}.${timestamp}.`, body)}`

/** The value of `dueline-signature`: over `callId.epoch.attempt.timestamp.body`. */
export const signAttempt = (secret: Redacted.Redacted<string>, attempt: SignedAttempt): string =>
  `v1,${hmac(secret, attemptHead(attempt), attempt.body)}`

const attemptHead = ({ attempt, callId, epoch, timestamp }: SignedAttempt): string =>
  `${callId}.${epoch}.${attempt}.${timestamp}.`

type Verification =
  | {
      readonly _tag: "Valid"
      readonly callId: string
      /** Null when only the Standard Webhooks signature was there to check. */
      readonly epoch: number | null
      readonly attempt: number | null
    }
  | {
      readonly _tag: "Invalid"
      readonly reason: "header_missing" | "header_malformed" | "too_old" | "too_new" | "no_match"
    }

const invalid = (reason: Extract<Verification, { readonly _tag: "Invalid" }>["reason"]): Verification => ({
  _tag: "Invalid",
  reason
})

const whole = (text: string | undefined): number | null =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null

/** Every candidate is compared with every secret, in constant time each. */
const matches = (
  header: string,
  secrets: ReadonlyArray<Redacted.Redacted<string>>,
  expected: (secret: Redacted.Redacted<string>) => string
): boolean => {
  let found = false
  const candidates = header
    .split(" ")
    .slice(0, 16)
    .filter((part) => part.startsWith("v1,"))
  for (const secret of secrets) {
    const right = Buffer.from(expected(secret), "base64")
    for (const candidate of candidates) {
      const given = Buffer.from(candidate.slice(3), "base64")
      if (given.length === right.length && timingSafeEqual(given, right)) found = true
    }
  }
  return found
}

/**
 * For targets: whether a request came from Dueline and is the one that was sent. `body` is the raw body, not one that was parsed and
 * written again. Several secrets: one of them must fit (rotation). With a `dueline-signature`, both signatures must be right.
 */
export const verifySignature = (options: {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string | Uint8Array
  readonly secrets: ReadonlyArray<Redacted.Redacted<string>>
  /** Epoch milliseconds. */
  readonly now: number
  /** How far the timestamp may be from `now`, either way. Default 300. */
  readonly toleranceSeconds?: number
}): Verification => {
  const { body, headers, now, secrets, toleranceSeconds = 300 } = options
  const id = headers["webhook-id"]
  const signature = headers["webhook-signature"]
  const stamp = headers["webhook-timestamp"]
  if (id === undefined || signature === undefined || stamp === undefined) return invalid("header_missing")
  const timestamp = whole(stamp)
  if (timestamp === null) return invalid("header_malformed")
  const age = Math.floor(now / 1_000) - timestamp
  if (age > toleranceSeconds) return invalid("too_old")
  if (age < -toleranceSeconds) return invalid("too_new")
  if (!matches(signature, secrets, (secret) => hmac(secret, `${id}.${timestamp}.`, body))) return invalid("no_match")
  const own = headers["dueline-signature"]
  if (own === undefined) return { _tag: "Valid", callId: id, epoch: null, attempt: null }
  const epoch = whole(headers["dueline-epoch"])
  const attempt = whole(headers["dueline-attempt"])
  const callId = headers["dueline-call-id"]
  if (epoch === null || attempt === null || callId === undefined) return invalid("header_malformed")
  const attested: SignedAttempt = { callId, epoch, attempt, timestamp, body }
  return matches(own, secrets, (secret) => hmac(secret, attemptHead(attested), body))
    ? { _tag: "Valid", callId, epoch, attempt }
    : invalid("no_match")
}
