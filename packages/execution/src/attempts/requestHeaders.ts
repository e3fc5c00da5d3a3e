/** Headers of outgoing calls: which ones a caller may set, and which ones every attempt carries. */
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import type { Redacted } from "effect"
import { signAttempt, signWebhook } from "./signature.ts"

/** They belong to the connection, or say who is calling and with which right; a caller's own would break one or forge the other. */
export const forbiddenHeaders: ReadonlySet<string> = new Set([
  "host",
  "content-length",
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authorization",
  "transfer-encoding",
  "te",
  "trailer",
  "upgrade",
  "http2-settings",
  "expect"
])

const reserved = /^(?:dueline|webhook)-/

const maxHeaders = 64
/** Names and values together, in characters. Below what servers commonly take. */
const maxHeaderLength = 8_192

export interface HeaderProblem {
  readonly name: string
  readonly code:
    | "header_forbidden"
    | "header_name_invalid"
    | "header_value_invalid"
    | "header_repeated"
    | "headers_too_many"
    | "headers_too_large"
}

const problemOf = (lower: string, value: string): HeaderProblem["code"] | null => {
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]{1,256}$/.test(lower)) return "header_name_invalid"
  if (forbiddenHeaders.has(lower) || reserved.test(lower)) return "header_forbidden"
  // RFC 9110 §5.5; nothing above ASCII, since receivers disagree about Latin-1 there.
  return /^[\t\x20-\x7e]*$/.test(value) && value.trim() === value ? null : "header_value_invalid"
}

/** What is wrong with the headers that a caller wants sent; empty when nothing is. Names the headers, not their values. */
export const checkHeaders = (headers: Readonly<Record<string, string>>): ReadonlyArray<HeaderProblem> => {
  const names = Object.keys(headers)
  if (names.length > maxHeaders) return [{ name: "", code: "headers_too_many" }]
  const problems: Array<HeaderProblem> = []
  const seen = new Set<string>()
  let length = 0
  for (const name of names) {
    const lower = name.toLowerCase()
    const value = headers[name] ?? ""
    length += name.length + value.length
    const code = seen.has(lower) ? "header_repeated" : problemOf(lower, value)
    if (code !== null) problems.push({ name: name.slice(0, 256), code })
    seen.add(lower)
  }
  return length > maxHeaderLength ? [...problems, { name: "", code: "headers_too_large" }] : problems
}

interface HeaderContext {
  readonly secret: Redacted.Redacted<string> | null
  /** Older ones that are valid still: it is signed with each. */
  readonly olderSecrets?: ReadonlyArray<Redacted.Redacted<string>>
  /** Sent as `webhook-id` in the place of the call's id. */
  readonly messageId?: string
  /** Epoch milliseconds. */
  readonly now: number
  readonly userAgent: string
  /** In the place of the intent's: the attempt's own. */
  readonly traceparent?: string | null
}

/**
 * The caller's headers and ours. `idempotency-key`, `user-agent` and `traceparent` are the caller's when it has set them; what says
 * who is calling and which attempt this is never is.
 */
export const buildHeaders = (
  intent: ExecutionRequested,
  own: Readonly<Record<string, string>>,
  body: string | null,
  { messageId, now, olderSecrets = [], secret, traceparent = intent.traceparent, userAgent }: HeaderContext
): Record<string, string> => {
  const headers: Record<string, string> = { "user-agent": userAgent, "idempotency-key": intent.callId }
  if (traceparent !== null) headers["traceparent"] = traceparent
  for (const name of Object.keys(own)) {
    const lower = name.toLowerCase()
    const value = own[name]
    if (value !== undefined && !forbiddenHeaders.has(lower) && !reserved.test(lower)) headers[lower] = value
  }
  const { attempt, callId, epoch } = intent
  headers["dueline-call-id"] = callId
  headers["dueline-epoch"] = String(epoch)
  headers["dueline-attempt"] = String(attempt)
  if (secret === null) return headers
  const timestamp = Math.floor(now / 1_000)
  const signed = { callId, epoch, attempt, timestamp, body: body ?? "" }
  const message = { id: messageId ?? callId, timestamp, body: signed.body }
  const each = (sign: (one: Redacted.Redacted<string>) => string) =>
    olderSecrets.length === 0 ? sign(secret) : [secret, ...olderSecrets].map(sign).join(" ")
  headers["webhook-id"] = message.id
  headers["webhook-timestamp"] = String(timestamp)
  headers["webhook-signature"] = each((one) => signWebhook(one, message))
  headers["dueline-signature"] = each((one) => signAttempt(one, signed))
  return headers
}
