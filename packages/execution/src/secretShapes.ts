/** Secrets that give themselves away by their shape or by the name in front of them, in text of any kind. */
import { secretWord } from "./secretNames.ts"

/** What stands where a secret stood. */
export const mark = "[redacted]"

const values = [
  "\\[redacted\\][^\\s&,;\"'<>{}[\\]]*",
  "\"(?:[^\"\\\\]|\\\\[\\s\\S])*(?:\"|\\\\?$)",
  "'(?:[^'\\\\]|\\\\[\\s\\S])*(?:'|\\\\?$)",
  // JSON inside a JSON text that is itself cut short: quotes are \" and what they hold is escaped twice.
  "\\\\[\"'](?:[^\"'\\\\]|\\\\\\\\(?:\\\\[\"'\\\\]|[^\"'\\\\]))*",
  // Something is opened after a secret name and nothing says where it ends.
  "[{[][\\s\\S]*$",
  "(?:bearer|basic|digest|token)\\s{1,8}[^\\s&,;\"'<>]+",
  "[^\\s&,;\"'<>{}[\\]]+"
]

/** `name: value`, `name=value`, `"name": "value"` in whatever syntax. */
const assigned = new RegExp(`(${secretWord}[\\w.-]{0,32}["'\\\\]{0,4}\\s{0,8}(?:=>|[:=])\\s{0,8})(${values.join("|")})`, "gi")
const element = new RegExp(`(<[\\w:.-]{0,32}${secretWord}[\\w:.-]{0,32}(?:\\s[^<>]{0,256})?>)[^<]+`, "gi")

/** The quotes stay, so that what was JSON still looks like it. */
const struck = (_match: string, head: string, value: string): string => {
  const quote = value[0] === "\"" || value[0] === "'" ? value[0] : ""
  return head + quote + mark + quote
}

export const redactNamedValues = (text: string): string => text.replace(assigned, struck).replace(element, `$1${mark}`)

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

const card = (run: string): string => holdsCard(run.replace(/\D/g, "")) ? mark : run

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Long runs are secrets when they are hexadecimal, or when they mix what no word mixes; a UUID names something and is kept. */
const longRun = (run: string): string => {
  if (uuid.test(run)) return run
  if (/[0-9a-f]{32}/i.test(run) || (run.length >= 64 && /\d/.test(run))) return mark
  return /[a-z]/.test(run) && /[A-Z]/.test(run) && /\d/.test(run) ? mark : run
}

type Shape = readonly [trigger: RegExp, shape: RegExp, replace: (match: string, group?: string) => string]

const strike = (): string => mark
const vendors = "whsec_|[srp]k_(?:live|test)_|(?<![a-z])sk-|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|npm_|ya29\\.|AIza"
const inWord = "[^\\s\"'<>(),;:@[\\]\\\\=&|/?#{}%]"

const shapes: ReadonlyArray<Shape> = [
  [/-----begin/i, /-----BEGIN [A-Z0-9 ]{0,40}[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}-----|$)/gi, strike],
  [/bearer|basic/i, /(bearer|basic)(?:\s|%20|\+){1,8}[^\s"',;<>&]+/gi, (_match, scheme = "") => `${scheme} ${mark}`],
  [/eyJ/, /eyJ[A-Za-z0-9_.-]{17,}/g, strike],
  [/A[A-Z]{3}[A-Z0-9]{16}/, /(?:AKIA|ASIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA|ABIA|ACCA)[A-Z0-9]{16,}/g, strike],
  [/[_.-]|AIza/, new RegExp(`(?:${vendors})[A-Za-z0-9_+/=.-]{10,}`, "g"), strike],
  [/@|%40/, new RegExp(`${inWord}{1,64}(?:@|%40)${inWord}{1,255}`, "g"), strike],
  [/[A-Za-z0-9+/_-]{32}/, /[A-Za-z0-9+/_-]{32,}={0,2}/g, longRun],
  [/\d(?:[ .-]?\d){12}/, /\d(?:[ .-]?\d){12,}/g, card]
]

export const redactKnownShapes = (text: string): string => {
  let shown = text
  for (const [trigger, shape, replace] of shapes) {
    if (trigger.test(shown)) shown = shown.replace(shape, replace)
  }
  return shown
}
