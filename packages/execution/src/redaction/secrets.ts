/**
 * What gives a secret away: the name in front of it (of a header, query parameter, form field or JSON key), or its own shape in text of any
 * kind.
 */
import { Recent } from "@dueline/contracts/Recent"

/** As the source of a case-insensitive expression. Over-zealous on purpose: a lost hint costs less than a leak. */
const secretWord =
  "(?:pass(?:w|phrase|code|port|(?![a-z]))|pwd|secret|token|authori[sz]ation|cookie|credential|signature|" +
  "session|jwt|assertion|csrf|xsrf|bearer|(?:api|access|private|signing|encryption|subscription|shared|master)[-_. ]?key|" +
  "card[-_. ]?(?:number|num|no(?![a-z]))|(?<![a-z])(?:auth|sig|key|otp|pin|cvv|cvc|cvn|ssn|iban|pan)(?![a-z]))"

const secret = new RegExp(secretWord, "i")

// They sound like secrets and are none; struck out, every answer of a language model and every request would lose its meaning.
const harmless = /^(?:x-)?idempotency-key$|^sec-websocket-key$|^(?:[a-z]+[-_])*tokens$/

/** `sessionPin` and `APIKey` are read as `session-Pin` and `API-Key`. */
const words = (name: string): string =>
  name.replace(/([a-z0-9])([A-Z])/g, "$1-$2").replace(/([A-Z])([A-Z][a-z])/g, "$1-$2")

const judge = (name: string): boolean =>
  (secret.test(name) || secret.test(words(name))) && !harmless.test(name.toLowerCase())

// The same few names come in every request; judging one takes longer than all else that is done with it.
const judged = new Recent<string, boolean>(500)

export const isSecretName = (name: string): boolean => name.length > 256 || judged.getOrMake(name, judge)

/** What stands where a secret stood. */
export const mark = "[redacted]"

const values = [
  "\\[redacted\\][^\\s&,;\"'<>{}[\\]]*",
  '"(?:[^"\\\\]|\\\\[\\s\\S])*(?:"|\\\\?$)',
  "'(?:[^'\\\\]|\\\\[\\s\\S])*(?:'|\\\\?$)",
  // JSON inside a JSON text that is itself cut short: quotes are \" and what they hold is escaped twice.
  "\\\\[\"'](?:[^\"'\\\\]|\\\\\\\\(?:\\\\[\"'\\\\]|[^\"'\\\\]))*",
  // Something is opened after a secret name and nothing says where it ends.
  "[{[][\\s\\S]*$",
  "(?:bearer|basic|digest|token)\\s{1,8}[^\\s&,;\"'<>]+",
  "[^\\s&,;\"'<>{}[\\]]+"
]

interface Assignments {
  readonly assigned: RegExp
  readonly element: RegExp
}

/** `name: value`, `name=value`, `"name": "value"` in whatever syntax, and `<name>value<`. */
const assignmentsOf = (name: string, rest: string, before: string, after: string): Assignments => ({
  assigned: new RegExp(`(${name}${rest}["'\\\\]{0,4}\\s{0,8}(?:=>|[:=])\\s{0,8})(${values.join("|")})`, "gi"),
  element: new RegExp(`(<${before}${name}${after}(?:\\s[^<>]{0,256})?>)[^<]+`, "gi")
})

/** What sounds like a secret, whatever else is in the name. */
const usual = assignmentsOf(secretWord, "[\\w.-]{0,32}", "[\\w:.-]{0,32}", "[\\w:.-]{0,32}")

interface Span {
  readonly from: number
  readonly to: number
}

