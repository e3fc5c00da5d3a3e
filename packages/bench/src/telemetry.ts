/**
 * What metrics and traces cost a call: three programs, one that counts nothing, one that counts and is scraped, one that makes traces of one
 * request in a hundred as well, which a collector takes. They are measured in turns, in another order each round, so that what else the machine does
 * meets all of them alike; a figure is the median of what the rounds say, each compared with the one that counts nothing in the same round.
 */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { setTimeout as pause } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import type { Figure } from "./Figures.ts"
import { type Load, makeLoad, untilAllEnded } from "./Load.ts"
import { newHome, removeHome, startSubject, type Subject } from "./Subject.ts"
import { type Target, untilArrived } from "./Target.ts"

/** From its sources, of which single modules can be reached. */
const program = fileURLToPath(new URL("../../dueline/src/main.ts", import.meta.url))

const instruments = new URL("../../contracts/src/telemetry/Instruments.ts", import.meta.url).href

/** Nothing is added up any more; that it is asked for stays, and costs a call of an empty function. */
const countNothing = `data:text/javascript,${encodeURIComponent(
  `import { Counter, Histogram, TenantCounter } from ${JSON.stringify(instruments)}
   for (const { prototype } of [Counter, TenantCounter]) prototype.add = () => {}
   Histogram.prototype.observe = () => {}`
)}`

/** Takes whatever comes, as a collector does. */
const startCollector = async () => {
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(200, { "content-type": "application/x-protobuf" }).end())
  })
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() }
}

interface Arm {
  readonly name: string
  readonly scraped: boolean
  readonly home: string
  readonly subject: Subject
  readonly load: Load
  /** µs of the program a call, of each round. */
  readonly costs: Array<number>
}

const arm = async (
  name: string,
  scraped: boolean,
  nodeArguments: ReadonlyArray<string>,
  settings: Readonly<Record<string, string>>
): Promise<Arm> => {
  const home = newHome()
  const subject = await startSubject(home, nodeArguments, settings, program)
  return { name, scraped, home, subject, load: makeLoad(subject, 64), costs: [] }
}

/** What follows from calls behind their backs is done within two seconds; a collector gets its batch within five. */
const settled = () => pause(6_000)

const live = async ({ load, scraped, subject }: Arm, target: Target, calls: number) => {
  await target.reset()
  const from = subject.cpuMicros().program
  await load.submit(calls, (i) => ({ url: `${target.url}/${i}` }))
  await untilArrived(target, calls)
  await untilAllEnded(load)
  if (scraped) await (await fetch(`${subject.address}/metrics`)).text()
  await settled()
  return (subject.cpuMicros().program - from) / calls
}

/** Whether anything was added up: the one that counts nothing must say so itself. */
const counts = async ({ subject }: Arm): Promise<boolean> =>
  /^ops_ingest_accept_total\{[^\n]* [1-9]/mu.test(await (await fetch(`${subject.address}/metrics`)).text())

const rounds = 12

export const telemetry = async (target: Target, calls: number): Promise<ReadonlyArray<Figure>> => {
  const collector = await startCollector()
  const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, DUELINE_TRACE_RATIO: "0.01" }
  const arms = [
    await arm("nothing counted", false, ["--import", countNothing], {}),
    await arm("counted and scraped", true, [], {}),
    await arm("traced at 1 %", true, [], traced)
  ]
  for (const one of arms) {
    await live(one, target, calls)
    if ((await counts(one)) !== one.scraped) throw new Error(`${one.name}: it is not so`)
  }
  for (let round = 0; round < rounds; round++) {
    for (let n = 0; n < arms.length; n++) {
      const one = arms[(n + round) % arms.length]
      if (one !== undefined) one.costs.push(await live(one, target, calls))
    }
  }
  for (const { home, load, subject } of arms) {
    await load.close()
    await subject.stop("SIGTERM")
    removeHome(home)
  }
  collector.close()
  const base = arms[0]?.costs ?? []
  return arms.flatMap(({ costs, name }, n): ReadonlyArray<Figure> => {
    const more = costs.map((cost, round) => 100 * (cost / (base[round] ?? Number.NaN) - 1))
    const figure: Figure = { name: `a call, program, ${name}`, unit: "µs", runs: costs }
    return n === 0 ? [figure] : [figure, { name: `${name}, more`, unit: "%", aim: n === 1 ? "≤ 3" : "≤ 8", runs: more }]
  })
}
