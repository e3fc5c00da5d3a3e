/** Shows or writes the description of what the program counts: `pnpm telemetry [--write]`. Exit code 1 when the files differ. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { parseArgs } from "node:util"
import type { Declared } from "../../packages/contracts/src/telemetry/Instruments.ts"
import { makeMetrics } from "../../packages/contracts/src/telemetry/Metrics.ts"
import { type Alert, alerts, rules } from "./alerts.ts"
import { dashboard } from "./dashboard.ts"

const introduction = `# Telemetry

Written by \`pnpm telemetry --write\` from \`packages/contracts/src/telemetry/Metrics\`; a test compares. Reasons: [ADR-0009](../decisions/ADR-0009-observability.md).

## Metrics

\`GET /metrics\` on every process, in the text form of Prometheus: what the roles of the process count. On \`PORT\` it answers this machine, and others with \`DUELINE_METRICS_TOKEN\`; \`DUELINE_METRICS_PORT\` gives it a port of
its own.

\`\`\`yaml
scrape_configs:
  - job_name: dueline
    authorization: { credentials_file: /etc/prometheus/dueline.token }
    static_configs: [{ targets: ["127.0.0.1:8080"] }]
\`\`\`

The label \`tenant\` has the fifty busiest and \`__other__\`; places change hands once a minute at most. Sum rates over it, not totals.

| Metric | Labels | Roles | What it is |
| --- | --- | --- | --- |
`

const row = ({ help, kind, labels = [], name, ofTenants, roles }: Declared): string => {
  const all = [...labels, ...(ofTenants ? ["tenant"] : [])].join(", ")
  return `| \`${name}\` (${kind}) | ${all} | ${roles === undefined ? "all" : roles.join(", ")} | ${help} |`
}

const traces = `
## Traces

\`OTEL_EXPORTER_OTLP_ENDPOINT\` names a collector for traces and for the metrics above; without it no trace is made. \`DUELINE_TRACE_RATIO\` is the share of requests that are sampled. A caller's \`traceparent\` is continued; its
sampling flag is ignored. Targets get the \`traceparent\` of their attempt, unless the call has a header of that name; messages on NATS have it as a header.

| Span | Kind | What it lasts |
| --- | --- | --- |
| \`POST /v1/service-calls\` and so on | server | a request, to the end of its answer |
| \`command SubmitServiceCall\` and so on | internal | from the writer's queue to the durable answer |
| \`POST\` and so on | client | an attempt, from its place to its result; ten minutes after the submission in a trace of its own, with a link |
| \`send TOPIC\` | producer | a publication |
| \`process TOPIC\` | consumer | the handling of a message |

They have ids (\`dueline.tenant.id\`, \`dueline.call.id\`, \`dueline.correlation.id\`), statuses, routes and the target's host; no path, query, header or body. A collector that does not answer
2xx gets nothing for a minute; \`dueline_telemetry_dropped_total\` counts what it missed.
`

const alarms = `
## Dashboard and alerts

[dashboard.json](telemetry/dashboard.json) for Grafana, [alerts.json](telemetry/alerts.json) for \`rule_files\` of Prometheus, which names the job \`dueline\`. \`page\`: now; \`ticket\`: today.

| Alert | When | What to do |
| --- | --- | --- |
`

const alertRow = ({ advice, expr, for: during, name, runbook, severity, summary }: Alert): string =>
  `| ${name} (${severity}) | ${summary} \`${expr}\` for ${during} | ${advice} [Runbook](runbook.md#${runbook}) |`

const page = (): string =>
  [
    introduction,
    makeMetrics().instruments.declared.map(row).join("\n"),
    "\n",
    alarms,
    alerts.map(alertRow).join("\n"),
    "\n",
    traces
  ].join("")

const pretty = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/** Contents by path below `docs/`. */
const pages = (): ReadonlyMap<string, string> =>
  new Map([
    ["telemetry.md", page()],
    ["telemetry/alerts.json", pretty(rules())],
    ["telemetry/dashboard.json", pretty(dashboard())]
  ])

const help = `usage: pnpm telemetry [--write]

Compares docs/telemetry.md and docs/telemetry/ with the code and names the files that differ.

  --write   writes them
  --help    this text
`
const docs = join(import.meta.dirname, "..", "..", "docs")

const read = (path: string): string | null => {
  try {
    return readFileSync(join(docs, path), "utf8")
  } catch {
    return null
  }
}

/** Files below `docs/` that are missing or different. */
export const staleTelemetryPages = (): ReadonlyArray<string> =>
  [...pages()].filter(([path, text]) => read(path) !== text).map(([path]) => path)

const main = (): number => {
  const { values } = parseArgs({ options: { write: { type: "boolean" }, help: { type: "boolean" } } })
  if (values.help === true) {
    console.log(help)
    return 0
  }
  const stale = staleTelemetryPages()
  for (const path of stale) {
    console.log(`${values.write === true ? "written" : "out of date"}: docs/${path}`)
    if (values.write !== true) continue
    mkdirSync(dirname(join(docs, path)), { recursive: true })
    writeFileSync(join(docs, path), pages().get(path) ?? "")
  }
  return values.write === true || stale.length === 0 ? 0 : 1
}

if (import.meta.main) process.exitCode = main()
