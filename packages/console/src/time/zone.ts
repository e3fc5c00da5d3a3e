/** Times of a clock in a time zone, both ways. */
import { parseDelay } from "@dueline/contracts/api/Wire"

const formats = new Map<string, Intl.DateTimeFormat>()

/** The Swedish form is ISO 8601's, with a blank in the place of the T. */
const formatIn = (zone: string): Intl.DateTimeFormat => {
  const known = formats.get(zone)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" })
  formats.set(zone, made)
  return made
}

/** `2026-01-31 09:00:00`. */
export const formatTime = (millis: number, zone: string): string => formatIn(zone).format(millis)

/** How far the zone is from UTC at that time, in milliseconds. */
const offsetAt = (millis: number, zone: string): number =>
  Date.parse(`${formatTime(millis, zone).replace(" ", "T")}Z`) - Math.floor(millis / 1_000) * 1_000

/** Where `zone` stands: `UTC+01:00`. */
export const offsetName = (millis: number, zone: string): string => {
  const minutes = Math.round(offsetAt(millis, zone) / 60_000)
  const part = (n: number) => String(Math.floor(Math.abs(n))).padStart(2, "0")
  return minutes === 0 ? "UTC" : `UTC${minutes < 0 ? "−" : "+"}${part(minutes / 60)}:${part(minutes % 60)}`
}

/**
 * The instant that a clock in `zone` shows as `2026-01-31T09:00`, or NaN. An hour that a zone skips is read as the one after it; of an
 * hour that comes twice, the first is meant.
 */
export const instantOf = (typed: string, zone: string): number => {
  const asUtc = Date.parse(`${typed}Z`)
  if (!Number.isFinite(asUtc)) return Number.NaN
  const before = asUtc - offsetAt(asUtc - 86_400_000, zone)
  const after = asUtc - offsetAt(asUtc + 86_400_000, zone)
  return [before, after].find((guess) => guess + offsetAt(guess, zone) === asUtc) ?? before
}

/** What an input for a time shows: `2026-01-31T09:00`. */
export const typedTime = (millis: number, zone: string): string =>
  Number.isFinite(millis) ? formatTime(millis, zone).slice(0, 16).replace(" ", "T") : ""

/** A length of time as it is read. */
const steps: ReadonlyArray<readonly [unit: string, millis: number]> = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000]
]

/** `3 min`, `2 d 4 h`: the two largest units, at least a second. */
export const span = (millis: number): string => {
  const length = Math.abs(millis)
  const first = steps.findIndex(([, size]) => length >= size)
  const [unit, size] = steps[first] ?? ["s", 1_000]
  const whole = Math.floor(length / size)
  const [smaller, smallerSize] = steps[first + 1] ?? ["", 0]
  const rest = smallerSize === 0 || whole >= 10 ? 0 : Math.floor((length % size) / smallerSize)
  return rest === 0 ? `${whole} ${unit}` : `${whole} ${unit} ${rest} ${smaller}`
}

/** A duration as it is read: `PT6H` as `6 h`, none as `none`; what has another form, or parts of a second, as it is. */
export const durationWords = (iso: string): string => {
  const millis = parseDelay(iso)
  if (!Number.isInteger(millis / 1_000)) return iso
  return millis === 0 ? "none" : span(millis)
}
