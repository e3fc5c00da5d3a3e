/** The program as those see it who watch it: a real Prometheus reads it, and its dashboard and alerts find what they ask for. */
import { notTested, ServerMissing } from "@dueline/test-servers/notTested"
import type { RunningServer } from "@dueline/test-servers/ServerProcess"
import { temporaryDirectory } from "@dueline/test-servers/sharedServers"
import { startPrometheus } from "@dueline/test-servers/startPrometheus"
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { newHome, removeHome, runCommand, type RunningProgram, startProgram } from "./RunningProgram.ts"
import { eventually } from "./SplitInstallation.ts"
import { startTarget, type Target } from "./Target.ts"

const written = join(import.meta.dirname, "..", "..", "..", "docs", "telemetry")
const metricsToken = "who-watches-the-watchers"

let home: string
let program: RunningProgram
let target: Target
let token: string

beforeAll(async () => {
  home = await newHome()
  target = await startTarget((_, response) => void response.writeHead(200).end("ok"))
  program = await startProgram(home, { DUELINE_METRICS_TOKEN: metricsToken, DUELINE_FSYNC: "off" })
  token = (await runCommand(home, ["token"])).stdout.trim()
})

afterAll(async () => {
  await program.stop("SIGTERM")
  await target.close()
  await removeHome(home)
})

const submitAndWait = async (path: string, headers: Record<string, string> = {}) => {
  const response = await fetch(`${program.address}/v1/service-calls`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", prefer: "wait=20", ...headers },
    body: JSON.stringify({ delay: 0, request: { method: "POST", url: `${target.url}${path}` } })
  })
  return (await response.json()) as { readonly id: string; readonly status: string }
}

interface Asked {
  readonly data: { readonly result: ReadonlyArray<unknown> }
}

interface Dashboard {
  readonly panels: ReadonlyArray<{
    readonly title: string
    readonly targets?: ReadonlyArray<{ readonly expr: string }>
  }>
}

const prometheus = async (): Promise<RunningServer | null> => {
  try {
    return await startPrometheus({
      directory: await temporaryDirectory(),
      target: new URL(program.address).host,
      token: metricsToken,
      rules: join(written, "alerts.json")
    })
  } catch (cause) {
    if (!(cause instanceof ServerMissing)) throw cause
    notTested("the dashboard on a real Prometheus", cause.message)
    return null
  }
}

describe("metrics of a running program", { tags: ["ADR-0009.2", "ADR-0009.3"] }, () => {
  it("are shown to whoever has the token, and to nobody else", async () => {
    const refused = await fetch(`${program.address}/metrics`)
    assert.strictEqual(refused.status, 401)
    assert.include(await refused.text(), "DUELINE_METRICS_TOKEN")
    const shown = await fetch(`${program.address}/metrics`, { headers: { authorization: `Bearer ${metricsToken}` } })
    assert.strictEqual(shown.status, 200)
    assert.notInclude(program.output(), metricsToken)
  })

  it("a real Prometheus reads them, each panel of the dashboard finds a series, and no alert fires", async () => {
    const server = await prometheus()
    if (server === null) return
    const ask = async (expr: string) => {
      const response = await fetch(`${server.url}/api/v1/query?query=${encodeURIComponent(expr)}`)
      return ((await response.json()) as Asked).data.result
    }
    assert.strictEqual((await submitAndWait("/counted")).status, "Succeeded")
    await eventually(async () => (await ask('sum(increase(dueline_attempts_total{result="2xx"}[1m]))')).length > 0)
    const { panels } = JSON.parse(readFileSync(join(written, "dashboard.json"), "utf8")) as Dashboard
    const queries = panels.flatMap(({ targets = [], title }) => targets.map(({ expr }) => ({ expr, title })))
    assert.isAbove(queries.length, 30)
    const empty: Array<string> = []
    for (const { expr, title } of queries) {
      if ((await ask(expr.replaceAll("$__rate_interval", "1m"))).length === 0) empty.push(`${title}: ${expr}`)
    }
    assert.deepStrictEqual(empty, [])
    assert.deepStrictEqual(await ask("ALERTS"), [])
    await server.stop()
  })
})
