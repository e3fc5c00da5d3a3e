/**
 * Whether a request that came in was signed by who knows a secret, by the scheme of its sender (`contracts/courierSource/SignatureScheme`).
 *
 * Pure, and the same work whatever the answer is: as many keys are tried as there may be, over the whole body, against as many candidates
 * as were sent, and nothing returns before all were compared. A secret that is missing is replaced by one that nobody has.
 */
import { timingSafeEqual } from "node:crypto"
import { headerOfPart, type SignatureScheme } from "@dueline/contracts/courierSource/SignatureScheme"
import { HmacKey, type Signed, signedMessage } from "./HmacKey.ts"
import { drawKey } from "./sealedBox.ts"

/** Names in lower case. A name that was sent twice is there twice. */
export type HeaderList = ReadonlyArray<readonly [name: string, value: string]>

export interface SignedRequest {
  readonly headers: HeaderList
  /** As they arrived: never decoded and written anew. */
  readonly body: Uint8Array
}

export type SignatureProblem =
  | "header_missing"
  | "header_repeated"
  | "signature_malformed"
  | "signatures_too_many"
  | "timestamp_malformed"
  | "timestamp_out_of_range"
  | "signature_wrong"

/** What whoever runs the sender can do about it. */
export const signatureAdvice: Readonly<Record<SignatureProblem, string>> = {
  header_missing: "Send every header that the source's scheme names.",
  header_repeated: "Send each header that the source's scheme names once.",
  signature_malformed: "Write the signature as the source's scheme says: prefix, encoding, 32 bytes.",
  signatures_too_many: "Send 8 signatures at the most.",
  timestamp_malformed: "Write the timestamp as digits alone, in the unit of the source's scheme.",
  timestamp_out_of_range: "Sign anew at the time of sending, and set the sender's clock.",
  signature_wrong:
    "Sign the bytes that are sent with a secret that is valid: those of this source, from its creation or its last rotation."
}

export type SignatureCheck =
  | { readonly accepted: true; readonly delivery: string | null }
  | { readonly accepted: false; readonly problem: SignatureProblem }

/** Secrets tried for each request, whatever the source has. */
export const secretsTried = 3
const maxCandidates = 8
const digestBytes = 32
const millisIn = { s: 1_000, ms: 1 } as const

/** Nobody knows it. */
const nobodys = new HmacKey(drawKey().export())

/** Null unless the text is exactly what encoding its bytes gives: there are no two ways to write one signature or key. */
const decoded = (text: string, encoding: "hex" | "base64"): Buffer | null => {
  const bytes = Buffer.from(text, encoding)
  return bytes.length > 0 && bytes.toString(encoding) === text ? bytes : null
}

/** The bytes that a secret's text stands for; null when it has not the form that the scheme says. */
export const keyOf = ({ secret: { encoding, normalise, prefix } }: SignatureScheme, secret: string): Buffer | null => {
  if (prefix !== null && !secret.startsWith(prefix)) return null
  const text = secret.slice(prefix?.length ?? 0)
  if (encoding !== "utf8") return decoded(text, encoding)
  return text === "" ? null : Buffer.from(normalise === null ? text : text.normalize(normalise), "utf8")
}

/** Made of a secret once, for all that is signed with it; null when it has not the form that the scheme says. */
export const signingKey = (scheme: SignatureScheme, secret: string): HmacKey | null => {
  const key = keyOf(scheme, secret)
  return key === null ? null : new HmacKey(key)
}

/** A secret of the scheme's form with 32 random bytes in it. */
export const drawSecret = ({ secret: { encoding, prefix } }: SignatureScheme): string =>
  `${prefix ?? ""}${drawKey()
    .export()
    .toString(encoding === "utf8" ? "base64url" : encoding)}`

type Place = SignatureScheme["signature"]

/** The only value of a header, or what is wrong with it. */
const only = (headers: HeaderList, name: string): string | { readonly problem: SignatureProblem } => {
  let only: string | null = null
  for (const [each, value] of headers) {
    if (each !== name) continue
    if (only !== null) return { problem: "header_repeated" }
    only = value
  }
  return only ?? { problem: "header_missing" }
}

const elementsAt = (value: string, { prefix, split }: Place): ReadonlyArray<string> =>
  (split === null ? [value] : value.split(split)).flatMap((element) =>
    prefix === null ? [element] : element.startsWith(prefix) ? [element.slice(prefix.length)] : []
  )

