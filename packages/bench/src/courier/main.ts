/** `pnpm load`: signed couriers' events against the program, with repeats, faults and checks; exit code 1 when a check finds something. */
import { writeFileSync } from "node:fs"
import { cpus, loadavg } from "node:os"
import { parseArgs } from "node:util"
import { machine, writeBetweenMarks } from "../page.ts"
import type { Phase } from "./Evidence.ts"
import { judge } from "./judge.ts"
import { prove } from "./proof.ts"
import { plots, tables } from "./report.ts"

const usage = `usage: pnpm load [--rate N] [--burst N] [--concurrency N] [--duplicates SHARE] [--seconds N] [--seed N]
       [--p95 MS] [--only PHASE,PHASE] [--write]

Starts the program with a home of its own and sends it signed events of a courier that repeats, reorders and lies about time; in the
recovery phase the database crashes and the program is killed. Then checks what is there. Exit code 1 when something is wrong.

  --rate         requests a second, steady and in recovery (default 50)
  --burst        requests a second of the burst, in volleys of --concurrency (default 200)
  --concurrency  requests under way at once (default 100)
  --duplicates   share of requests that send an event again, 0 to 0.9 (default 0.2)
  --seconds      of each phase, 3 to 3600 (default 30)
  --seed         the same seed plans the same requests (default: drawn and printed)
  --p95          bound of the acknowledgements' 95th percentile, steady and burst, in milliseconds (default 200)
  --only         some of: steady, burst, recovery, fast (default: all)
  --write        put tables and plots into docs/load-test-proof.md
`

const allPhases: ReadonlyArray<Phase> = ["steady", "burst", "recovery", "fast"]
const isPhase = (name: string): name is Phase => (allPhases as ReadonlyArray<string>).includes(name)

const options = {
  rate: { type: "string", default: "50" },
  burst: { type: "string", default: "200" },
  concurrency: { type: "string", default: "100" },
  duplicates: { type: "string", default: "0.2" },
  seconds: { type: "string", default: "30" },
  seed: { type: "string" },
  p95: { type: "string", default: "200" },
  only: { type: "string", default: allPhases.join(",") },
  write: { type: "boolean", default: false },
  help: { type: "boolean", default: false }
} as const

const read = (args: ReadonlyArray<string>) => {
  const { values } = parseArgs({ args: [...args], options })
  const number = (
    name: "rate" | "burst" | "concurrency" | "duplicates" | "seconds" | "p95",
    least: number,
    most: number
  ) => {
    const value = Number(values[name])
    if (!(value >= least && value <= most)) throw new Error(`--${name} is a number from ${least} to ${most}`)
    return value
  }
  const phases = values.only.split(",")
  const unknown = phases.filter((name) => !isPhase(name))
  if (unknown.length > 0) throw new Error(`no such phase: ${unknown.join(", ")}`)
  const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed)
  if (!Number.isInteger(seed) || seed < 0) throw new Error("--seed is a whole number")
  return {
    rate: number("rate", 1, 2_000),
    burst: number("burst", 1, 10_000),
    concurrency: Math.round(number("concurrency", 1, 500)),
    duplicates: number("duplicates", 0, 0.9),
    seconds: number("seconds", 3, 3_600),
    p95Ms: number("p95", 1, 60_000),
    phases: phases.filter(isPhase),
    seed,
    write: values.write,
    help: values.help
  }
}

const page = (name: string) => new URL(`../../../../docs/${name}`, import.meta.url)

const main = async (): Promise<number> => {
  const from = performance.now()
  const say = (line: string) =>
    console.error(`${((performance.now() - from) / 1_000).toFixed(1).padStart(6)} s  ${line}`)
  const wish = read(process.argv.slice(2))
  if (wish.help) {
    console.log(usage)
    return 0
  }
  const { burst, concurrency, duplicates, p95Ms, rate, seconds, seed } = wish
  const command = `pnpm load --rate ${rate} --burst ${burst} --concurrency ${concurrency} --duplicates ${duplicates} --seconds ${seconds} --seed ${seed} --p95 ${p95Ms}`
  say(command)
  const busy = loadavg()[0] ?? 0
  const run = await prove({ ...wish, say })
  const verdicts = judge(run.evidence, { p95Ms })
  for (const { findings, sentence } of verdicts)
    for (const finding of findings.slice(0, 10)) console.error(`FOUND "${sentence}": ${finding}`)
  const load = `load average before the run ${busy.toFixed(1)} on ${cpus().length} processors`
  const report = `${machine()}; ${load}; durable (fsync on)\n\n\`${command}\`\n\n${tables(run, verdicts)}`
  console.log(report)
  if (wish.write) {
    writeBetweenMarks(page("load-test-proof.md"), report)
    for (const [name, svg] of Object.entries(plots(run))) writeFileSync(page(name), svg)
  }
  return verdicts.every(({ findings }) => findings.length === 0) ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
  process.exitCode = 2
}
