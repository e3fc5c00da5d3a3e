/** What a run shows, as the table and the plots of docs/load-test-proof.md. */
import { quantile } from "../Figures.ts"
import { type Evidence, latencies, type Phase } from "./Evidence.ts"
import type { Verdict } from "./judge.ts"
import { type Chart, draw } from "./plot.ts"
import type { ProofRun } from "./proof.ts"

const shown = (value: number): string => (value >= 100 ? String(Math.round(value)) : value.toFixed(1))
const row = (cells: ReadonlyArray<string | number>): string => `| ${cells.join(" | ")} |`

/** Milliseconds from acceptance to the end of each ingestion whose event a phase sent first. */
const processing = ({ ingestions, sent }: Evidence, phase: Phase): ReadonlyArray<number> => {
  const own = new Set(sent.filter((each) => each.phase === phase && !each.repeat).map(({ event }) => event.eventId))
  return ingestions
    .filter(({ endedAt, eventId }) => endedAt !== null && own.has(eventId ?? ""))
    .map(({ createdAt, endedAt }) => Date.parse(endedAt ?? "") - Date.parse(createdAt))
    .toSorted((a, b) => a - b)
}

const phaseRow = (evidence: Evidence, phase: Phase): string => {
  const own = evidence.sent.filter((each) => each.phase === phase)
  const acknowledged = latencies(evidence.sent, phase)
  const ended = processing(evidence, phase)
  return row([
    phase,
    own.length,
    own.filter(({ repeat }) => repeat).length,
    own.filter(({ tries }) => tries > 1).length,
    [0.5, 0.95, 0.99, 1].map((q) => shown(quantile(acknowledged, q))).join(" / "),
    [0.5, 0.95, 1].map((q) => shown(quantile(ended, q))).join(" / ")
  ])
}

const phasesTable = (evidence: Evidence, phases: ReadonlyArray<Phase>): string =>
  [
    row([
      "Phase",
      "Requests",
      "Repeats",
      "Sent again",
      "202 after, p50 / p95 / p99 / max, ms",
      "ended after, p50 / p95 / max, ms"
    ]),
    row(["---", "--:", "--:", "--:", "--:", "--:"]),
    ...phases.map((phase) => phaseRow(evidence, phase))
  ].join("\n")

const verdictsTable = (verdicts: ReadonlyArray<Verdict>): string =>
  [
    row(["Checked", "Found"]),
    row(["---", "---"]),
    ...verdicts.map(({ findings, sentence }) =>
      row([sentence, findings.length === 0 ? "holds" : `**${findings.length} violations**`])
    )
  ].join("\n")

const paceLine = ({ pace }: ProofRun): string =>
  pace === null
    ? ""
    : `\n\nAs fast as it goes: ${Math.round(pace.acknowledgements).toLocaleString("en")} acknowledged a second, ` +
      `${Math.round(pace.ended).toLocaleString("en")} carried out to their end a second; bare inserts on the same machine in the same run: ` +
      `${Math.round(pace.bareInserts).toLocaleString("en")} a second (ratio ${(pace.acknowledgements / pace.bareInserts).toFixed(2)}).`

export const tables = (run: ProofRun, verdicts: ReadonlyArray<Verdict>): string =>
  `${phasesTable(run.evidence, [...run.began.keys()])}${paceLine(run)}\n\n${verdictsTable(verdicts)}`

/** One after the other without the time between them, in which everything came to rest. */
const clock = ({ began, evidence: { sent } }: ProofRun) => {
  const starts = new Map<Phase, number>()
  let length = 0
  for (const [phase, from] of began) {
    starts.set(phase, length - from)
    length += Math.max(0, ...sent.filter((each) => each.phase === phase).map(({ answeredAt }) => answeredAt - from))
  }
  return {
    of: (phase: Phase, at: number) => ((starts.get(phase) ?? 0) + at) / 1_000,
    parts: [...began].map(([phase, from]) => [((starts.get(phase) ?? 0) + from) / 1_000, phase] as const)
  }
}

const acknowledgements = (run: ProofRun): Chart => {
  const { of, parts } = clock(run)
  const bySecond = Map.groupBy(run.evidence.sent, ({ phase, plannedAt }) => Math.floor(of(phase, plannedAt)))
  const line = (q: number) =>
    [...bySecond]
      .toSorted(([a], [b]) => a - b)
      .map(([second, each]) => {
        const sorted = each.map(({ answeredAt, plannedAt }) => answeredAt - plannedAt).toSorted((a, b) => a - b)
        return [second, quantile(sorted, q)] as const
      })
  return {
    title: "From the planned time of a request to its 202, by second",
    unit: "ms",
    logarithmic: true,
    parts,
    series: [
      { name: "p50", colour: "#2563eb", points: line(0.5) },
      { name: "p95", colour: "#d97706", points: line(0.95) },
      { name: "slowest", colour: "#dc2626", points: line(1) }
    ]
  }
}

const backlog = (run: ProofRun): Chart => {
  const { of, parts } = clock(run)
  const phases = new Map(
    run.evidence.sent.filter(({ repeat }) => !repeat).map(({ event, phase }) => [event.eventId, phase])
  )
  const steps = run.evidence.ingestions.flatMap(({ createdAt, endedAt, eventId }): Array<[number, number]> => {
    const phase = phases.get(eventId ?? "")
    if (phase === undefined) return []
    const end = endedAt === null ? [] : [[of(phase, Date.parse(endedAt)), -1] as [number, number]]
    return [[of(phase, Date.parse(createdAt)), 1], ...end]
  })
  const points: Array<readonly [number, number]> = []
  let left = 0
  let most = 0
  let second = 0
  for (const [at, step] of steps.toSorted(([a], [b]) => a - b)) {
    for (; Math.floor(at) > second; second += 1) {
      points.push([second, most])
      most = left
    }
    left += step
    most = Math.max(most, left)
  }
  points.push([second, most])
  return {
    title: "Accepted and not ended yet, most in a second",
    unit: "events",
    logarithmic: false,
    parts,
    series: [{ name: "backlog", colour: "#2563eb", points }]
  }
}

/** File names in docs, and what is in them. */
export const plots = (run: ProofRun): Readonly<Record<string, string>> => ({
  "load-test-proof-acknowledgements.svg": draw(acknowledgements(run)),
  "load-test-proof-backlog.svg": draw(backlog(run))
})
