/** Strikes secrets out of text, headers and URLs. Pure, and linear in what it is given whatever that is. */
import { Recent } from "@dueline/contracts/Recent"
import { fieldPrefix, maxPatternLength, maxPatterns } from "@dueline/contracts/redaction"
import { isSecretName, makeStrikeFields, mark, strikeNamesAndShapes, strikeShapes } from "./secrets.ts"

interface Span {
  readonly from: number
  readonly to: number
}

/**
 * The first occurrence in `line` at or after `from`. The parts are looked up one after the other, each as early as it stands: with
 * gaps of any length that finds an occurrence whenever there is one.
 */
const find = (line: string, parts: ReadonlyArray<string>, from: number): Span | null => {
  let start = -1
  let at = from
  for (const part of parts) {
    if (part === "") continue
    const found = line.indexOf(part, at)
    if (found === -1) return null
    if (start === -1) start = found
    at = found + part.length
  }
  if (start === -1) return null
  // A star at an end reaches to the end of the word there.
  if (parts[0] === "") start = Math.max(from, line.lastIndexOf(" ", start) + 1)
  const space = parts.at(-1) === "" ? line.indexOf(" ", at) : at
  return { from: start, to: space === -1 ? line.length : space }
}

const inLine = (line: string, parts: ReadonlyArray<string>): string => {
  const lower = line.toLowerCase()
  // Some letters change their length with their case (İ); then positions would not match, so the line is judged as it stands.
  const text = lower.length === line.length ? lower : line
  let shown = ""
  let at = 0
  for (let span = find(text, parts, 0); span !== null; span = find(text, parts, at)) {
    shown += line.slice(at, span.from) + mark
    at = span.to
  }
  return shown + line.slice(at)
}