interface Read {
  readonly candidates: ReadonlyArray<Buffer>
  readonly content: Signed
  readonly sentAt: number | null
  readonly delivery: string | null
  /** The first thing that is wrong: nothing is accepted then. */
  readonly problem: SignatureProblem | null
}

/** Everything that the scheme names, read as far as it is there. */
const read = (scheme: SignatureScheme, { body, headers }: SignedRequest): Read => {
  let problem: SignatureProblem | null = null
  const note = (found: SignatureProblem) => {
    problem ??= found
  }
  const valueOf = (name: string): string => {
    const value = only(headers, name)
    if (typeof value === "string") return value
    note(value.problem)
    return ""
  }
  const written = elementsAt(valueOf(scheme.signature.header), scheme.signature)
  if (written.length > maxCandidates) note("signatures_too_many")
  const candidates = written.slice(0, maxCandidates).flatMap((text) => {
    const bytes = decoded(text, scheme.encoding)
    return bytes?.length === digestBytes ? [bytes] : []
  })
  if (candidates.length === 0) note("signature_malformed")
  let timestamp = ""
  let sentAt: number | null = null
  if (scheme.timestamp !== null) {
    const found = elementsAt(valueOf(scheme.timestamp.header), scheme.timestamp)
    timestamp = found[0] ?? ""
    if (found.length !== 1 || !/^[1-9]\d{0,14}$/u.test(timestamp)) note("timestamp_malformed")
    sentAt = Number(timestamp) * millisIn[scheme.timestamp.unit]
  }
  const content = scheme.content.map((part) => {
    if (part === "{body}") return body
    if (part === "{timestamp}") return timestamp
    const header = headerOfPart(part)
    return header === null ? part : valueOf(header)
  })
  return { candidates, content, sentAt, delivery: scheme.delivery === null ? null : valueOf(scheme.delivery), problem }
}

export interface CheckOptions {
  readonly scheme: SignatureScheme
  /** Those that are valid now; of more than are tried the first. Empty for a source that is not there, null for a secret that is none. */
  readonly keys: ReadonlyArray<HmacKey | null>
  readonly toleranceMs: number
  /** Epoch milliseconds. */
  readonly now: number
}

export const checkSignature = (
  { keys, now, scheme, toleranceMs }: CheckOptions,
  request: SignedRequest
): SignatureCheck => {
  const { candidates, content, problem, delivery, sentAt } = read(scheme, request)
  const message = signedMessage(content)
  let matched = 0
  for (let index = 0; index < secretsTried; index += 1) {
    const key = keys[index] ?? null
    const digest = (key ?? nobodys).of(message)
    for (const candidate of candidates) {
      matched |= Number(timingSafeEqual(digest, candidate)) & Number(key !== null)
    }
  }
  if (problem !== null) return { accepted: false, problem }
  if (matched === 0) return { accepted: false, problem: "signature_wrong" }
  // Asked only of who knows the secret: to others every time looks the same.
  if (sentAt !== null && Math.abs(now - sentAt) > toleranceMs)
    return { accepted: false, problem: "timestamp_out_of_range" }
  return { accepted: true, delivery }
}

const written = (value: string, { prefix }: Place): string => `${prefix ?? ""}${value}`

/**
 * The headers that a sender would send: for demonstrations and tests. `headers`: those that are signed or sent beside, such as an id.
 * Throws a `RangeError` for a secret that has not the scheme's form.
 */
export const signRequest = (
  scheme: SignatureScheme,
  secret: string,
  {
    at,
    body,
    headers = {}
  }: { readonly at: number; readonly body: Uint8Array; readonly headers?: Readonly<Record<string, string>> }
): Readonly<Record<string, string>> => {
  const key = signingKey(scheme, secret)
  if (key === null) throw new RangeError("the secret has not the form that the scheme asks for")
  const timestamp = scheme.timestamp === null ? "" : String(Math.floor(at / millisIn[scheme.timestamp.unit]))
  const content = scheme.content.map((part) => {
    if (part === "{body}") return body
    if (part === "{timestamp}") return timestamp
    const header = headerOfPart(part)
    return header === null ? part : (headers[header] ?? "")
  })
  const signature = written(key.textOf(signedMessage(content), scheme.encoding), scheme.signature)
  if (scheme.timestamp === null) return { ...headers, [scheme.signature.header]: signature }
  const time = written(timestamp, scheme.timestamp)
  return scheme.timestamp.header === scheme.signature.header
    ? { ...headers, [scheme.signature.header]: [time, signature].join(scheme.signature.split ?? ",") }
    : { ...headers, [scheme.timestamp.header]: time, [scheme.signature.header]: signature }
}
