/** Shapes of single values as they stand in requests and answers. */
import { Schema, SchemaTransformation } from "effect"

const instantPattern = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2})(?::(\d{2})(?:\.(\d{1,30}))?)?([Zz]|[+-]\d{2}:\d{2})$/u

const instantExpected = "ISO 8601 with an offset, e.g. 2026-01-01T00:00:00Z; in a query write + as %2B"

/** An RFC 3339 instant with its offset. A date alone or a local time means nothing across time zones and is refused. */
export const Instant = Schema.String.annotate({
  description:
    "Date and time with offset (RFC 3339). What is finer than milliseconds is rounded so that nothing comes before the time that is asked for",
  format: "date-time",
  examples: ["2026-01-31T09:00:00Z"]
}).check(
  Schema.isPattern(instantPattern, { expected: instantExpected }).abort(),
  Schema.makeFilter(
    (text: string) => Number.isFinite(parseInstant(text, "up")) || `is no time that exists; expected ${instantExpected}`
  )
)

/** An instant as it is answered: UTC, with milliseconds. */
export const Timestamp = Schema.String.annotate({ format: "date-time", examples: ["2026-01-31T09:00:00.000Z"] })

/** Where a time between two milliseconds goes: `up` for one that nothing may come before, `down` for one that nothing may come after. */
export type Rounding = "up" | "down"

const dayMs = 86_400_000

/** The number that these digits are; NaN when there is something else among them. */
const digits = (text: string, from: number, to: number): number => {
  let value = 0
  for (let at = from; at < to; at += 1) {
    const digit = text.charCodeAt(at) - 48
    if (!(digit >= 0 && digit <= 9)) return Number.NaN
    value = value * 10 + digit
  }
  return value
}

const daysOfMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/**
 * Of an instant in the form that `Date` writes itself, or the same in whole seconds, which most have, without an expression or a `Date`: every submission asks for it
 * twice. NaN for every other form, and for what needs a second look.
 */
const usualInstant = (text: string): number => {
  const whole = text.length === 20
  if (text[10] !== "T" || (whole ? text[19] !== "Z" : text.length !== 24 || text[23] !== "Z" || text[19] !== "."))
    return Number.NaN
  if (text[4] !== "-" || text[7] !== "-" || text[13] !== ":" || text[16] !== ":") return Number.NaN
  const year = digits(text, 0, 4)
  const month = digits(text, 5, 7)
  const day = digits(text, 8, 10)
  const [hour, minute, second] = [digits(text, 11, 13), digits(text, 14, 16), digits(text, 17, 19)]
  // Below, `Date.UTC` takes the year for one of the last century.
  if (!(year >= 100 && month >= 1 && month <= 12 && hour <= 23 && minute <= 59 && second <= 59)) return Number.NaN
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const days = month === 2 && isLeap ? 29 : (daysOfMonth[month - 1] ?? 0)
  if (!(day >= 1 && day <= days)) return Number.NaN
  return Date.UTC(year, month - 1, day, hour, minute, second, whole ? 0 : digits(text, 20, 23))
}

/**
 * Epoch milliseconds, or NaN for a day that is not in the calendar (which `Date` would roll over to the next month). A leap second
 * (RFC 3339 § 5.7) is the second after it, as in POSIX time.
 */
export const parseInstant = (text: string, rounding: Rounding): number => {
  const usual = usualInstant(text)
  if (!Number.isNaN(usual)) return usual
  const [, date = "", time = "", seconds = "00", fraction = "", zone = ""] = instantPattern.exec(text) ?? []
  const lastDay = new Date(Date.UTC(Number(date.slice(0, 4)), Number(date.slice(5, 7)), 0)).getUTCDate()
  if (date === "" || Number(date.slice(8)) > lastDay) return Number.NaN
  if (seconds === "60") {
    const next = Date.parse(`${date}T${time}:59${zone.toUpperCase()}`) + 1_000
    return next % dayMs === 0 ? next : Number.NaN
  }
  const whole = Date.parse(`${date}T${time}:${seconds}${zone.toUpperCase()}`)
  return whole + roundedFraction(fraction, rounding)
}

/** Milliseconds of the digits behind a decimal point. */
const roundedFraction = (digits: string, rounding: Rounding): number =>
  Number(digits.slice(0, 3).padEnd(3, "0")) + (rounding === "up" && /[1-9]/u.test(digits.slice(3)) ? 1 : 0)

export const formatInstant = (millis: number): string => new Date(millis).toISOString()

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const shortDelay = /^(\d{1,12})(ms|s|m|h|d)$/u
const isoDelay = /^P(?:(\d{1,6})D)?(?:T(?=\d)(?:(\d{1,8})H)?(?:(\d{1,10})M)?(?:(\d{1,12})(?:\.(\d{1,30}))?S)?)?$/u

