/** A dashboard for Grafana, as data: a row for each part of a call's way, and for each panel what it asks Prometheus. */

interface Panel {
  readonly title: string
  readonly unit: "s" | "ms" | "reqps" | "ops" | "short" | "percentunit" | "bytes"
  /** Queries by what their lines are called. */
  readonly queries: Readonly<Record<string, string>>
}

const quantiles = (name: string): Panel["queries"] => ({
  p50: `histogram_quantile(0.5, sum by (le) (rate(${name}_bucket[$__rate_interval])))`,
  p99: `histogram_quantile(0.99, sum by (le) (rate(${name}_bucket[$__rate_interval])))`
})

const rate = (name: string, by: string): Panel["queries"] => ({
  [`{{${by}}}`]: `sum by (${by}) (rate(${name}[$__rate_interval]))`
})

const rows: Readonly<Record<string, ReadonlyArray<Panel>>> = {
  Edge: [
    { title: "Taken in, by kind", unit: "ops", queries: rate("ops_ingest_accept_total", "kind") },
    { title: "Taken in, by tenant", unit: "ops", queries: rate("ops_ingest_accept_total", "tenant") },
    { title: "Time to take in", unit: "ms", queries: quantiles("ops_ingest_duration_ms") },
    { title: "Requests, by status", unit: "reqps", queries: rate("dueline_http_requests_total", "status") },
    {
      title: "Requests under way, share of errors",
      unit: "short",
      queries: { "under way": "sum(ops_concurrent_requests)", "share of errors": "max(ops_error_rate)" }
    },
    { title: "Orders scheduled", unit: "ops", queries: rate("ops_order_schedule_total", "tenant") }
  ],
  Writer: [
    { title: "Events, by type", unit: "ops", queries: rate("dueline_events_total", "type") },
    { title: "Commit", unit: "s", queries: quantiles("dueline_commit_duration_seconds") },
    { title: "Commands in a batch", unit: "short", queries: quantiles("dueline_commit_commands") },
    {
      title: "Waiting commands",
      unit: "short",
      queries: { "{{kind}}": "sum by (kind) (dueline_writer_queue_commands)" }
    },
    { title: "Retries, by tenant", unit: "ops", queries: rate("dueline_retries_total", "tenant") },
    { title: "Calls failed for good, by tenant", unit: "ops", queries: rate("dueline_calls_failed_total", "tenant") }
  ],
  "Timer and executor": [
    { title: "Attempts, by result", unit: "ops", queries: rate("dueline_attempts_total", "result") },
    { title: "Lateness of attempts", unit: "s", queries: quantiles("dueline_attempt_lateness_seconds") },
    { title: "Lateness of the timer", unit: "s", queries: quantiles("dueline_timer_lateness_seconds") },
    { title: "Time of attempts", unit: "s", queries: quantiles("dueline_attempt_duration_seconds") },
    {
      title: "Due, alarms, under way, places",
      unit: "short",
      queries: {
        "due and waiting": "sum(dueline_due_calls)",
        alarms: "sum(dueline_alarms)",
        "under way": "sum(dueline_attempts_under_way)",
        "places free": "sum(dueline_executor_places_free)"
      }
    },
    {
      title: "Circuits opened",
      unit: "ops",
      queries: { opened: "sum(rate(dueline_circuits_opened_total[$__rate_interval]))" }
    }
  ],
  Messages: [
    {
      title: "Published, failed",
      unit: "ops",
      queries: {
        published: "sum(rate(dueline_messages_published_total[$__rate_interval]))",
        failed: "sum(rate(dueline_message_failures_total[$__rate_interval]))"
      }
    },
    { title: "Outbox lag", unit: "s", queries: { lag: "max(dueline_outbox_lag_seconds)" } },
    { title: "Dead letters", unit: "short", queries: { "{{from}}": "sum by (from) (dueline_dead_letters_total)" } },
    {
      title: "Audit: not sealed, not signed",
      unit: "s",
      queries: { sealed: "max(dueline_audit_lag_seconds)", signed: "max(dueline_audit_unsigned_seconds)" }
    }
  ],
  Processes: [
    {
      title: "Processor",
      unit: "short",
      queries: { "{{instance}}": "sum by (instance) (rate(process_cpu_seconds_total[$__rate_interval]))" }
    },
    {
      title: "Memory",
      unit: "bytes",
      queries: { "{{instance}}": "sum by (instance) (process_resident_memory_bytes)" }
    },
    {
      title: "Event loop late",
      unit: "s",
      queries: { "{{instance}}": "max by (instance) (nodejs_eventloop_lag_p99_seconds)" }
    }
  ]
}

/** What the dashboard asks, with the interval filled in as Grafana does. */
export const queries = (interval: string): ReadonlyArray<{ readonly panel: string; readonly expr: string }> =>
  Object.values(rows)
    .flat()
    .flatMap(({ queries: own, title }) =>
      Object.values(own).map((expr) => ({ panel: title, expr: expr.replaceAll("$__rate_interval", interval) }))
    )

const width = 8
const height = 7
const across = 3

const datasource = { type: "prometheus", uid: "${datasource}" }

/** Schema version 39 of Grafana's dashboards, which every Grafana since 11 reads. */
export const dashboard = () => {
  const panels: Array<object> = []
  let y = 0
  for (const [row, own] of Object.entries(rows)) {
    panels.push({ id: panels.length + 1, type: "row", title: row, gridPos: { x: 0, y, w: 24, h: 1 }, panels: [] })
    y += 1
    for (const [n, { queries: asked, title, unit }] of own.entries()) {
      panels.push({
        id: panels.length + 1,
        type: "timeseries",
        title,
        datasource,
        gridPos: { x: (n % across) * width, y: y + Math.floor(n / across) * height, w: width, h: height },
        fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
        targets: Object.entries(asked).map(([legendFormat, expr], target) => ({
          refId: String.fromCodePoint(65 + target),
          datasource,
          expr,
          legendFormat
        }))
      })
    }
    y += Math.ceil(own.length / across) * height
  }
  return {
    uid: "dueline",
    title: "Dueline",
    schemaVersion: 39,
    refresh: "30s",
    time: { from: "now-1h", to: "now" },
    templating: { list: [{ name: "datasource", type: "datasource", query: "prometheus", label: "Prometheus" }] },
    panels
  }
}
