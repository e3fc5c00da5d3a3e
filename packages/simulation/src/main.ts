/** Replays one seed: `node src/main.ts --seed 7 [--steps 1000] [--trace] [--control "watchdog off"]`, or runs many: `--seeds 1..500`. */
import { parseArgs } from "node:util"
import { controls } from "./controls.ts"
import { simulate } from "./simulate.ts"

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string" },
    steps: { type: "string" },
    control: { type: "string" },
    trace: { type: "boolean", default: false }
  }
})

const [first = 1, last = first] = (values.seeds ?? values.seed ?? "1").split("..").map(Number)
const control = values.control === undefined ? undefined : controls[values.control]
const out = (text: string) => void process.stdout.write(`${text}\n`)

if (values.control !== undefined && control === undefined) {
  out(`no control "${values.control}"; there are: ${Object.keys(controls).join(", ")}`)
  process.exitCode = 2
} else {
  let violations = 0
  for (let seed = first; seed <= last; seed++) {
    const report = simulate({
      seed,
      keepTrace: values.trace,
      ...(values.steps === undefined ? {} : { stepLimit: Number(values.steps) }),
      ...control
    })
    for (const line of report.trace) out(line)
    const { calls, hash, requests, steps, violation, virtualMs } = report
    const summary = `seed ${seed}: ${calls} calls, ${requests} requests, ${steps} steps, ${virtualMs} virtual ms, trace ${hash.slice(0, 16)}`
    if (violation !== null || first === last) out(summary)
    if (violation === null) continue
    violations += 1
    out(`  VIOLATED "${violation.invariant}" at ${violation.at} ms: ${violation.detail}`)
  }
  if (first !== last) out(`${last - first + 1} seeds, ${violations} violations`)
  process.exitCode = violations > 0 ? 1 : 0
}
