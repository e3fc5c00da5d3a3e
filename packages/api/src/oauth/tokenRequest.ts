/** What a request for a token says, by RFC 6749: what it is asked for with, and what is wanted. Pure. */
import type { OAuthErrorCode } from "@dueline/contracts/api/OAuthEndpoints"
import { Result } from "effect"

interface Wanted {
  /** Null for all that there are. */
  readonly scopes: ReadonlyArray<string> | null
}

/** With an API key (§ 4.4), with the code of a link (§ 4.1.3), or with a refresh token (§ 6). */
export type TokenAsked = Wanted &
  (
    | ({ readonly grant: "client_credentials" } & ClientShown)
    | { readonly grant: "authorization_code" | "refresh_token"; readonly secret: string }
  )

/** § 3.3: parted by single blanks. */
const readScopes = (scope: string | undefined): Asked<ReadonlyArray<string> | null> => {
  if (scope === undefined) return Result.succeed(null)
  return /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/u.test(scope)
    ? Result.succeed([...new Set(scope.split(" "))])
    : problem("invalid_scope", "scope holds what no scope may hold: send names parted by one blank.")
}

/** Where what is shown stands in the form. */
const places = { authorization_code: "code", refresh_token: "refresh_token" } as const

/** Both stand for themselves: nobody but a person's own client has them. */
const readSecretOf = (
  grant: keyof typeof places,
  form: Form,
  authorization: string | undefined,
  scopes: ReadonlyArray<string> | null
): Asked<TokenAsked> => {
  const secret = form.get(places[grant])
  if (secret === undefined) return malformed(`${places[grant]} is missing.`)
  if (showsClient(form, authorization))
    return malformed(`${places[grant]} stands for itself: send no client's secret beside it.`)
  return Result.succeed({ grant, secret, scopes })
}

export const readTokenRequest = (headers: FormHeaders, bytes: Uint8Array): Asked<TokenAsked> => {
  const form = readForm(headers, bytes)
  if (Result.isFailure(form)) return Result.fail(form.failure)
  const grant = form.success.get("grant_type")
  if (grant === undefined) return malformed("grant_type is missing.")
  const scopes = readScopes(form.success.get("scope"))
  if (grant === "authorization_code" || grant === "refresh_token") {
    return Result.isFailure(scopes)
      ? Result.fail(scopes.failure)
      : readSecretOf(grant, form.success, headers.authorization, scopes.success)
  }
  if (grant !== "client_credentials")
    return problem(
      "unsupported_grant_type",
      "Grants that there are: client_credentials, authorization_code, refresh_token."
    )
  const client = readClient(form.success, headers.authorization)
  if (Result.isFailure(client)) return Result.fail(client.failure)
  return Result.map(scopes, (asked) => ({ grant, ...client.success, scopes: asked }))
}

/** A form as RFC 6749 has it, and how a client shows in it who it is. Pure: bytes and headers come in. */
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
