/** `pnpm bench`: measures the program on this machine and prints a table; `--write` keeps it in docs/benchmarks.md. */
import { loadavg } from "node:os"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { append } from "./append.ts"
import { cost } from "./cost.ts"
import { eventCost } from "./courier/eventCost.ts"
import { fairness } from "./fairness.ts"
import { type Figure, join, table } from "./Figures.ts"
import { filesRun } from "./filesRun.ts"
import { idle, recovery, starts } from "./life.ts"
import { lists } from "./lists.ts"
import { log } from "./log.ts"
import { machine, writeBetweenMarks } from "./page.ts"
import { productEvents } from "./productEvents.ts"
import { rebuild } from "./rebuild.ts"
import { bodies } from "./sizes/bodies.ts"
import { long } from "./sizes/long.ts"
import { pending } from "./sizes/pending.ts"
import { sizesTable } from "./sizes/report.ts"
import { rows } from "./sizes/rows.ts"
import { tenants } from "./sizes/tenants.ts"
import { tls } from "./sizes/tls.ts"
import { newHome, removeHome, startSubject, type Subject } from "./Subject.ts"
import { split } from "./split/split.ts"
import { startTarget, type Target } from "./Target.ts"
import { firing, flowAmong } from "./recurring.ts"
import { telemetry } from "./telemetry.ts"
import { accepted, endToEnd, endToEndInBatches } from "./throughput.ts"
import { idleLatency, lateness } from "./timing.ts"

const usage = `usage: pnpm bench [--runs N] [--calls N] [--only NAME,NAME] [--write]
       pnpm bench --only NAME,NAME [--pending N] [--rows N] [--minutes N] [--tenants N]
       pnpm bench --files [--root DIR]

  --runs    how often everything is measured; the table shows the median and the spread (default 3)
  --calls   calls of each throughput measurement (default 20000)
  --only    some of: accepted, end-to-end, batches, latency, lateness, recovery, append, cost, telemetry, log, start, idle,
            lists, rebuild, fairness, product-events, schedules, flows, courier; pending
            and, only when they are named: bodies, tls, tenants, rows, long, split
  --pending calls that wait (default 100000)
  --tenants that calls are spread over (default 1000)
  --rows    of calls that have ended (default 10000000)
  --minutes of load (default 10)
  --write   put the table into docs/benchmarks.md
  --files   measures nothing, but lists the source files that run for one submission and for one due call
  --root    with --files: the workspace whose sources are looked at (default: this one)
`

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "3" },
    calls: { type: "string", default: "20000" },
    only: { type: "string" },
    pending: { type: "string", default: "100000" },
    tenants: { type: "string", default: "1000" },
    rows: { type: "string", default: "10000000" },
    minutes: { type: "string", default: "10" },
    write: { type: "boolean", default: false },
    files: { type: "boolean", default: false },
    root: { type: "string", default: fileURLToPath(new URL("../../..", import.meta.url)) },
    help: { type: "boolean", default: false }
  }
})

type Measurement = (subject: Subject, target: Target, calls: number) => Promise<ReadonlyArray<Figure>>