/** The quotes stay, so that what was JSON still looks like it. */
const namedValues = (text: string, { assigned, element }: Assignments): Array<Span> => {
  const spans: Array<Span> = []
  for (const { 0: all, 1: head = "", 2: value, index } of text.matchAll(assigned)) {
    const opened = value === undefined ? 0 : (/^(?:["']|\\["'])?/.exec(value)?.[0].length ?? 0)
    const closed = opened === 1 && value !== undefined && value.length > 1 && value.at(-1) === value[0] ? 1 : 0
    spans.push({ from: index + head.length + opened, to: index + all.length - closed })
  }
  for (const { 0: all, 1: head = "", index } of text.matchAll(element))
    spans.push({ from: index + head.length, to: index + all.length })
  return spans
}

const luhn = (digits: string): boolean => {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48
    sum += i % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2
  }
  return sum % 10 === 0
}

/** Whether a run of digits holds a card number (ISO/IEC 7812, 13 to 19 digits, issuers 2 to 6) anywhere. */
const holdsCard = (digits: string): boolean => {
  if (digits.length > 64) return true
  for (let from = 0; from + 13 <= digits.length; from++) {
    const issuer = digits.charCodeAt(from) - 48
    if (issuer < 2 || issuer > 6) continue
    for (let to = from + 13; to <= Math.min(from + 19, digits.length); to++) {
      if (luhn(digits.slice(from, to))) return true
    }
  }
  return false
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Long runs are secrets when they are hexadecimal, or when they mix what no word mixes; a UUID names something and is kept. */
const isLongSecret = (run: string): boolean => {
  if (uuid.test(run)) return false
  if (/[0-9a-f]{32}/i.test(run) || (run.length >= 64 && /\d/.test(run))) return true
  return /[a-z]/.test(run) && /[A-Z]/.test(run) && /\d/.test(run)
}

/** `is` has the last word about a match; a group at its beginning is kept. */
interface Shape {
  readonly trigger: RegExp
  readonly pattern: RegExp
  readonly is?: (match: string) => boolean
}

const vendors =
  "whsec_|[srp]k_(?:live|test)_|(?<![a-z])sk-|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|npm_|ya29\\.|AIza"
const inWord = "[^\\s\"'<>(),;:@[\\]\\\\=&|/?#{}%]"

const shapes: ReadonlyArray<Shape> = [
  { trigger: /-----begin/i, pattern: /-----BEGIN [A-Z0-9 ]{0,40}[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}-----|$)/gi },
  { trigger: /bearer|basic/i, pattern: /((?:bearer|basic)(?:\s|%20|\+){1,8})[^\s"',;<>&]+/gi },
  { trigger: /eyJ/, pattern: /eyJ[A-Za-z0-9_.-]{17,}/g },
  { trigger: /A[A-Z]{3}[A-Z0-9]{16}/, pattern: /(?:AKIA|ASIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA|ABIA|ACCA)[A-Z0-9]{16,}/g },
  { trigger: /[_.-]|AIza/, pattern: new RegExp(`(?:${vendors})[A-Za-z0-9_+/=.-]{10,}`, "g") },
  { trigger: /@|%40/, pattern: new RegExp(`${inWord}{1,64}(?:@|%40)${inWord}{1,255}`, "g") },
  { trigger: /[A-Za-z0-9+/_-]{32}/, pattern: /[A-Za-z0-9+/_-]{32,}={0,2}/g, is: isLongSecret },
  { trigger: /\d(?:[ .-]?\d){12}/, pattern: /\d(?:[ .-]?\d){12,}/g, is: (run) => holdsCard(run.replace(/\D/g, "")) }
]

const knownShapes = (text: string): Array<Span> => {
  const spans: Array<Span> = []
  for (const { is, pattern, trigger } of shapes) {
    if (!trigger.test(text)) continue
    for (const { 0: match, 1: kept = "", index } of text.matchAll(pattern)) {
      if (is === undefined || is(match)) spans.push({ from: index + kept.length, to: index + match.length })
    }
  }
  return spans
}

/** All at once: struck out one after the other, a first could tear a second apart and leave a part of it unrecognised. */
const strike = (text: string, spans: Array<Span>): string => {
  if (spans.length === 0) return text
  spans.sort((a, b) => a.from - b.from)
  let shown = ""
  let at = 0
  for (const { from, to } of spans) {
    if (to <= at) continue
    if (from > at || at === 0) shown += text.slice(at, from) + mark
    at = to
  }
  return shown + text.slice(at)
}

export const strikeShapes = (text: string): string => strike(text, knownShapes(text))

export const strikeNamesAndShapes = (text: string): string =>
  strike(text, [...namedValues(text, usual), ...knownShapes(text)])

/** The values of fields of exactly these names, struck out of text of any kind. */
export const makeStrikeFields = (names: ReadonlyArray<string>): ((text: string) => string) => {
  const any = names.map((name) => name.replaceAll(/[^\w]/g, String.raw`\$&`)).join("|")
  const asked = assignmentsOf(`(?<![\\w.-])(?:${any})`, "", "(?:[\\w.-]{0,32}:)?", "")
  return (text) => strike(text, namedValues(text, asked))
}
