/** Shapes of single values as they stand in requests and answers. */
import { Schema } from "effect"

const instantPattern = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d{2}:\d{2})$/u

const instantExpected = "ISO 8601 with an offset, e.g. 2026-01-01T00:00:00Z; in a query write + as %2B"

/** An RFC 3339 instant with its offset. A date alone or a local time means nothing across time zones and is refused. */
export const Instant = Schema.String.annotate({
  description: "Date and time with offset (RFC 3339); finer than milliseconds is cut off",
  format: "date-time",
  examples: ["2026-01-31T09:00:00Z"]
}).check(
  Schema.isPattern(instantPattern, { expected: instantExpected }).abort(),
  Schema.makeFilter(
    (text: string) => Number.isFinite(parseInstant(text)) || `is no time that exists; expected ${instantExpected}`
  )
)

/** An instant as it is answered: UTC, with milliseconds. */
export const Timestamp = Schema.String.annotate({ format: "date-time", examples: ["2026-01-31T09:00:00.000Z"] })

/** Epoch milliseconds, or NaN for a day that is not in the calendar (which `Date` would roll over to the next month). */
export const parseInstant = (text: string): number => {
  const upper = text.toUpperCase()
  const millis = Date.parse(upper)
  const day = Number(upper.slice(8, 10))
  const lastDay = new Date(Date.UTC(Number(upper.slice(0, 4)), Number(upper.slice(5, 7)), 0)).getUTCDate()
  return day > lastDay ? Number.NaN : millis
}

export const formatInstant = (millis: number): string => new Date(millis).toISOString()

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const shortDelay = /^(\d{1,12})(ms|s|m|h|d)$/u
const isoDelay = /^P(?:(\d{1,6})D)?(?:T(?=\d)(?:(\d{1,8})H)?(?:(\d{1,10})M)?(?:(\d{1,12})(?:\.(\d{1,3})\d*)?S)?)?$/u

/** Milliseconds, or NaN when the text is no delay. */
export const parseDelay = (delay: number | string): number => {
  if (typeof delay === "number") return delay
  const short = shortDelay.exec(delay)
  if (short !== null) return Number(short[1]) * units[short[2] as keyof typeof units]
  const iso = delay === "P" ? null : isoDelay.exec(delay)
  if (iso === null) return Number.NaN
  const [, days, hours, minutes, seconds, fraction] = iso.map((part) => part ?? "0")
  return (
    Number(days) * units.d +
    Number(hours) * units.h +
    Number(minutes) * units.m +
    Number(seconds) * units.s +
    Number((fraction ?? "0").padEnd(3, "0"))
  )
}

export const Delay = Schema.Union([
  Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  Schema.String.check(Schema.makeFilter((text: string) => Number.isFinite(parseDelay(text)) || "is not a duration"))
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
      (instantPattern.test(text) && Number.isFinite(parseInstant(text))) ||
      `must be a version such as 3, or ${instantExpected}`
  )
)

export const parseAsOf = (
  text: string
): { readonly _tag: "Version"; readonly version: number } | { readonly _tag: "Instant"; readonly at: number } =>
  versionText.test(text) ? { _tag: "Version", version: Number(text) } : { _tag: "Instant", at: parseInstant(text) }

/** PostgreSQL keeps no U+0000 in text, and half a surrogate pair is no character. */
export const isStorableText = (text: string): boolean => !text.includes("\u0000") && text.isWellFormed()

export const StorableText = Schema.String.check(
  Schema.makeFilter((text: string) => isStorableText(text) || "must not hold U+0000 or half a surrogate pair")
)
