/** Strikes secrets out of text, headers and URLs. Pure, and linear in what it is given whatever that is. */
import { redactJson } from "./redactJson.ts"
import { isSecretName } from "./secretNames.ts"
import { redactGlob } from "./redactGlob.ts"
import { mark, strikeNamesAndShapes, strikeShapes } from "./secretShapes.ts"

export interface RedactionOptions {
  /**
   * What a tenant wants struck out beside the usual: texts, not regular expressions, in which `*` stands for anything on one line.
   * Upper and lower case are the same. Up to 32 of 256 characters are used; the rest is ignored.
   */
  readonly patterns?: ReadonlyArray<string>
  /** Code points of a snippet. Default 512. */
  readonly snippetLength?: number
}

export const maxPatterns = 32
export const maxPatternLength = 256

/** Patterns that would strike out everything or nothing are left out. */
const usable = (patterns: ReadonlyArray<string>): ReadonlyArray<string> =>
  patterns
    .slice(0, maxPatterns)
    .filter((pattern) => pattern.length <= maxPatternLength && pattern.replaceAll("*", "").trim() !== "")

// One look that tells most texts to be harmless: a word of a secret's name, the beginning of a shape, a long run, an escape.
const suspicious = new RegExp(
  "pass|pwd|secret|token|auth|cookie|credential|sig|key|session|jwt|assertion|csrf|xsrf|bearer|basic|otp|pin|cv[vcn]|ssn|iban|pan|card|" +
    "-begin|@|%40|\\\\[u/]|eyj|akia|asia|[a-z0-9+/_=.-]{14}|\\d(?:[ .-]?\\d){7}",
  "i"
)

const redactPatterns = (text: string, patterns: ReadonlyArray<string>): string =>
  usable(patterns).reduce(redactGlob, text)

const redactUsual = (text: string): string => {
  if (!suspicious.test(text)) return text
  const json = redactJson(text, redactUsual)
  return json === null ? strikeNamesAndShapes(text) : strikeShapes(json)
}

/**
 * Text of any kind with its secrets struck out. Meant for up to a few thousand characters. The tenant's patterns go first, since what
 * the usual rules strike out could tear one of them apart, and once more over what was escaped before.
 */
export const redactText = (text: string, patterns: ReadonlyArray<string> = []): string =>
  patterns.length === 0 ? redactUsual(text) : redactPatterns(redactUsual(redactPatterns(text, patterns)), patterns)

/** Names in lower case; values of secret names struck out, secrets inside other values too. */
export const redactHeaders = (
  headers: Readonly<Record<string, string>>,
  patterns: ReadonlyArray<string> = []
): Record<string, string> => {
  const result: Record<string, string> = {}
  for (const name of Object.keys(headers)) {
    const lower = name.toLowerCase()
    result[lower] = isSecretName(lower) ? mark : redactText(headers[name] ?? "", patterns)
  }
  return result
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll("+", " "))
  } catch {
    return text
  }
}

/** One part of a query or path; it is judged as written and as meant, and kept as written unless either holds a secret. */
const redactPart = (part: string, patterns: ReadonlyArray<string>): string => {
  const written = redactText(part, patterns)
  if (written !== part || !part.includes("%")) return written
  const meant = decoded(part)
  return redactText(meant, patterns) === meant ? part : mark
}

/** `a=1&password=x` with the values of secret names struck out. */
export const redactQuery = (query: string, patterns: ReadonlyArray<string> = []): string =>
  query
    .split("&")
    .map((pair) => {
      const equals = pair.indexOf("=")
      if (equals === -1) return redactPart(pair, patterns)
      const name = pair.slice(0, equals)
      if (isSecretName(decoded(name))) return `${redactPart(name, patterns)}=${mark}`
      return `${redactPart(name, patterns)}=${redactPart(pair.slice(equals + 1), patterns)}`
    })
    .join("&")

const parts = /^([a-z][a-z0-9+.-]*:\/\/)(?:[^/?#]*@)?([^/?#]*)([^?#]*)(?:\?([^#]*))?/i

/**
 * A URL with credentials and fragment gone and secrets in path and query struck out; the host stays, it says where a call goes: so it
 * is taken from the parsed URL, which is what is called, and not from the text. What is no URL is redacted as text.
 */
export const redactUrl = (url: string, patterns: ReadonlyArray<string> = []): string => {
  const match = parts.exec(URL.parse(url)?.href ?? "")
  if (match === null) return redactText(url, patterns)
  const [, scheme = "", host = "", path = "", query] = match
  const shownPath = path
    .split("/")
    .map((segment) => redactPart(segment, patterns))
    .join("/")
  return (
    scheme +
    redactPatterns(host, patterns) +
    shownPath +
    (query === undefined ? "" : `?${redactQuery(query, patterns)}`)
  )
}
