/** What a request for a token says, by RFC 6749: how the client shows who it is, and what it wants. Pure: bytes and headers come in. */
import type { OAuthErrorCode } from "@dueline/contracts/api/OAuthEndpoints"
import { Result } from "effect"

export interface OAuthProblem {
  readonly code: OAuthErrorCode
  readonly detail: string
}

export interface TokenAsked {
  /** Null where the key alone was sent. */
  readonly clientId: string | null
  readonly key: string
  /** Null for all that the key has. */
  readonly scopes: ReadonlyArray<string> | null
}

type Asked<A> = Result.Result<A, OAuthProblem>

const maxBytes = 8_192
const maxParameters = 32
const problem = (code: OAuthErrorCode, detail: string): Asked<never> => Result.fail({ code, detail })
const malformed = (detail: string): Asked<never> => problem("invalid_request", detail)

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
const readForm = (bytes: Uint8Array): Asked<ReadonlyMap<string, string>> => {
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

/** § 2.3.1: both halves are form-encoded before they are joined. A name without a password is the key itself, as Segment's clients send it. */
const readBasic = (authorization: string): Asked<Pick<TokenAsked, "clientId" | "key">> => {
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

const readClient = (
  form: ReadonlyMap<string, string>,
  authorization: string | undefined
): Asked<Pick<TokenAsked, "clientId" | "key">> => {
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

/** § 3.3: parted by single blanks. */
const readScopes = (scope: string | undefined): Asked<ReadonlyArray<string> | null> => {
  if (scope === undefined) return Result.succeed(null)
  return /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/u.test(scope)
    ? Result.succeed([...new Set(scope.split(" "))])
    : problem("invalid_scope", "scope holds what no scope may hold: send names parted by one blank.")
}

export const readTokenRequest = (
  headers: { readonly authorization?: string | undefined; readonly "content-type"?: string | undefined },
  bytes: Uint8Array
): Asked<TokenAsked> => {
  if (!isForm(headers["content-type"])) return malformed("Send a form: application/x-www-form-urlencoded, UTF-8.")
  const form = readForm(bytes)
  if (Result.isFailure(form)) return Result.fail(form.failure)
  const grant = form.success.get("grant_type")
  if (grant === undefined) return malformed("grant_type is missing.")
  if (grant !== "client_credentials")
    return problem("unsupported_grant_type", "The grant that there is: client_credentials.")
  const client = readClient(form.success, headers.authorization)
  if (Result.isFailure(client)) return Result.fail(client.failure)
  const scopes = readScopes(form.success.get("scope"))
  if (Result.isFailure(scopes)) return Result.fail(scopes.failure)
  return Result.succeed({ ...client.success, scopes: scopes.success })
}
