/** Aligned columns for a terminal. */

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
