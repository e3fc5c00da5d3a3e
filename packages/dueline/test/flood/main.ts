/** `pnpm console:flood`: the list of calls under so many updates a second, and what that costs a browser, minute by minute. */
import { programFile } from "@dueline/test-servers/programFile"
import { dirname, join } from "node:path"
import { setInterval, setTimeout as sleep } from "node:timers/promises"
import { parseArgs } from "node:util"
import { startBrowser } from "../Browser.ts"
import { type Costs, costsOf } from "./BrowserCosts.ts"
import { startFloodedEdge } from "./FloodedEdge.ts"

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    rate: { type: "string", default: "1000" }
  }
})
const [minutes, rate] = [Number(values.minutes), Number(values.rate)]
if (!(minutes > 0 && rate > 0)) {
  process.stderr.write("usage: pnpm console:flood [--minutes 10] [--rate 1000]\n")
  process.exit(2)
}

/** Of a core, rows that are kept, and bytes that the heap may grow by. */
const bounds = { core: 0.4, rows: 1_000, heapGrowth: 2 * 1024 * 1024 }

const out = (text: string) => void process.stdout.write(`${text}\n`)
const percent = (part: number) => `${(part * 100).toFixed(1)} %`.padStart(7)

const edge = await startFloodedEdge(join(dirname(programFile), "console"))
const browser = await startBrowser()
const page = await browser.newPage({ viewport: { width: 1_360, height: 800 } })
await page.goto(`${edge.address}/console/calls`)
await page.getByText("Live", { exact: true }).waitFor()
const costs = await costsOf(browser, page)

const stopped = new AbortController()
const flood = async () => {
  const from = performance.now()
  const before = edge.updates()
  for await (const _ of setInterval(20, null, { signal: stopped.signal }))
    edge.update(Math.floor(((performance.now() - from) / 1_000) * rate) - (edge.updates() - before))
}
const flooding = flood().catch(() => undefined)

// What is paid once, and until the list is full, is no part of what goes on.
await sleep(10_000)

out("minute  updates  main thread   script   layout  page's process  all processes  heap MB   nodes  rows  reads")
const took: Array<{ seconds: number; costs: Costs; from: Costs; rows: number }> = []
const steps = Math.max(1, Math.ceil(minutes))
for (let step = 0; step < steps; step++) {
  const [from, since, updates, reads] = [await costs(), performance.now(), edge.updates(), edge.reads()]
  await sleep((minutes / steps) * 60_000)
  const to = await costs()
  const seconds = (performance.now() - since) / 1_000
  const shown = await page.locator("footer.foot").innerText()
  const rows = Number(/(\d+) shown/u.exec(shown)?.[1] ?? "0")
  took.push({ seconds, costs: to, from, rows })
  const share = (of: keyof Costs) => percent((to[of] - from[of]) / seconds)
  out(
    `${String(step + 1).padStart(6)}  ${String(edge.updates() - updates).padStart(7)}      ${share("mainThread")}  ${share("script")}  ${share("layout")}         ${share("renderer")}        ${share("all")}  ` +
      `${(to.heap / 1_048_576).toFixed(1).padStart(7)}  ${String(to.nodes).padStart(6)}  ${String(rows).padStart(4)}  ${String(edge.reads() - reads).padStart(5)}`
  )
}
stopped.abort()
await flooding

const seconds = took.reduce((sum, one) => sum + one.seconds, 0)
const used = took.reduce((sum, one) => sum + one.costs.mainThread - one.from.mainThread, 0) / seconds
const usedByAll = took.reduce((sum, one) => sum + one.costs.all - one.from.all, 0) / seconds
const growth = (took.at(-1)?.costs.heap ?? 0) - (took[0]?.costs.heap ?? 0)
const rows = Math.max(...took.map((one) => one.rows))
const sound = used <= bounds.core && growth <= bounds.heapGrowth && rows <= bounds.rows
out(
  `${sound ? "within" : "BEYOND"} the bounds: main thread ${percent(used).trim()} of a core (40), browser ${percent(usedByAll).trim()}, heap grew by ${(growth / 1_048_576).toFixed(1)} MB (2), ${rows} rows kept (1,000)`
)
await browser.close()
await edge.close()
process.exitCode = sound ? 0 : 1
