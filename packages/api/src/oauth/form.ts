/** A form as RFC 6749 has it, and how a client shows in it who it is. Pure: bytes and headers come in. */
import type { OAuthErrorCode } from "@dueline/contracts/api/OAuthEndpoints"
import { Result } from "effect"

export interface OAuthProblem {
  readonly code: OAuthErrorCode
  readonly detail: string
}

export type Asked<A> = Result.Result<A, OAuthProblem>
export type Form = ReadonlyMap<string, string>

export interface FormHeaders {
  readonly authorization?: string | undefined
  readonly "content-type"?: string | undefined
}

const maxBytes = 8_192
const maxParameters = 32
export const problem = (code: OAuthErrorCode, detail: string): Asked<never> => Result.fail({ code, detail })
export const malformed = (detail: string): Asked<never> => problem("invalid_request", detail)

const noClient = problem(
  "invalid_client",
  "Send an API key: `Authorization: Basic` of its id and the key, or client_id and client_secret in the form."
)

const isForm = (contentType: string | undefined): boolean =>
  /^application\/x-www-form-urlencoded\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/iu.test(contentType ?? "")

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** Throws for what is not UTF-8, percent-encoded or not. */
const decodePart = (part: string): string => decodeURIComponent(part.replaceAll("+", " "))

/** Each name once (§ 3.2); those without a value count as left out. */
export const readForm = (headers: FormHeaders, bytes: Uint8Array): Asked<Form> => {
  if (!isForm(headers["content-type"])) return malformed("Send a form: application/x-www-form-urlencoded, UTF-8.")
  if (bytes.byteLength > maxBytes) return malformed(`The body has more than ${maxBytes} bytes.`)
  const found = new Map<string, string>()
  try {
    const pairs = utf8.decode(bytes).split("&")
    if (pairs.length > maxParameters) return malformed(`There are more than ${maxParameters} parameters.`)
    for (const pair of pairs) {
      if (pair === "") continue
      const at = pair.indexOf("=")
      const name = decodePart(at < 0 ? pair : pair.slice(0, at))
      const value = at < 0 ? "" : decodePart(pair.slice(at + 1))
      if (found.has(name)) return malformed("A parameter is there twice: send each once.")
      found.set(name, value)
    }
  } catch {
    return malformed("The body is not a form in UTF-8.")
  }
  return Result.succeed(new Map([...found].filter(([, value]) => value !== "")))
}

/** An API key, and its id where that was sent too. */
export interface ClientShown {
  /** Null where the key alone was sent. */
  readonly clientId: string | null
  readonly key: string
}

/** § 2.3.1: both halves are form-encoded before they are joined. A name without a password is the key itself, as Segment's clients send it. */
const readBasic = (authorization: string): Asked<ClientShown> => {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2}) *$/iu.exec(authorization)?.[1]
  if (encoded === undefined) return noClient
  try {
    const text = utf8.decode(Buffer.from(encoded, "base64"))
    const at = text.indexOf(":")
    const name = decodePart(at < 0 ? text : text.slice(0, at))
    const password = at < 0 ? "" : decodePart(text.slice(at + 1))
    if (password !== "") return Result.succeed({ clientId: name === "" ? null : name, key: password })
    return name === "" ? noClient : Result.succeed({ clientId: null, key: name })
  } catch {
    return noClient
  }
}

/** Whether the request says of itself which client it is from. */
export const showsClient = (form: Form, authorization: string | undefined): boolean =>
  (authorization ?? "") !== "" || form.has("client_secret")

export const readClient = (form: Form, authorization: string | undefined): Asked<ClientShown> => {
  const [id, secret] = [form.get("client_id"), form.get("client_secret")]
  if (authorization === undefined || authorization === "") {
    return secret === undefined ? noClient : Result.succeed({ clientId: id ?? null, key: secret })
  }
  if (secret !== undefined) return malformed("The client shows who it is in two ways: use one.")
  const basic = readBasic(authorization)
  if (Result.isFailure(basic) || id === undefined || id === basic.success.clientId) return basic
  return basic.success.clientId === null
    ? Result.succeed({ ...basic.success, clientId: id })
    : malformed("client_id is not the one in Authorization.")
}
