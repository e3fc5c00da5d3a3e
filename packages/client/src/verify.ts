/**
 * For receivers of calls: whether a request came from Dueline and is the one that was sent, and a memory by which nothing is done twice. Needs
 * nothing but the platform (Web Crypto), so that it runs wherever JavaScript does. docs/receiving.md shows it at work.
 */

/** As they came: names in any case, or a `Headers`. */
export type ReceivedHeaders = Headers | Readonly<Record<string, string | ReadonlyArray<string> | undefined>>

/** What is known of a request that is genuine. */
export interface Received {
  /** The same for whatever tells the same thing: recognise a repeat by it. */
  readonly id: string
  /** The service call that brought it; a message that is delivered once more has another. Null when only `webhook-*` headers came. */
  readonly callId: string | null
  /** Grows with each attempt of the call: an older one that comes late is overtaken. 0 when it is not said. */
  readonly epoch: number
  readonly sentAt: Date
}

export type Reason = "header_missing" | "header_malformed" | "too_old" | "too_new" | "no_match"

export type Verification =
  | { readonly valid: true; readonly received: Received }
  | { readonly valid: false; readonly reason: Reason }

const invalid = (reason: Reason): Verification => ({ valid: false, reason })

const reader = (headers: ReceivedHeaders): ((name: string) => string | null) => {
  if (headers instanceof Headers) return (name) => headers.get(name)
  const found = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  return (name) => {
    const value = found.get(name)
    return typeof value === "string" ? value : (value?.[0] ?? null)
  }
}

const bytesOf = (base64: string): Uint8Array<ArrayBuffer> | null => {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  } catch {
    return null
  }
}

const utf8 = new TextEncoder()

const joined = (head: string, body: Uint8Array): Uint8Array<ArrayBuffer> => {
  const start = utf8.encode(head)
  const whole = new Uint8Array(start.length + body.length)
  whole.set(start)
  whole.set(body, start.length)
  return whole
}

/** Of all signatures that were sent one has to be that of one of the secrets. Web Crypto compares in constant time. */
const isSigned = async (
  signatures: string,
  secrets: ReadonlyArray<string>,
  content: Uint8Array<ArrayBuffer>
): Promise<boolean> => {
  const candidates = signatures
    .split(" ")
    .slice(0, 16)
    .flatMap((part) => (part.startsWith("v1,") ? [bytesOf(part.slice(3))] : []))
  let isOne = false
  for (const secret of secrets) {
    const key = bytesOf(secret.replace(/^whsec_/u, ""))
    if (key === null || key.length === 0) continue
    const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["verify"])
    for (const candidate of candidates) {
      if (candidate !== null && (await crypto.subtle.verify("HMAC", imported, candidate, content))) isOne = true
    }
  }
  return isOne
}

const whole = (text: string): number | null => (/^\d{1,15}$/u.test(text) ? Number(text) : null)

/**
 * `body`: the raw bytes or text, never one that was parsed and written again. `secrets`: those that are good, such as the new one and the one
 * before while it is replaced. `toleranceSeconds`: how far its time may be from `now` (epoch milliseconds), either way; 300 when left out. With the
 * headers `dueline-*` both signatures must be right, so that the epoch can be believed.
 */
export const verify = async (options: {
  readonly headers: ReceivedHeaders
  readonly body: string | Uint8Array
  readonly secrets: ReadonlyArray<string>
  readonly now?: number
  readonly toleranceSeconds?: number
}): Promise<Verification> => {
  const { headers, secrets, toleranceSeconds = 300 } = options
  // Receivers have no other clock.
  // oxlint-disable-next-line no-restricted-properties
  const now = options.now ?? Date.now()
  const body = typeof options.body === "string" ? utf8.encode(options.body) : options.body
  const header = reader(headers)
  const id = header("webhook-id")
  const stamp = header("webhook-timestamp")
  const signature = header("webhook-signature")
  if (id === null || stamp === null || signature === null) return invalid("header_missing")
  const timestamp = whole(stamp)
  if (timestamp === null) return invalid("header_malformed")
  const age = Math.floor(now / 1_000) - timestamp
  if (age > toleranceSeconds) return invalid("too_old")
  if (age < -toleranceSeconds) return invalid("too_new")
  if (!(await isSigned(signature, secrets, joined(`${id}.${timestamp}.`, body)))) return invalid("no_match")
  const sentAt = new Date(timestamp * 1_000)
  const own = header("dueline-signature")
  if (own === null) return { valid: true, received: { id, callId: null, epoch: 0, sentAt } }
  const callId = header("dueline-call-id")
  const epoch = whole(header("dueline-epoch") ?? "")
  const attempt = whole(header("dueline-attempt") ?? "")
  if (callId === null || epoch === null || attempt === null) return invalid("header_malformed")
  const attested = joined(`${callId}.${epoch}.${attempt}.${timestamp}.`, body)
  if (!(await isSigned(own, secrets, attested))) return invalid("no_match")
  return { valid: true, received: { id, callId, epoch, sentAt } }
}
