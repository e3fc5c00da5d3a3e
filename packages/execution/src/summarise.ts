/** Makes of a request or an answer what anyone may see of it: secrets struck out first, then cut short. */
import type { WholeRequest } from "@dueline/contracts/ports/RequestVault"
import type { HttpMethod, RequestSummary, ResponseSummary } from "@dueline/contracts/serviceCall/Spec"
import { bodyText } from "./bodyText.ts"
import { decodedBody } from "./decodedBody.ts"
import { redactHeaders, redactQuery, redactText, redactUrl, type RedactionOptions } from "./Redactor.ts"
import { mark } from "./secretShapes.ts"

export const defaultSnippetLength = 512

/** Bytes of a body that are looked at. A secret cut in two by its end would not be recognised, so the last part is not shown. */
const windowBytes = 8_192
const guardLength = 1_024

const binary =
  /^(?:image|audio|video|font)\/|octet-stream|zip|gzip|x-tar|pdf|protobuf|msgpack|cbor|wasm|vnd\.(?:ms-|openxml)|multipart\//i
/** At the most `length` code points, never half of one. */
const cut = (text: string, length: number): string => {
  if (text.length <= length) return text
  let units = 0
  for (let points = 0; points < length && units < text.length; points++) {
    const unit = text.charCodeAt(units)
    units += unit >= 0xd800 && unit <= 0xdbff && units + 1 < text.length ? 2 : 1
  }
  return text.slice(0, units)
}

/** The text with its secrets struck out, cut short. `partial`: there was more of it. */
const snippetOf = (text: string, type: string, partial: boolean, options: RedactionOptions): string => {
  const redacted = /x-www-form-urlencoded/i.test(type)
    ? redactQuery(text, options.patterns)
    : redactText(text, options.patterns)
  const safe = partial ? redacted.slice(0, Math.max(0, redacted.length - guardLength)) : redacted
  return cut(safe, options.snippetLength ?? defaultSnippetLength).toWellFormed()
}

/** `partial`: there was more of the body than is given here. Null for what is not text, or is coded in a way that is not known. */
export const snippet = (
  body: Uint8Array,
  headers: Readonly<Record<string, string>>,
  partial: boolean,
  options: RedactionOptions = {}
): string | null => {
  const type = headers["content-type"] ?? ""
  if (binary.test(type)) return null
  const decoded = decodedBody(body, headers["content-encoding"] ?? "", partial)
  if (decoded === null) return null
  const text = bodyText(decoded.bytes, type, decoded.partial, windowBytes)
  return text === null ? null : snippetOf(text, type, decoded.partial || decoded.bytes.length > windowBytes, options)
}

/** Null for what is not text. What a caller gives as a body is text, in UTF-8 whatever its type says. */
const requestSnippet = (
  body: Buffer,
  headers: Readonly<Record<string, string>>,
  options: RedactionOptions
): string | null => {
  const type = headers["content-type"] ?? ""
  if ((headers["content-encoding"] ?? "identity") !== "identity" || binary.test(type)) return null
  const text = bodyText(body, "", false, windowBytes)
  return text === null ? null : snippetOf(text, type, body.length > windowBytes, options)
}

export interface SummarisedRequest {
  readonly summary: RequestSummary
  /** Nothing was struck out or cut off: the summary is the request, and sealing a second copy would add nothing. */
  readonly complete: boolean
}

const lowerCase = (headers: Readonly<Record<string, string>>): Record<string, string> => {
  const result: Record<string, string> = {}
  for (const name of Object.keys(headers)) result[name.toLowerCase()] = headers[name] ?? ""
  return result
}

const sameHeaders = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean => {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}

export const summariseRequest = (
  method: HttpMethod,
  request: WholeRequest,
  options: RedactionOptions = {}
): SummarisedRequest => {
  const url = redactUrl(request.url, options.patterns)
  const given = lowerCase(request.headers)
  const headers = redactHeaders(given, options.patterns)
  const body = request.body === null ? null : Buffer.from(request.body, "utf8")
  const bodySnippet = body === null || body.length === 0 ? null : requestSnippet(body, given, options)
  // A request that says "[redacted]" of itself must be sealed, or nobody could tell it from one that was struck out.
  const complete =
    url === request.url &&
    sameHeaders(headers, given) &&
    (bodySnippet ?? "") === (request.body ?? "") &&
    !url.includes(mark) &&
    !(bodySnippet ?? "").includes(mark) &&
    !Object.values(headers).some((value) => value.includes(mark))
  return { summary: { method, url, headers, bodyBytes: body?.length ?? 0, bodySnippet }, complete }
}

/** Null when there is nothing to say: no body came. */
export const summariseResponse = (
  answer: {
    readonly headers: Readonly<Record<string, string>>
    readonly body: Uint8Array
    readonly truncated: boolean
  },
  options: RedactionOptions = {}
): ResponseSummary | null => {
  const { body, headers, truncated } = answer
  if (body.length === 0 && !truncated) return null
  return { bodyBytes: body.length, bodySnippet: snippet(body, headers, truncated, options), truncated }
}

/**
 * The request that a summary stands for when nothing was sealed beside it; null when the summary is not the whole of it. The inverse
 * of `summariseRequest` wherever that says `complete`.
 */
export const requestOf = (summary: RequestSummary): WholeRequest | null => {
  const { bodyBytes, bodySnippet: body, headers, url } = summary
  const whole =
    bodyBytes === (body === null ? 0 : Buffer.byteLength(body, "utf8")) &&
    !url.includes(mark) &&
    !(body ?? "").includes(mark) &&
    !Object.values(headers).some((value) => value.includes(mark))
  return whole ? { url, headers, body } : null
}