const measurements: Readonly<Record<string, ReadonlyArray<Measurement>>> = {
  accepted: [(s, t, n) => accepted(s, t, 16, n / 2), (s, t, n) => accepted(s, t, 64, n)],
  "end-to-end": [(s, t, n) => endToEnd(s, t, 16, n / 2), (s, t, n) => endToEnd(s, t, 64, n)],
  batches: [(s, t, n) => endToEndInBatches(s, t, n)],
  latency: [(s, t) => idleLatency(s, t, 200)],
  lateness: [(s, t) => lateness(s, t, 150), (s, t) => lateness(s, t, 10_000)],
  recovery: [(_, t) => recovery(t)],
  append: [(_s, _t, n) => append(64, n / 2)],
  cost: [(_, t, n) => cost(t, n / 2)],
  telemetry: [(_, t, n) => telemetry(t, n / 5)],
  log: [(s, t, n) => log(s, t, n / 2)],
  start: [() => starts()],
  idle: [(s) => idle(s, 30)],
  pending: [(s, t) => pending(s, t, Number(values.pending))],
  lists: [(s) => lists(s, 1_000, 1_000_000)],
  rebuild: [(s) => rebuild(s, 200_000)],
  fairness: [(s) => fairness(s)],
  "product-events": [(s, _, n) => productEvents(s, 5 * n)],
  schedules: [(s, t, n) => firing(s, t, n / 2)],
  flows: [(s, t, n) => flowAmong(s, t, n / 10, 5 * n)],
  courier: [(s, _, n) => eventCost(s, n)],
  bodies: [(_, t, n) => bodies(t, n)],
  tls: [(_, t, n) => tls(t, n)],
  tenants: [(_, t, n) => tenants(t, n, Number(values.tenants))],
  rows: [(_, t, n) => rows(t, n, Number(values.rows))],
  long: [(s) => long(s, Number(values.minutes))],
  split: [(s, t, n) => split(s, t, n / 5)]
}

/** What has a table of its own in the page. All but one take long, or many programs at once. */
const ofSizes: ReadonlySet<string> = new Set(["bodies", "tls", "tenants", "rows", "pending", "long"])
const always = (name: string): boolean => name === "pending" || !(name === "split" || ofSizes.has(name))

/** Every measurement gets a fresh home: none pays for what another left behind. */
const once = async (names: ReadonlyArray<string>, calls: number): Promise<ReadonlyArray<Figure>> => {
  const target = await startTarget()
  const figures: Array<Figure> = []
  for (const measure of names.flatMap((name) => measurements[name] ?? [])) {
    const home = newHome()
    const subject = await startSubject(home)
    await target.reset()
    const found = await measure(subject, target, calls)
    for (const { name, runs, unit } of found) console.error(`  ${name}: ${runs[0]?.toFixed(2)} ${unit}`)
    figures.push(...found)
    await subject.stop("SIGTERM")
    removeHome(home)
  }
  target.stop()
  return figures
}

const main = async () => {
  const names = values.only?.split(",") ?? Object.keys(measurements).filter(always)
  const [runs, calls] = [Number(values.runs), Number(values.calls)]
  const sizes = [values.pending, values.tenants, values.rows, values.minutes].map(Number)
  const unknown = names.filter((name) => !(name in measurements))
  if (
    values.help ||
    unknown.length > 0 ||
    !Number.isInteger(runs) ||
    runs < 1 ||
    !Number.isInteger(calls) ||
    calls < 100 ||
    sizes.some((size) => !(size > 0))
  ) {
    console.error(unknown.length > 0 ? `no such measurement: ${unknown.join(", ")}\n\n${usage}` : usage)
    process.exitCode = values.help ? 0 : 2
    return
  }
  if (values.files) {
    const { dueCall, submission } = await filesRun(values.root)
    console.log(`one submission, socket to 202: ${submission.length} files\n  ${submission.join("\n  ")}`)
    console.log(`one due call, alarm to recorded: ${dueCall.length} files\n  ${dueCall.join("\n  ")}`)
    return
  }
  const load = (loadavg()[0] ?? 0).toFixed(1)
  const all: Array<ReadonlyArray<Figure>> = []
  for (let run = 1; run <= runs; run++) {
    console.error(`run ${run} of ${runs}`)
    all.push(await once(names, calls))
  }
  const size = `${runs} runs of ${calls.toLocaleString("en")} calls; durable (fsync on)`
  const sized = names.every((name) => ofSizes.has(name))
  const report = sized
    ? `${machine()}, load before ${load}, ${size}\n\n${sizesTable(join(all))}`
    : `${machine()}, ${size}\n\n${table(join(all))}`
  console.log(report)
  if (values.write) {
    writeBetweenMarks(new URL("../../../docs/benchmarks.md", import.meta.url), report, sized ? "sizes" : "measured")
  }
}

await main()
