/**
 * `pnpm bench:micro`: where the processor time of a call, a courier's event or a product event goes in the program, stage by stage, beside what
 * each stage may take of a call. The main thread is sampled while they run end to end; a sample belongs to the innermost source that has a
 * stage, so what libraries do counts for their caller. What the sessions of the database took stands below, by the role they have.
 */
import { parseArgs } from "node:util"
import { inspector } from "./inspector.ts"
import { isWork, works } from "./microWork.ts"
import { timeByTitle } from "./ProcessTime.ts"
import { evaluate, type Profile, rest, type Stage } from "./profile.ts"
import { newHome, removeHome, startSubject } from "./Subject.ts"
import { startTarget } from "./Target.ts"

const usage = `usage: pnpm bench:micro [--of WORK] [--calls N] [--clients N] [--most N]

  --of       what is measured: calls (default), courier-events (taken in and carried out), product-events (in batches of 50)
  --calls    calls or events that are sampled (default 8000)
  --clients  that send them, each waiting for its answer (default 64)
  --most     functions that are listed with what they take themselves (default 0)
`

interface BudgetedStage extends Stage {
  /** Microseconds a call may take here, on a quiet machine of the kind that docs/benchmarks.md names. */
  readonly budget: number
}

const stages: ReadonlyArray<BudgetedStage> = [
  { name: "edge", where: /packages\/(?:api|identity)\/|node:_http_(?:server|incoming|common)/u, budget: 60 },
  { name: "writer and decisions", where: /packages\/orchestration\//u, budget: 30 },
  { name: "encoding", where: /packages\/postgres\/src\/(?:write|schema)\//u, budget: 15 },
  { name: "driver", where: /packages\/postgres\/|\/sql-pg\/|effect\/\S*\/sql\//u, budget: 20 },
  { name: "timer, executor and HTTP out", where: /packages\/(?:timer|execution)\/|\/undici\//u, budget: 70 },
  { name: "collection", where: /^\(garbage collector\)$/u, budget: 25 }
]
const helpers = "helper threads"

const measure = async (of: keyof typeof works, count: number, clients: number) => {
  const target = await startTarget()
  const home = newHome()
  const subject = await startSubject(home, ["--inspect=127.0.0.1:0"])
  if (subject.inspectAt === null) throw new Error("the program did not say where it can be inspected")
  const node = await inspector(subject.inspectAt)
  const work = await works[of](subject, target, clients)
  await work.run(Math.min(count, work.warmUp))
  await node.ask("Profiler.enable")
  await node.ask("Profiler.setSamplingInterval", { interval: 250 })
  const before = subject.cpuMicros()
  const sessionsBefore = timeByTitle(subject.postmaster)
  await node.ask("Profiler.start")
  await work.run(count)
  const { profile } = await node.ask<{ readonly profile: Profile }>("Profiler.stop")
  const after = subject.cpuMicros()
  const sessions = [...timeByTitle(subject.postmaster)].map(
    ([title, micros]) => [title, micros - (sessionsBefore.get(title) ?? 0)] as const
  )
  node.close()
  await work.close()
  await subject.stop("SIGTERM")
  target.stop()
  removeHome(home)
  const [program, database] = [after.program - before.program, after.database - before.database]
  return { program, database, sessions, ...evaluate(profile, stages) }
}

const line = (name: string, micros: number, budget: string) =>
  `${name.padEnd(30)} ${micros.toFixed(0).padStart(6)} µs ${budget.padStart(8)}`

const main = async () => {
  const { values } = parseArgs({
    options: {
      of: { type: "string", default: "calls" },
      calls: { type: "string", default: "8000" },
      clients: { type: "string", default: "64" },
      most: { type: "string", default: "0" },
      help: { type: "boolean", default: false }
    }
  })
  const [calls, clients, most] = [Number(values.calls), Number(values.clients), Number(values.most)]
  const wrong = [calls, clients].some((number) => !Number.isInteger(number) || number < 1) || !Number.isInteger(most)
  const { of } = values
  if (values.help || wrong || !isWork(of)) {
    console.error(usage)
    process.exitCode = values.help ? 0 : 2
    return
  }
  const { busy, bySelf, byStage, database, program, sessions } = await measure(of, calls, clients)
  console.log(
    `${calls.toLocaleString("en")} ${of.replace("-", " ")} end to end, ${clients} clients; processor time of each in the program`
  )
  console.log(line("stage", 0, "budget").replace(/ +0 µs/u, "         "))
  for (const { budget, name } of stages) console.log(line(name, (byStage.get(name) ?? 0) / calls, String(budget)))
  console.log(line(rest, (byStage.get(rest) ?? 0) / calls, ""))
  console.log(line(helpers, Math.max(0, program - busy) / calls, ""))
  console.log(line("all", program / calls, String(stages.reduce((sum, { budget }) => sum + budget, 0))))
  console.log(line("database", database / calls, ""))
  for (const [title, micros] of sessions.toSorted(([, a], [, b]) => b - a))
    if (micros / calls >= 1) console.log(line(`  ${title}`, micros / calls, ""))
  for (const [name, micros] of [...bySelf].toSorted(([, a], [, b]) => b - a).slice(0, most))
    console.log(`${(micros / calls).toFixed(1).padStart(8)} µs  ${name}`)
}

await main()
