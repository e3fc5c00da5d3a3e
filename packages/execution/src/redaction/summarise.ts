/** Makes of a request or an answer what anyone may see of it: decoded, read as text, secrets struck out, then cut short. */
import type { WholeRequest } from "@dueline/contracts/ports/Vaults"
import type { HttpMethod, RequestSummary, ResponseSummary } from "@dueline/contracts/serviceCall/Spec"
import { isUtf8 } from "node:buffer"
import { TextDecoder } from "node:util"
import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } from "node:zlib"
import { redactHeaders, redactHref, type RedactionOptions, redactQuery, redactText, redactUrl } from "./Redactor.ts"
import { mark } from "./secrets.ts"

/** Bytes of a coded body that are looked at, and bytes that may come of them: what is decoded at once on the main thread. */
const maxInput = 65_536
const maxOutput = 32_768
/** Codings on top of one another. */
const maxCodings = 3

const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: maxOutput }

/** RFC 9110 § 8.4.1.2: zlib format, though some send bare deflate. */
const inflate = (input: Uint8Array): Uint8Array => {
  const [cmf = 0, flags = 0] = input
  const wrapped = (cmf & 0x0f) === 8 && ((cmf << 8) | flags) % 31 === 0
  return wrapped ? inflateSync(input, options) : inflateRawSync(input, options)
}

const gunzip = (input: Uint8Array): Uint8Array => gunzipSync(input, options)

const decoders: Readonly<Record<string, (input: Uint8Array) => Uint8Array>> = {
  gzip: gunzip,
  "x-gzip": gunzip,
  deflate: inflate,
  br: (input) =>
    brotliDecompressSync(input, { finishFlush: constants.BROTLI_OPERATION_FLUSH, maxOutputLength: maxOutput }),
  zstd: (input) => zstdDecompressSync(input, { finishFlush: constants.ZSTD_e_flush, maxOutputLength: maxOutput })
}

interface Decoded {
  readonly bytes: Uint8Array
  /** There was more than is given here. */
  readonly partial: boolean
}

/** What is too large or broken at its end is decoded from a shorter beginning: half of it, half of that, 17 times at the most. */
const decodeBeginning = (decode: (input: Uint8Array) => Uint8Array, { bytes, partial }: Decoded): Decoded | null => {
  for (let length = Math.min(bytes.length, maxInput); length > 0; length >>= 1) {
    try {
      const output = decode(bytes.subarray(0, length))
      if (output.length > 0) return { bytes: output, partial: partial || length < bytes.length }
    } catch {
      // Its bytes are not what it says they are, or they are too many.
    }
  }
  return null
}

/**
 * The beginning of the content, or null when it is coded in a way that is not known, or not at all as it says. `coding`: Content-Encoding.
 */
const decodedBody = (body: Uint8Array, coding: string, partial: boolean): Decoded | null => {
  if (coding === "") return { bytes: body, partial }
  const codings = coding
    .toLowerCase()
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "" && one !== "identity")
  if (codings.length > maxCodings) return null
  let decoded: Decoded | null = { bytes: body, partial }
  for (const one of codings.reverse()) {
    const decode = Object.hasOwn(decoders, one) ? decoders[one] : undefined
    if (decode === undefined || decoded === null) return null
    decoded = decodeBeginning(decode, decoded)
  }
  return decoded
}

// oxlint-disable-next-line no-control-regex
const control = /[\u0000-\u0008\u000e-\u001f]/

/** Text that is one eighth replacement characters is not text in that charset. */
const maxReplaced = 1 / 8

const replacement = "\ufffd"
const utf8Name = /^utf-8$/i

/** RFC 9110 § 8.3.2, with what is seen: blanks around the sign, single quotes. */
const charsetOf = (type: string): string | null => /;\s*charset\s*=\s*["']?([^\s;"',]{1,40})/i.exec(type)?.[1] ?? null

/** What a byte order mark says stands above everything else (WHATWG Encoding § 6). */
const markOf = (body: Uint8Array): string | null => {
  if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) return "utf-8"
  if (body[0] === 0xfe && body[1] === 0xff) return "utf-16be"
  return body[0] === 0xff && body[1] === 0xfe ? "utf-16le" : null
}

/** Null for a charset that is not known. */
const decoderOf = (charset: string): TextDecoder | null => {
  try {
    return new TextDecoder(charset)
  } catch {
    return null
  }
}

const readable = (text: string): string | null => {
  if (control.test(text)) return null
  let replaced = 0
  for (let at = text.indexOf(replacement); at !== -1; at = text.indexOf(replacement, at + 1)) replaced++
  return replaced > text.length * maxReplaced ? null : text
}

/** Without a last character that is there in part only. */
const wholeCharacters = (body: Uint8Array): Uint8Array => {
  const end = body.length
  for (let back = 1; back <= Math.min(4, end); back++) {
    const byte = body[end - back] ?? 0
    if ((byte & 0xc0) === 0x80) continue
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return needed > back ? body.subarray(0, end - back) : body
  }
  return body
}

/** UTF-8, or null when it is something else. */
const utf8Text = (body: Uint8Array, cut: boolean): string | null => {
  const whole = cut ? wholeCharacters(body) : body
  return isUtf8(whole) ? Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength).toString("utf8") : null
}

/** `type`: Content-Type. `partial`: there was more of the body. At the most `maxBytes` of it are read. */
const bodyText = (body: Uint8Array, type: string, partial: boolean, maxBytes: number): string | null => {
  const head = body.subarray(0, maxBytes)
  const cut = partial || head.length < body.length
  const mark = markOf(head)
  const named = mark ?? charsetOf(type)
  // UTF-8 under its own name needs a decoder only where it is broken.
  const isNamedUtf8 = named !== null && utf8Name.test(named)
  const decoder = named === null || isNamedUtf8 ? null : decoderOf(named)
  if (decoder !== null && decoder.encoding !== "utf-8") return readable(decoder.decode(head, { stream: cut }))
  const text = utf8Text(mark === "utf-8" ? head.subarray(3) : head, cut)
  if (text !== null) return control.test(text) ? null : text
  if (decoder !== null || isNamedUtf8) return readable((decoder ?? new TextDecoder()).decode(head, { stream: cut }))
  // What names no charset and is not UTF-8 is Latin-1 more often than not, if it is text at all.
  return /^text\//i.test(type) ? readable(new TextDecoder("windows-1252").decode(head)) : null
}

const defaultSnippetLength = 512

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
const snippet = (
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

interface SummarisedRequest {
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

/** `isParsed`: the URL is the `href` of a parsed one. */
export const summariseRequest = (
  method: HttpMethod,
  request: WholeRequest,
  options: RedactionOptions = {},
  isParsed = false
): SummarisedRequest => {
  const url = (isParsed ? redactHref : redactUrl)(request.url, options.patterns)
  const given = lowerCase(request.headers)
  const headers = redactHeaders(given, options.patterns)
  const body = request.body === null ? null : Buffer.from(request.body, "utf8")
  const bodySnippet = body === null || body.length === 0 ? null : requestSnippet(body, given, options)
  // A request that says "[redacted]" of itself must be sealed, or it could not be told from one that was struck out.
  const complete =
    request.signer === undefined &&
    request.onEnd === undefined &&
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
