/** Times as a person reads them: local ISO 8601 with offset, and how far away. */
const pad = (value: number, digits = 2): string => String(value).padStart(digits, "0")

/** `2026-11-22T16:30:00.123+01:00`. */
export const localInstant = (millis: number, offsetMinutes: number): string => {
  const shifted = new Date(millis + offsetMinutes * 60_000).toISOString().slice(0, -1)
  const minutes = Math.abs(offsetMinutes)
  return offsetMinutes === 0
    ? `${shifted}Z`
    : `${shifted}${offsetMinutes < 0 ? "-" : "+"}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`
}

/** Two units at the most: `850 ms`, `2.1 s`, `4 min 5 s`, `2 h 30 min`, `3 d 4 h`. */
export const span = (millis: number): string => {
  if (millis < 1_000) return `${Math.round(millis)} ms`
  if (millis < 59_950) return `${(millis / 1_000).toFixed(1)} s`
  const seconds = Math.round(millis / 1_000)
  if (seconds < 3_600) return two(seconds, 60, "min", "s")
  const minutes = Math.round(millis / 60_000)
  if (minutes < 1_440) return two(minutes, 60, "h", "min")
  return two(Math.round(millis / 3_600_000), 24, "d", "h")
}

const two = (value: number, size: number, big: string, small: string): string => {
  const rest = value % size
  return `${Math.floor(value / size)} ${big}${rest === 0 ? "" : ` ${rest} ${small}`}`
}

/** `in 2.1 s`, `3 d 4 h ago`. */
export const relative = (millis: number, now: number): string =>
  millis > now ? `in ${span(millis - now)}` : millis === now ? "now" : `${span(now - millis)} ago`
