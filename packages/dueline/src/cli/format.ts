/** Times and columns as a person reads them in a terminal. */
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

export interface TableStyle {
  /** The least width of each column, so that pages printed one after the other stay in line. */
  readonly least?: ReadonlyArray<number>
  /** Colours a cell that already has its width. */
  readonly paint?: (cell: string) => string
}

/** Two spaces between columns, nothing after the last. */
export const table = (
  rows: ReadonlyArray<ReadonlyArray<string>>,
  { least = [], paint = (cell) => cell }: TableStyle = {}
): string => {
  const widths: Array<number> = [...least]
  const clean = rows.map((row) => row.map(visible))
  for (const row of clean) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length)
  }
  const padded = (row: ReadonlyArray<string>) =>
    row.map((cell, column) => paint(column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
  return clean.map((row) => padded(row).join("  ").trimEnd()).join("\n")
}

/** Names and values, the names aligned; a pair without a value is left out. */
export const pairs = (
  entries: ReadonlyArray<readonly [string, string | null]>,
  paint?: (cell: string) => string
): string =>
  table(
    entries.flatMap(([name, value]) => (value === null || value === "" ? [] : [[name, value]])),
    paint === undefined ? {} : { paint }
  )

/** Text from elsewhere must not steer the terminal it is shown in: control characters are spelt out. */
export const visible = (text: string): string =>
  text.replace(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`)
