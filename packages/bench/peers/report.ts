/** What came of all rounds: medians, spread, and ratios within each round. */
import { readFileSync, writeFileSync } from "node:fs"
import type { System } from "./System.ts"
import { type Figures, observedMs } from "./measure.ts"
import type { Options } from "./options.ts"

/** One measurement of one system. */
export interface Outcome {
  readonly round: number
  readonly system: string
  readonly figures: Figures
  /** Measurements that began although the machine was busy. */
  readonly busy: ReadonlyArray<string>
  /** Why the round has no figures, or not all, if so. */
  readonly failed?: string
}

/** What others are divided by, in the same round. */
const baselines = [
  { system: "dueline", title: "× Dueline" },
  { system: "bullmq-redis", title: "× BullMQ" }
]

type Of = (figure: string) => ReadonlyArray<number>

const valuesOf =
  (outcomes: ReadonlyArray<Outcome>, system: string): Of =>
  (figure) =>
    outcomes.flatMap(({ figures, system: name }) => (name === system ? (figures[figure] ?? []) : []))

/** Above 1 is more than `baseline` made in the same round. */
const ratios = (
  outcomes: ReadonlyArray<Outcome>,
  system: string,
  baseline: string,
  figure: string
): ReadonlyArray<number> =>
  outcomes.flatMap(({ figures, round, system: name }) => {
    const own = figures[figure]
    const other = outcomes.find(
      (outcome) => outcome.system === baseline && outcome.round === round && outcome.figures[figure] !== undefined
    )?.figures[figure]
    return name === system && own !== undefined && other !== undefined ? [own / other] : []
  })

const cpu = (of: Of, prefix: string): string => {
  const parts = ["cpuClient", "cpuProgram", "cpuStore"].map((part) => of(prefix + part))
  if (parts.some((part) => part.length === 0)) return ""
  const medians = parts.map(median)
  return `${medians.map(shown).join("+")}=${shown(medians.reduce((a, b) => a + b, 0))}`
}

const recovered = (of: Of, which: "first" | "last"): string => {
  const seen = of("recovery.seen")
  if (seen.length === 0) return ""
  const times = of(`recovery.${which}`)
  const found = times.length > 0 ? `${spread(times, 1 / 1_000)} s` : `none within ${observedMs / 1_000} s`
  if (times.length === seen.length || times.length === 0) return found
  return `${found}, in ${times.length} of ${seen.length} rounds`
}

const failures = (outcomes: ReadonlyArray<Outcome>, system: string): string => {
  const failed = outcomes.filter((outcome) => outcome.system === system && outcome.failed !== undefined).length
  return failed === 0 ? "" : ` (${failed} failed)`
}

const has = (outcomes: ReadonlyArray<Outcome>, prefix: string): boolean =>
  outcomes.some(({ figures }) => Object.keys(figures).some((name) => name.startsWith(prefix)))

/** Throughput of one size of burst, under a heading; nothing when it was not measured. */
export const throughput = (
  outcomes: ReadonlyArray<Outcome>,
  systems: ReadonlyArray<System>,
  clients: number,
  calls: number
): ReadonlyArray<string> => {
  const prefix = `c${clients}.`
  if (!has(outcomes, prefix)) return []
  const head = [
    "System",
    "accepted/s",
    "accept p50 ms",
    "accept p99 ms",
    "calls/s",
    ...baselines.map(({ title }) => title),
    "CPU µs per call"
  ]
  const rows = systems.map(({ label, name }) => {
    const of = valuesOf(outcomes, name)
    const figures = ["accepted", "acceptP50", "acceptP99", "calls"].map((figure) => spread(of(prefix + figure)))
    const times = baselines.map(({ system }) => spread(ratios(outcomes, name, system, `${prefix}calls`)))
    return [label + failures(outcomes, name), ...figures, ...times, cpu(of, prefix)]
  })
  return [`**${calls.toLocaleString("en")} calls, ${clients} clients**`, table([head, ...rows])]
}

interface Column {
  readonly title: string
  readonly prefix: string
  readonly cell: (of: Of) => string
}

const column = (title: string, prefix: string, figure: string): Column => ({
  title,
  prefix,
  cell: (of) => spread(of(prefix + figure))
})

const columns: ReadonlyArray<Column> = [
  column("idle p50 ms", "idle.", "p50"),
  column("idle p99 ms", "idle.", "p99"),
  column("late p50 ms", "late.", "p50"),
  column("late p99 ms", "late.", "p99"),
  column("earliest ms", "late.", "earliest"),
  { title: "again first", prefix: "recovery.", cell: (of) => recovered(of, "first") },
  { title: "again last", prefix: "recovery.", cell: (of) => recovered(of, "last") }
]

/** Latencies, and recovery, as far as they were measured, under a heading. */
export const timing = (
  outcomes: ReadonlyArray<Outcome>,
  systems: ReadonlyArray<System>,
  samples: number
): ReadonlyArray<string> => {
  const present = columns.filter(({ prefix }) => has(outcomes, prefix))
  if (present.length === 0) return []
  const rows = systems.map(({ label, name }) => {
    const of = valuesOf(outcomes, name)
    return [label + failures(outcomes, name), ...present.map(({ cell }) => cell(of))]
  })
  const title = `**One at a time (idle), ${samples} due times in one second (late), after kill -9 (again)**, ${samples} samples`
  return [title, table([["System", ...present.map(({ title }) => title)], ...rows])]
}

/** Measurements to be taken with care. */
export const busyStarts = (outcomes: ReadonlyArray<Outcome>): ReadonlyArray<string> => {
  const found = outcomes.filter(({ busy }) => busy.length > 0)
  const named = found.map(({ busy, round, system }) => `${system}, round ${round} (${busy.join(", ")})`)
  return named.length === 0 ? [] : [`Began although the machine was busy: ${named.join("; ")}.`]
}

/** Calls that came twice although nothing was killed. */
export const duplicates = (outcomes: ReadonlyArray<Outcome>): ReadonlyArray<string> =>
  outcomes.flatMap(({ figures, round, system }) =>
    Object.entries(figures)
      .filter(([name, value]) => name.endsWith(".extra") && value > 0)
      .map(([name, value]) => `${system}, round ${round}, ${name.split(".")[0]}: ${value} calls came once more`)
  )

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

/** Writes what was measured into docs/: every value as JSON, the tables into the page. */
const page = new URL("../../../docs/benchmarks-peers.md", import.meta.url)
const values = new URL("../../../docs/benchmarks-peers.json", import.meta.url)
const [start, end] = ["<!-- measured -->", "<!-- /measured -->"]

export interface Kept {
  readonly date: string
  readonly machine: string
  readonly versions: Readonly<Record<string, string>>
  readonly options: Options
  readonly outcomes: ReadonlyArray<Outcome>
}

export const keep = (kept: Kept, report: string): void => {
  const text = readFileSync(page, "utf8")
  const [from, to] = [text.indexOf(start), text.indexOf(end)]
  if (from < 0 || to < 0) throw new Error("docs/benchmarks-peers.md has lost its marks for the tables")
  writeFileSync(page, `${text.slice(0, from + start.length)}\n\n${report}\n\n${text.slice(to)}`)
  writeFileSync(values, `${JSON.stringify(kept, null, 1)}\n`)
}
