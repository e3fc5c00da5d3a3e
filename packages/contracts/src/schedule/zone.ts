/** Time zones as the runtime's zone data has them: names, offsets, and the instants at which an offset changes. */

/** From this instant on the zone is `after` milliseconds ahead of UTC; until then it was `before`. */
export interface Transition {
  readonly at: number
  readonly before: number
  readonly after: number
}

/** A stretch of time with one offset, all in milliseconds. `from` inclusive, `to` exclusive. */
export interface Segment {
  readonly from: number
  readonly to: number
  readonly offset: number
}

const dayMs = 86_400_000

/** There are some 600 names. */
const formats = new Map<string, Intl.DateTimeFormat>()

const formatOf = (zone: string): Intl.DateTimeFormat => {
  const known = formats.get(zone)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset", year: "numeric" })
  formats.set(zone, made)
  return made
}

/**
 * The name under which a zone is kept, or null for what is none: `us/pacific` is `America/Los_Angeles`. An offset such as `+02:00` is none, since
 * it does not say when clocks are changed.
 */
export const canonicalZone = (name: string): string | null => {
  if (!/^[A-Za-z]/u.test(name) || name.length > 64) return null
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: name }).resolvedOptions().timeZone
  } catch {
    return null
  }
}

const written = /GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/u

/** How far the zone's clocks are ahead of UTC at this instant, in milliseconds. */
export const offsetAt = (zone: string, at: number): number => {
  const [, sign, hours = "0", minutes = "0", seconds = "0"] = written.exec(formatOf(zone).format(at)) ?? []
  const size = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)
  return (sign === "-" ? -size : size) * 1_000
}

const yearsKept = 4_096
const years = new Map<string, ReadonlyArray<Transition>>()

/** The first instant after `low`, at `high` at the latest, with another offset than at `low`. */
const bisect = (zone: string, low: number, high: number, before: number): number => {
  let [from, to] = [low, high]
  while (to - from > 1) {
    const middle = Math.floor((from + to) / 2)
    if (offsetAt(zone, middle) === before) from = middle
    else to = middle
  }
  return to
}

/** Of one year of UTC. No zone changes its offset twice within a day, so each day is looked at once, and the year is remembered. */
const transitionsIn = (zone: string, year: number): ReadonlyArray<Transition> => {
  const name = `${zone} ${year}`
  const known = years.get(name)
  if (known !== undefined) return known
  const found: Array<Transition> = []
  const end = Date.UTC(year + 1, 0, 1)
  let from = Date.UTC(year, 0, 1) - 1
  let before = offsetAt(zone, from)
  while (from < end - 1) {
    const to = Math.min(from + dayMs, end - 1)
    const after = offsetAt(zone, to)
    if (after !== before) found.push({ at: bisect(zone, from, to, before), before, after })
    from = to
    before = after
  }
  if (years.size >= yearsKept) years.clear()
  years.set(name, found)
  return found
}

/** Those in `from` < at ≤ `to`, in order. */
export const transitionsBetween = (zone: string, from: number, to: number): ReadonlyArray<Transition> => {
  const found: Array<Transition> = []
  for (let year = new Date(from).getUTCFullYear(); year <= new Date(to).getUTCFullYear(); year += 1) {
    for (const transition of transitionsIn(zone, year)) {
      if (transition.at > from && transition.at <= to) found.push(transition)
    }
  }
  return found
}

/** The stretches that `from` to `to` consists of. */
export const segmentsBetween = (zone: string, from: number, to: number): ReadonlyArray<Segment> => {
  const transitions = transitionsBetween(zone, from, to)
  const starts = [{ at: from, after: transitions[0]?.before ?? offsetAt(zone, from) }, ...transitions]
  return starts.map(({ after, at }, index) => ({ from: at, to: starts[index + 1]?.at ?? to, offset: after }))
}

/** As a clock in the zone shows it: `2026-03-29T03:00:00+02:00`, finer than seconds cut off. */
export const formatLocal = (zone: string, at: number): string => {
  const offset = offsetAt(zone, at)
  const size = Math.abs(offset) / 1_000
  const part = (seconds: number) => `${Math.floor(size / seconds) % 60}`.padStart(2, "0")
  const seconds = size % 60 === 0 ? "" : `:${part(1)}`
  const clock = new Date(at + offset).toISOString().slice(0, 19)
  return `${clock}${offset < 0 ? "-" : "+"}${part(3_600)}:${part(60)}${seconds}`
}
