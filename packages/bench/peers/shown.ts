/** Numbers and tables as text. */

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = Math.floor(sorted.length / 2)
  const [a, b] = [sorted[sorted.length % 2 === 0 ? upper - 1 : upper], sorted[upper]]
  return ((a ?? Number.NaN) + (b ?? Number.NaN)) / 2
}

export const shown = (value: number): string => {
  const size = Math.abs(value)
  if (size >= 1_000) return Math.round(value).toLocaleString("en")
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)
}

/** Median, least and most; empty when there is nothing. */
export const spread = (values: ReadonlyArray<number>, scale = 1): string => {
  if (values.length === 0) return ""
  const scaled = values.map((value) => value * scale)
  const [least, most] = [Math.min(...scaled), Math.max(...scaled)]
  return values.length === 1 ? shown(median(scaled)) : `${shown(median(scaled))} (${shown(least)}–${shown(most)})`
}

type Row = ReadonlyArray<string>

/** Padded, so that it reads well in a terminal too. */
export const table = (rows: ReadonlyArray<Row>): string => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)))
  const line = (row: Row) =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(" | ")} |`
  const rule = `| ${widths.map((width, i) => (i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`
  return [line(rows[0] ?? []), rule, ...rows.slice(1).map(line)].join("\n")
}
