/** Makes of a request or an answer what anyone may see of it: secrets struck out first, then cut short. */
import { isUtf8 } from "node:buffer"
import type { WholeRequest } from "@dueline/contracts/ports/RequestVault"
import type { HttpMethod, RequestSummary, ResponseSummary } from "@dueline/contracts/serviceCall/Spec"
import { redactHeaders, redactQuery, redactText, redactUrl, type RedactionOptions } from "./Redactor.ts"
import { mark } from "./secretShapes.ts"

export const defaultSnippetLength = 512

/** Bytes of a body that are looked at. A secret cut in two by its end would not be recognised, so the last part is not shown. */
const windowBytes = 8_192
const guardLength = 1_024

const binary =
  /^(?:image|audio|video|font)\/|octet-stream|zip|gzip|x-tar|pdf|protobuf|msgpack|cbor|wasm|vnd\.(?:ms-|openxml)|multipart\//i
// oxlint-disable-next-line no-control-regex
const control = /[\u0000-\u0008\u000e-\u001f]/

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

/** The text of a body's beginning, or null when it is not text. */
const textOf = (body: Uint8Array): string | null => {
  let end = Math.min(body.length, windowBytes)
  // Not into the middle of a character.
  if (end < body.length) while (end > 0 && ((body[end] ?? 0) & 0xc0) === 0x80) end--
  const head = body.subarray(0, end)
  if (!isUtf8(head)) return null
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString("utf8")
  return control.test(text) ? null : text
}

const trimPartial = (body: Uint8Array): Uint8Array => {
  const end = body.length
  for (let back = 1; back <= Math.min(4, end); back++) {
    const byte = body[end - back] ?? 0
    if ((byte & 0xc0) === 0x80) continue
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return needed > back ? body.subarray(0, end - back) : body
  }
  return body
}

/** `partial`: there was more of the body than is given here. Null for what is not text, or was encoded. */
export const snippet = (
  body: Uint8Array,
  headers: Readonly<Record<string, string>>,
  partial: boolean,
  options: RedactionOptions = {}
): string | null => {
  const type = headers["content-type"] ?? ""
  const encoding = headers["content-encoding"] ?? "identity"
  if (encoding !== "identity" || binary.test(type)) return null
  const text = textOf(partial ? trimPartial(body) : body)
  if (text === null) return null
  const redacted = /x-www-form-urlencoded/i.test(type)
    ? redactQuery(text, options.patterns)
    : redactText(text, options.patterns)
  const safe =
    partial || body.length > windowBytes ? redacted.slice(0, Math.max(0, redacted.length - guardLength)) : redacted
  return cut(safe, options.snippetLength ?? defaultSnippetLength).toWellFormed()
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
  const bodySnippet = body === null || body.length === 0 ? null : snippet(body, given, false, options)
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
