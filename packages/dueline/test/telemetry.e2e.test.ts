/** The program as those see it who watch it: a real Prometheus reads it, and its dashboard and alerts find what they ask for. */
import { notTested, ServerMissing } from "@dueline/test-servers/notTested"
import type { RunningServer } from "@dueline/test-servers/ServerProcess"
import { temporaryDirectory } from "@dueline/test-servers/sharedServers"
import { startPrometheus } from "@dueline/test-servers/startPrometheus"
import { assert, describe, it } from "@effect/vitest"
import { randomBytes } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { homeWithDatabase, printed, removeHome, type RunningProgram, startProgram } from "./RunningProgram.ts"
import { attributeOf, type Collector, rootsOf, startCollector } from "./Collector.ts"
import { eventually } from "./SplitInstallation.ts"
import { startTarget, type Target } from "./Target.ts"

const written = join(import.meta.dirname, "..", "..", "..", "docs", "telemetry")
const metricsToken = "who-watches-the-watchers"

let collector: Collector
let home: string
let program: RunningProgram
let target: Target
let token: string

beforeAll(async () => {
  home = await homeWithDatabase()
  target = await startTarget((_, response) => void response.writeHead(200).end("ok"))
  collector = await startCollector()
  program = await startProgram(home, {
    DUELINE_METRICS_TOKEN: metricsToken,
    DUELINE_FSYNC: "off",
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    DUELINE_TRACE_RATIO: "1",
    LOG_LEVEL: "info,api=debug,orchestrator=debug,executor=debug,bus=debug"
  })
  token = await printed(home, ["token"])
})