const redactGlob = (text: string, pattern: string): string => {
  const parts = pattern.toLowerCase().split("*")
  return text
    .split("\n")
    .map((line) => inLine(line, parts))
    .join("\n")
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isNode = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null

/** Null keeps its meaning: that there is no secret is no secret. */
const shown = (
  node: Record<string, unknown>,
  key: string,
  leaf: (text: string) => string,
  isSecret: (key: string) => boolean
): unknown => {
  const value = node[key]
  if (value === null || (!Array.isArray(node) && isSecret(key))) return value === null ? null : mark
  return typeof value === "string" ? leaf(value) : value
}

/**
 * Compact JSON with the values of secret keys struck out and every other text gone through `leaf`, which sees it unescaped. Null when
 * the text is not JSON.
 */
const redactJson = (
  text: string,
  leaf: (text: string) => string,
  isSecret: (key: string) => boolean = isSecretName
): string | null => {
  if (!/^\s*[{[]/.test(text)) return null
  const root = parsed(text)
  if (!isNode(root)) return null
  let changed = /\\[u/]/.test(text)
  const waiting = [root]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    for (const key of Object.keys(node)) {
      const value = shown(node, key, leaf, isSecret)
      if (isNode(value)) waiting.push(value)
      if (value === node[key]) continue
      // Not an assignment: the key may be `__proto__`.
      Object.defineProperty(node, key, { value, enumerable: true, configurable: true, writable: true })
      changed = true
    }
  }
  // What holds no secret is shown as it was written.
  return changed ? JSON.stringify(root) : text
}

export interface RedactionOptions {
  /**
   * What is struck out beside the usual: texts, not regular expressions, in which `*` stands for anything on one line, or `field:` and the name of a
   * field, header or parameter. Upper and lower case are the same. Up to 64 of 256 characters are used, 32 of the installation and as many of the
   * tenant; the rest is ignored.
   */
  readonly patterns?: ReadonlyArray<string>
  /** Code points of a snippet. Default 512. */
  readonly snippetLength?: number
}

/** Of the installation and of the tenant together. */
export const mostPatterns = 2 * maxPatterns

/** Patterns that would strike out everything or nothing are left out. */
const usable = (patterns: ReadonlyArray<string>): ReadonlyArray<string> =>
  patterns
    .slice(0, mostPatterns)
    .filter((pattern) => pattern.length <= maxPatternLength && pattern.replaceAll("*", "").trim() !== "")

interface Wanted {
  readonly globs: ReadonlyArray<string>
  readonly isName: (name: string) => boolean
  /** The named fields in text of any kind; null when there are none. */
  readonly fields: ((text: string) => string) | null
}

/** Lists are made once and looked at for every request and answer of a tenant. */
const wantedBy = new WeakMap<ReadonlyArray<string>, Wanted>()

const wantedOf = (patterns: ReadonlyArray<string>): Wanted => {
  const known = wantedBy.get(patterns)
  if (known !== undefined) return known
  const all = usable(patterns)
  const names = all.flatMap((one) => (one.startsWith(fieldPrefix) ? [one.slice(fieldPrefix.length).toLowerCase()] : []))
  const set = new Set(names)
  const isName = (name: string): boolean => set.has(name.toLowerCase())
  const strikeFields = names.length === 0 ? null : makeStrikeFields(names)
  const fields =
    strikeFields === null
      ? null
      : (text: string): string => strikeFields(redactJson(text, (leaf) => fields?.(leaf) ?? leaf, isName) ?? text)
  const wanted: Wanted = { globs: all.filter((one) => !one.startsWith(fieldPrefix)), isName, fields }
  wantedBy.set(patterns, wanted)
  return wanted
}

// One look that tells most texts to be harmless: a word of a secret's name, the beginning of a shape, a long run, an escape.
const suspicious = new RegExp(
  "pass|pwd|secret|token|auth|cookie|credential|sig|key|session|jwt|assertion|csrf|xsrf|bearer|basic|otp|pin|cv[vcn]|ssn|iban|pan|card|" +
    "-begin|@|%40|\\\\[u/]|eyj|akia|asia|[a-z0-9+/_=.-]{14}|\\d(?:[ .-]?\\d){7}",
  "i"
)

/** Only what was asked for beside the usual. */
export const redactPatterns = (text: string, patterns: ReadonlyArray<string> = []): string => {
  if (patterns.length === 0) return text
  const { fields, globs } = wantedOf(patterns)
  return globs.reduce(redactGlob, fields === null ? text : fields(text))
}

const isSecretTo = (name: string, patterns: ReadonlyArray<string>): boolean =>
  isSecretName(name) || (patterns.length > 0 && wantedOf(patterns).isName(name))

/**
 * Short texts that looked suspicious and held no secret: the same types of content, agents and parts of addresses come in every request. What
 * holds a secret is never kept.
 */
const harmless = new Recent<string, true>(500)
const maxHarmless = 64

const redactUsual = (text: string): string => {
  if (!suspicious.test(text) || harmless.has(text)) return text
  const redacted = redactSuspicious(text)
  if (text.length <= maxHarmless && redacted === text) harmless.set(text, true)
  return redacted
}

const redactSuspicious = (text: string): string => {
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
    result[lower] = isSecretTo(lower, patterns) ? mark : redactText(headers[name] ?? "", patterns)
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
      if (isSecretTo(decoded(name), patterns)) return `${redactPart(name, patterns)}=${mark}`
      return `${redactPart(name, patterns)}=${redactPart(pair.slice(equals + 1), patterns)}`
    })
    .join("&")

const parts = /^([a-z][a-z0-9+.-]*:\/\/)(?:[^/?#]*@)?([^/?#]*)([^?#]*)(?:\?([^#]*))?/i

/**
 * A URL with credentials and fragment gone and secrets in path and query struck out; the host stays, it says where a call goes: so it
 * is taken from the parsed URL, which is what is called, and not from the text. What is no URL is redacted as text.
 */
export const redactUrl = (url: string, patterns: ReadonlyArray<string> = []): string => {
  const href = URL.parse(url)?.href
  return href === undefined ? redactText(url, patterns) : redactHref(href, patterns)
}

/** The same for what a parsed URL says of itself, which need not be parsed again. */
export const redactHref = (href: string, patterns: ReadonlyArray<string> = []): string => {
  const match = parts.exec(href)
  if (match === null) return redactText(href, patterns)
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
