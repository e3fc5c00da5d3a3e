/** Whether a program that is under load for long becomes worse, and what goes along with it. Pure. */
import { type Figure, median } from "../Figures.ts"

/** Of some seconds. */
export interface Slice {
  readonly rate: number
  readonly acknowledgedP50: number
  readonly acknowledgedP99: number
  readonly lateP50: number
  readonly lateP99: number
  /** µs a call. */
  readonly program: number
  readonly database: number
  readonly programMib: number
  readonly databaseMib: number
  readonly checkpoints: number
  readonly vacuums: number
  readonly deadRows: number
  readonly tablesMib: number
}

type Measure = keyof Slice

const words: Readonly<Record<Measure, string>> = {
  rate: "calls/s",
  acknowledgedP50: "acknowledgement, p50",
  acknowledgedP99: "acknowledgement, p99",
  lateP50: "lateness, p50",
  lateP99: "lateness, p99",
  program: "program a call",
  database: "database a call",
  programMib: "memory of the program",
  databaseMib: "memory of the database",
  checkpoints: "checkpoints",
  vacuums: "autovacuums",
  deadRows: "dead rows",
  tablesMib: "tables"
}

/** What users see. Of everything else a rise is a reason, not a fault. */
const judged: ReadonlyArray<Measure> = ["rate", "acknowledgedP50", "acknowledgedP99", "lateP50", "lateP99"]
/** What may be why. Tables grow with every call. */
const reasons: ReadonlyArray<Measure> = [
  "program",
  "database",
  "programMib",
  "databaseMib",
  "checkpoints",
  "vacuums",
  "deadRows"
]

const tolerated = 1.1

/** They happen a few times in all, and are added up. */
const counts: ReadonlyArray<Measure> = ["checkpoints", "vacuums"]

const sum = (values: ReadonlyArray<number>) => values.reduce((all, value) => all + value, 0)

const thirds = (slices: ReadonlyArray<Slice>, measure: Measure) => {
  const third = Math.max(1, Math.floor(slices.length / 3))
  const middle = (some: ReadonlyArray<Slice>) =>
    (counts.includes(measure) ? sum : median)(some.map((slice) => slice[measure]))
  return { first: middle(slices.slice(0, third)), last: middle(slices.slice(-third)) }
}

/** Of the last third to that of the first, by their medians. */
export const changeOf = (slices: ReadonlyArray<Slice>, measure: Measure): number => {
  const { first, last } = thirds(slices, measure)
  return first === last ? 1 : last / first
}

/** Above one is worse. */
const worse = (slices: ReadonlyArray<Slice>, measure: Measure): number =>
  measure === "rate" ? 1 / changeOf(slices, measure) : changeOf(slices, measure)

const shown = (slices: ReadonlyArray<Slice>, measure: Measure): string => {
  const { first, last } = thirds(slices, measure)
  const how = counts.includes(measure) ? `${first}, then ${last}` : `× ${changeOf(slices, measure).toFixed(2)}`
  return `${words[measure]} ${how}`
}

/** One sentence. */
export const verdict = (slices: ReadonlyArray<Slice>): string => {
  const fallen = judged.filter((measure) => worse(slices, measure) > tolerated)
  if (fallen.length === 0) return "the last third is as good as the first, within 10 %"
  const risen = reasons.filter((measure) => worse(slices, measure) > tolerated)
  const why =
    risen.length === 0
      ? "neither of them takes more for a call: it is the disk, or what else the machine does"
      : `with ${risen.map((measure) => shown(slices, measure)).join(", ")}`
  return `the last third is worse than the first: ${fallen.map((measure) => shown(slices, measure)).join(", ")}; ${why}`
}

export const trendFigures = (name: string, slices: ReadonlyArray<Slice>): ReadonlyArray<Figure> => [
  { name: `${name}, rate`, unit: "calls/s", runs: [median(slices.map(({ rate }) => rate))] },
  ...counts.map((measure) => ({
    name: `${name}, ${words[measure]}`,
    unit: "",
    runs: [sum(slices.map((slice) => slice[measure]))]
  })),
  ...[...judged, ...reasons.filter((measure) => !counts.includes(measure))].map((measure) => ({
    name: `${name}, ${words[measure]}, last third to first`,
    unit: "×",
    ...(judged.includes(measure) ? { aim: measure === "rate" ? "≥ 0.91" : "≤ 1.1" } : {}),
    runs: [changeOf(slices, measure)]
  }))
]

const columns: ReadonlyArray<readonly [Measure, string]> = [
  ["rate", "calls/s"],
  ["acknowledgedP50", "ack p50"],
  ["acknowledgedP99", "p99 ms"],
  ["lateP50", "late p50"],
  ["lateP99", "p99 ms"],
  ["program", "program"],
  ["database", "base µs"],
  ["programMib", "program"],
  ["databaseMib", "base MiB"],
  ["checkpoints", "checkp."],
  ["vacuums", "vacuums"],
  ["deadRows", "dead"],
  ["tablesMib", "tables"]
]

export const heading = columns.map(([, word]) => word.padStart(9)).join("")
export const line = (slice: Slice): string =>
  columns
    .map(([measure]) => slice[measure].toFixed(measure.endsWith("P50") || measure.endsWith("P99") ? 1 : 0).padStart(9))
    .join("")