afterAll(async () => {
  await program.stop("SIGTERM")
  await collector.close()
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

const customerId = "00000000-0000-8000-8000-0000000000c1"
const binId = "00000000-0000-8000-8000-0000000000b1"
const window = { from: "2027-02-02T08:00:00Z", to: "2027-02-02T10:00:00Z" }

/** A message that a process takes from the bus follows. What nobody takes is no message: `Hearing`. */
const drop = async (headers: Record<string, string>) => {
  const response = await fetch(`${program.address}/ops/ingest/dropbin`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
    body: JSON.stringify({ payload: { customerId, binId, kind: "pickup", window, items: [] } })
  })
  assert.strictEqual(response.status, 202, await response.text())
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

/** Of a stranger who wants to be seen, or not to be. */
const stranger = (flags: string) => {
  const traceId = randomBytes(16).toString("hex")
  return { traceId, traceparent: `00-${traceId}-${randomBytes(8).toString("hex")}-${flags}` }
}

const spansOf = (traceId: string) => collector.spans.filter((span) => span.traceId === traceId)

describe("lines of the log", { tags: ["ADR-0009.7"] }, () => {
  it("of a whole life, request, command, attempt and message, each name the part, the tenant, the cause and the trace", async () => {
    const { traceId, traceparent } = stranger("01")
    const { id } = await submitAndWait("/told", { traceparent, "x-correlation-id": "told1" })
    const told = () =>
      program
        .output()
        .split("\n")
        .flatMap(
          (line): ReadonlyArray<Readonly<Record<string, unknown>>> => (line.startsWith("{") ? [JSON.parse(line)] : [])
        )
        .filter((line) => line["traceId"] === traceId)
    await drop({ traceparent, "x-correlation-id": "told1" })
    await eventually(() => told().some(({ msg }) => msg === "message handled"))
    const lines = told()
    const tenants = new Set(lines.map((line) => line["tenantId"]))
    assert.lengthOf([...tenants], 1)
    assert.match(String([...tenants][0]), /^[0-9a-f-]{36}$/u)
    assert.includeMembers(
      [...new Set(lines.map(({ command, module, msg }) => [module, msg, command].join(" ").trim()))],
      [
        "api request handled",
        "orchestrator command decided SubmitServiceCall",
        "executor attempt made",
        "orchestrator command decided RecordSuccess",
        "bus message handled"
      ]
    )
    for (const line of lines) assert.strictEqual(line["correlationId"], "told1")
    const ofCall = ["SubmitServiceCall", "RecordSuccess", undefined]
    for (const { command, msg, serviceCallId } of lines)
      if (/^(?:command|attempt)/u.test(String(msg)) && ofCall.includes(command as string | undefined))
        assert.strictEqual(serviceCallId, id)
  })
})

describe("the trace of a call", { tags: ["ADR-0009.4"] }, () => {
  it("is one tree from the request to the result, and the target gets its place in it", async () => {
    const { traceId, traceparent } = stranger("00")
    const answer = await submitAndWait("/traced?token=secret-in-the-query", { traceparent })
    assert.strictEqual(answer.status, "Succeeded")
    await eventually(() => spansOf(traceId).length >= 4)
    const spans = spansOf(traceId)
    assert.deepStrictEqual([...spans.map(({ name }) => name)].sort(), [
      "POST",
      "POST /v1/service-calls",
      "command RecordSuccess",
      "command SubmitServiceCall"
    ])
    const [root, ...others] = rootsOf(spans)
    assert.isEmpty(others)
    assert.strictEqual(root?.name, "POST /v1/service-calls")
    assert.strictEqual(root?.parentSpanId, traceparent.slice(36, 52))
    const attempt = spans.find(({ name }) => name === "POST")
    const arrived = target.seen.find(({ path }) => path.startsWith("/traced"))
    assert.strictEqual(arrived?.headers["traceparent"], `00-${traceId}-${attempt?.spanId}-01`)
    assert.strictEqual(attempt === undefined ? null : attributeOf(attempt, "dueline.call.id"), answer.id)
  })

  it("of a message goes on from the request to whoever takes it", async () => {
    const { traceId, traceparent } = stranger("01")
    await drop({ traceparent })
    const taken = "process ops.ingestion.received"
    await eventually(() => spansOf(traceId).some(({ name }) => name === taken))
    const spans = spansOf(traceId)
    const parentOf = (name: string) => {
      const span = spans.find((each) => each.name === name)
      return spans.find(({ spanId }) => spanId === span?.parentSpanId)?.name
    }
    assert.strictEqual(parentOf(taken), "send ops.ingestion.received")
    assert.lengthOf(rootsOf(spans), 1)
    assert.strictEqual(rootsOf(spans)[0]?.name, "POST /ops/ingest/dropbin")
  })

  it("has no secret in it: neither address, header nor token", async () => {
    const { traceId, traceparent } = stranger("01")
    await submitAndWait("/secret-in-the-path", { traceparent, "x-api-key": "secret-in-a-header" })
    await eventually(() => spansOf(traceId).length >= 4)
    for (const secret of ["secret-in-the-query", "secret-in-the-path", "secret-in-a-header", token])
      assert.notInclude(collector.text(), secret)
  })

  it("metrics come over OTLP too, under the names of /metrics", async () => {
    await eventually(() => collector.metrics.has("ops_ingest_accept_total"))
    assert.include([...collector.metrics], "dueline_attempt_lateness_seconds")
  })

  it("costs nothing but itself when the collector does not answer: calls are made, what was dropped is counted, the stop is quick", async () => {
    collector.behave("never answers")
    const before = collector.requests()
    for (let n = 0; n < 20; n += 1) assert.strictEqual((await submitAndWait(`/unseen-${n}`)).status, "Succeeded")
    const dropped = async () => {
      const shown = await fetch(`${program.address}/metrics`, { headers: { authorization: `Bearer ${metricsToken}` } })
      return Number(/^dueline_telemetry_dropped_total\{signal="traces"\} (\d+)$/mu.exec(await shown.text())?.[1] ?? 0)
    }
    await eventually(async () => (await dropped()) >= 50)
    assert.isAtMost(collector.requests() - before, 4)
    const from = performance.now()
    assert.strictEqual(await program.stop("SIGTERM"), 0, program.output())
    assert.isBelow(performance.now() - from, 6_000)
  })
})
