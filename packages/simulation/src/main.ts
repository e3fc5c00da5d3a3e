/**
 * Replays one seed, `--seed 7`, or runs many, `--seeds 1..500`. `--trace` prints every step, `--steps N` stops after N of them,
 * `--control "watchdog off"` switches a mechanism off, `--controls` tells in which world each of them shows, `--die-at K` tries one death at
 * the K-th crossing of a short world.
 */
import { parseArgs } from "node:util"
import { controls, patience } from "./controls.ts"
import { oneDeath } from "./Faults.ts"
import { simulate } from "./simulate.ts"

const help = `usage: pnpm sim [--seed N | --seeds A..B] [options]

  --seed N          replays one seed (default 1)
  --seeds A..B      runs many and prints those that break an invariant
  --trace           prints every step
  --steps N         stops after N steps
  --control NAME    switches a mechanism off: ${Object.keys(controls).join(", ")}
  --controls        how many worlds are run for each control, from its first on; when many are, another first world makes npm test shorter
  --die-at K        one death at the K-th crossing of a short world
  --help            this text
`

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string" },
    "die-at": { type: "string" },
    steps: { type: "string" },
    control: { type: "string" },
    controls: { type: "boolean", default: false },
    trace: { type: "boolean", default: false },
    help: { type: "boolean", default: false }
  }
})

const [first = 1, last = first] = (values.seeds ?? values.seed ?? "1").split("..").map(Number)
const control = values.control === undefined ? undefined : controls[values.control]
const out = (text: string) => void process.stdout.write(`${text}\n`)

if (values.help) {
  out(help)
} else if (values.control !== undefined && control === undefined) {
  out(`no control "${values.control}"; there are: ${Object.keys(controls).join(", ")}`)
  process.exitCode = 2
} else if (values.controls) {
  for (const [name, control] of Object.entries(controls)) {
    const last = control.from + patience - 1
    let seed = control.from
    while (seed <= last && simulate({ ...control, seed, keepTrace: false }).violation === null) seed += 1
    const found = seed > last ? "not missed" : `missed in world ${seed}`
    out(`${String(Math.min(seed, last) - control.from + 1).padStart(4)} worlds from ${control.from}, ${found}: ${name}`)
  }
} else {
  let violations = 0
  for (let seed = first; seed <= last; seed++) {
    const report = simulate({
      seed,
      keepTrace: values.trace,
      ...(values.steps === undefined ? {} : { stepLimit: Number(values.steps) }),
      ...control,
      ...(values["die-at"] === undefined ? {} : { ...oneDeath, dieAtCrossing: Number(values["die-at"]) })
    })
    for (const line of report.trace) out(line)
    const { calls, hash, requests, steps, violation, virtualMs } = report
    const size = `${calls} calls, ${requests} requests, ${steps} steps, ${virtualMs} virtual ms`
    if (violation !== null || first === last) out(`seed ${seed}: ${size}, trace ${hash.slice(0, 16)}`)
    if (violation === null) continue
    violations += 1
    out(`  VIOLATED "${violation.invariant}" at ${violation.at} ms: ${violation.detail}`)
  }
  if (first !== last) out(`${last - first + 1} seeds, ${violations} violations`)
  process.exitCode = violations > 0 ? 1 : 0
}
