/** Reads how long a target asks to be left alone. */

/** Nobody may ask for more. */
export const longestRetryAfterMs = 86_400_000

const imfFixdate = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/
const rfc850 = /^[A-Z][a-z]+day, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/
const asctime = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/

const bounded = (ms: number): number | null =>
  Number.isNaN(ms) ? null : Math.min(Math.max(0, Math.ceil(ms)), longestRetryAfterMs)

const seconds = (text: string | undefined): number | null =>
  text !== undefined && /^\d{1,12}(?:\.\d{1,9})?$/.test(text.trim()) ? bounded(Number(text) * 1_000) : null

/** RFC 9110 §5.6.7: all three forms of a date, which is always in GMT. */
const until = (text: string, now: number): number | null => {
  if (imfFixdate.test(text) || rfc850.test(text)) return bounded(Date.parse(text) - now)
  return asctime.test(text) ? bounded(Date.parse(`${text} GMT`) - now) : null
}

/**
 * Milliseconds to wait from `now` (epoch ms), 0 to 24 h, or null when the answer asks for nothing. `Retry-After` is seconds or a date
 * (RFC 9110 §10.2.3); without it `RateLimit-Reset` counts, seconds too, unless requests remain. Names in lower case.
 */
export const retryAfterMs = (headers: Readonly<Record<string, string>>, now: number): number | null => {
  const asked = headers["retry-after"]?.trim()
  const wait = asked === undefined ? null : (seconds(asked) ?? until(asked, now))
  if (wait !== null) return wait
  const remaining = seconds(headers["ratelimit-remaining"])
  return remaining === null || remaining === 0 ? seconds(headers["ratelimit-reset"]) : null
}
