/** What comes out of several runs: the median, and how far apart the runs were. */

export const quantile = (sorted: ReadonlyArray<number>, q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN

/** Of an even number, the mean of the two in the middle. */
export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = Math.floor(sorted.length / 2)
  const [a, b] = [sorted[sorted.length % 2 === 0 ? upper - 1 : upper], sorted[upper]]
  return ((a ?? Number.NaN) + (b ?? Number.NaN)) / 2
}

export interface Figure {
  readonly name: string
  readonly unit: string
  readonly aim?: string
  /** One value of each run. */
  readonly runs: ReadonlyArray<number>
}

export const shown = (value: number): string =>
  Math.abs(value) >= 1_000
    ? Math.round(value).toLocaleString("en")
    : Math.abs(value) >= 100
      ? String(Math.round(value))
      : value.toFixed(Math.abs(value) >= 10 ? 1 : 2)

export const row = ({ aim, name, runs, unit }: Figure): string => {
  const sorted = runs.toSorted((a, b) => a - b)
  const spread = sorted.length > 1 ? `${shown(sorted[0] ?? 0)}–${shown(sorted.at(-1) ?? 0)}` : "one run"
  return `| ${name} | ${shown(median(sorted))} ${unit} | ${spread} | ${aim ?? ""} |`
}

export const table = (figures: ReadonlyArray<Figure>): string =>
  ["| Figure | Median | Spread | Aim |", "| --- | --: | --: | --: |", ...figures.map(row)].join("\n")

/** Joins the figures of several runs by name. */
export const join = (runs: ReadonlyArray<ReadonlyArray<Figure>>): ReadonlyArray<Figure> => {
  const byName = new Map<string, Figure>()
  for (const figure of runs.flat()) {
    const known = byName.get(figure.name)
    byName.set(figure.name, known === undefined ? figure : { ...known, runs: [...known.runs, ...figure.runs] })
  }
  return [...byName.values()]
}
