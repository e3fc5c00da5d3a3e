/** `pnpm bench:peers`: the same work given to Dueline and to the systems a user would take instead, in turns, on this machine. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { startTarget } from "../src/Target.ts"
import { machine, versions } from "./machine.ts"
import { hold, releaseAll, releaseOnSignal } from "./held.ts"
import { busyStarts, duplicates, keep, type Kept, throughput, timing } from "./report.ts"
import { type Options, options as parse, usage } from "./options.ts"
import { measureInTurns } from "./round.ts"
import type { System } from "./System.ts"
import { systemsFor } from "./roster.ts"

const started = performance.now()
const say = (text: string) =>
  console.error(`${((performance.now() - started) / 1_000).toFixed(0).padStart(5)} s  ${text}`)

const chosen = ({ concurrency, only }: Options): ReadonlyArray<System> => {
  const all = systemsFor(concurrency)
  const stranger = only.find((name) => !all.some((system) => system.name === name))
  if (stranger !== undefined)
    throw new Error(`no system ${stranger}; there are ${all.map(({ name }) => name).join(", ")}`)
  return all.filter(({ name }) => only.length === 0 || only.includes(name))
}

const reportOf = ({ date, machine, options, outcomes, versions }: Kept, systems: ReadonlyArray<System>): string => {
  const { calls, concurrency, rounds, samples } = options
  const size = `${rounds} ${rounds === 1 ? "round" : "rounds"}, all systems up, by turns; median (least – most)`
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return [
    `${machine}, ${date.slice(0, 10)}, ${size}. ${named.join(", ")}.`,
    ...throughput(outcomes, systems, concurrency, calls),
    ...(concurrency === 16 ? [] : throughput(outcomes, systems, 16, calls)),
    ...timing(outcomes, systems, samples),
    systems.map(({ label, note }) => `- ${label}: ${note}.`).join("\n"),
    ...busyStarts(outcomes),
    ...duplicates(outcomes)
  ].join("\n\n")
}

const present = async (options: Options): Promise<ReadonlyArray<System>> => {
  const systems: Array<System> = []
  for (const system of chosen(options)) {
    const reason = await system.missing()
    if (reason === undefined) systems.push(system)
    else say(`SKIPPED ${system.name} (${system.label}): ${reason}`)
  }
  return systems
}

const run = async (options: Options): Promise<void> => {
  const systems = await present(options)
  const target = await startTarget()
  hold(async () => target.stop())
  const outcomes = await measureInTurns(systems, target, options, say)
  const date = new Date().toISOString()
  const kept = { date, machine: machine(), versions: await versions(), options, outcomes }
  const report = reportOf(kept, systems)
  console.log(report)
  if (options.write) keep(kept, report)
  if (outcomes.some(({ failed }) => failed !== undefined)) process.exitCode = 1
}

const main = async (): Promise<void> => {
  const options = parse(process.argv.slice(2))
  if (options.help) return console.log(usage)
  if (!existsSync(join(import.meta.dirname, "node_modules")))
    throw new Error("the peers are not installed: pnpm --dir packages/bench/peers install")
  releaseOnSignal()
  try {
    await run(options)
  } finally {
    await releaseAll()
  }
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
})