/** Milliseconds, or NaN when the text is no delay. What must not end too early is rounded up, what must not begin too early down. */
export const parseDelay = (delay: number | string, rounding: Rounding = "up"): number => {
  if (typeof delay === "number") return delay
  const short = shortDelay.exec(delay)
  if (short !== null) return Number(short[1]) * units[short[2] as keyof typeof units]
  const iso = delay === "P" ? null : isoDelay.exec(delay)
  if (iso === null) return Number.NaN
  const [, days, hours, minutes, seconds, fraction = ""] = iso.map((part) => part ?? "0")
  return (
    Number(days) * units.d +
    Number(hours) * units.h +
    Number(minutes) * units.m +
    Number(seconds) * units.s +
    roundedFraction(fraction, rounding)
  )
}

const durationExpected = "is not a duration; expected 500ms, 3s, 5m, 2h, 1d or ISO 8601 such as PT3S"

export const Delay = Schema.Union([
  Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  Schema.String.check(Schema.makeFilter((text: string) => Number.isFinite(parseDelay(text)) || durationExpected))
]).annotate({
  description: "How long from now: whole milliseconds, or `500ms`, `3s`, `5m`, `2h`, `1d`, or ISO 8601 such as `PT3S`",
  examples: ["3s", "PT3S", 3000]
})

/** Whole milliseconds as they are answered: ISO 8601 in days, hours, minutes and seconds. `parseDelay` reads them back. */
export const formatDuration = (millis: number): string => {
  const part = (unit: number, of: number) => Math.floor((millis % of) / unit)
  const days = Math.floor(millis / units.d)
  const seconds = part(units.s, units.m)
  // Digits, not a sum: 0.1 and 0.2 make more than 0.3.
  const fraction = (millis % units.s).toString().padStart(3, "0").replace(/0+$/u, "")
  const time = [
    [`${part(units.h, units.d)}`, "H"],
    [`${part(units.m, units.h)}`, "M"],
    [fraction === "" ? `${seconds}` : `${seconds}.${fraction}`, "S"]
  ]
  const written = time.flatMap(([count, letter]) => (count === "0" ? [] : [`${count}${letter}`])).join("")
  if (days === 0 && written === "") return "PT0S"
  return `P${days === 0 ? "" : `${days}D`}${written === "" ? "" : `T${written}`}`
}

/** A strong entity tag (RFC 9110 § 8.8.3): the version in quotes. */
export const ETag = Schema.String.check(
  Schema.isPattern(/^"\d{1,15}"$/u, { expected: 'a version in quotes, e.g. "3"' })
)
export const etagOf = (version: number): string => `"${version}"`

/** Grows with every change. */
export const Version = Schema.Int.annotate({ description: "Grows with every change; the ETag is made of it" })

const versionText = /^[1-9]\d{0,8}$/u

/** Which past is meant: a version, or an instant. */
export const AsOf = Schema.String.annotate({
  description: "As it was with this version, or after everything up to and at this instant",
  examples: ["3", "2026-01-31T09:00:00Z"]
}).check(
  Schema.makeFilter(
    (text: string) =>
      versionText.test(text) ||
      Number.isFinite(parseInstant(text, "down")) ||
      `must be a version such as 3, or ${instantExpected}`
  )
)

export const parseAsOf = (
  text: string
): { readonly _tag: "Version"; readonly version: number } | { readonly _tag: "Instant"; readonly at: number } =>
  versionText.test(text)
    ? { _tag: "Version", version: Number(text) }
    : { _tag: "Instant", at: parseInstant(text, "down") }

/** PostgreSQL keeps no U+0000 in text, and half a surrogate pair is no character. */
export const isStorableText = (text: string): boolean => !text.includes("\u0000") && text.isWellFormed()

/** Any text that comes from outside and is kept. Whoever uses it says how long it may be. */
export const StorableText = Schema.String.check(
  Schema.makeFilter(
    (text: string) =>
      isStorableText(text) || "holds U+0000 or half a surrogate pair, which cannot be kept: send whole characters"
  )
)

// oxlint-disable-next-line no-control-regex
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/u

/** A name or a word on one line: it may stand in a header, a log and a terminal. */
export const PlainText = Schema.String.check(
  Schema.makeFilter(
    (text: string) =>
      (text.isWellFormed() && !control.test(text)) ||
      "holds control characters or half a surrogate pair: send printable text on one line"
  )
)

/** Who acts: written beside every change. */
export const Subject = PlainText.check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(255))

const uuidText = Schema.String.annotate({ format: "uuid" }).check(
  Schema.isPattern(/^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/u, {
    expected: "a UUID, e.g. 018f3c1e-7b5a-8c3d-9e2f-0a1b2c3d4e5f"
  })
)

/** An id as it is sent: in either case (RFC 9562 § 4). Kept, compared and answered in lower case. */
export const idAsSent = <Id extends string>(id: Schema.Codec<Id, string>) =>
  uuidText.pipe(Schema.decodeTo(id, SchemaTransformation.toLowerCase()))
