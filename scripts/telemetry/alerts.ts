/** What somebody should be woken for, and what to do then. One declaration for the rules' file, its tests and docs/telemetry.md. */

export interface Alert {
  readonly name: string
  readonly severity: "page" | "ticket"
  readonly expr: string
  /** How long it has to hold, as Prometheus writes it. */
  readonly for: string
  /** What is so. */
  readonly summary: string
  /** What to do. */
  readonly advice: string
  /** A section of docs/runbook.md. */
  readonly runbook: string
  /** Series that make it fire, and such as do not: values by minutes, in the notation of `promtool test rules`. */
  readonly fires: Readonly<Record<string, string>>
  readonly quiet: Readonly<Record<string, string>>
}

const down = "when-something-is-down"
const scale = "scale"
const audit = "audit-log"

export const alerts: ReadonlyArray<Alert> = [
  {
    name: "DuelineDown",
    severity: "page",
    expr: 'up{job="dueline"} == 0',
    for: "1m",
    summary: "A process does not answer.",
    advice: "Start it, or find in its log why it ended.",
    runbook: down,
    fires: { 'up{job="dueline",instance="a"}': "0x30" },
    quiet: { 'up{job="dueline",instance="a"}': "1x30" }
  },
  {
    name: "DuelineStoreTrouble",
    severity: "page",
    expr: "max by (instance) (dueline_store_trouble) > 0",
    for: "1m",
    summary: "A process cannot write: callers get 503 and results wait.",
    advice: "Ask /ready of the process; start PostgreSQL, make room on its disk, or end the failover.",
    runbook: down,
    fires: { 'dueline_store_trouble{instance="a"}': "1x30" },
    quiet: { 'dueline_store_trouble{instance="a"}': "0x30" }
  },
  {
    name: "DuelineSubscriptionDisabled",
    severity: "ticket",
    expr: "sum by (reason) (increase(dueline_subscriptions_disabled_total[1h])) > 0",
    for: "0m",
    summary: "A subscription was disabled: its endpoint took nothing for too long, or is gone.",
    advice:
      "Find it in /v1/subscriptions?status=Disabled, have its endpoint mended, enable it and deliver again what it missed.",
    runbook: down,
    fires: { 'dueline_subscriptions_disabled_total{reason="failing"}': "0x10 1x20" },
    quiet: { 'dueline_subscriptions_disabled_total{reason="failing"}': "0x30" }
  },
  {
    name: "DuelineErrorRate",
    severity: "page",
    expr: "max by (instance) (ops_error_rate) > 0.05",
    for: "5m",
    summary: "More than one request in twenty is answered with 5xx.",
    advice: "Read the log of the process for its correlation ids; ask /ready what is down.",
    runbook: down,
    fires: { 'ops_error_rate{instance="a"}': "0.2x30" },
    quiet: { 'ops_error_rate{instance="a"}': "0.04x30" }
  },
  {
    name: "DuelineCallsLate",
    severity: "page",
    expr: "histogram_quantile(0.99, sum by (le) (rate(dueline_attempt_lateness_seconds_bucket[5m]))) > 5",
    for: "5m",
    summary: "One attempt in a hundred leaves more than five seconds late.",
    advice:
      "Look at dueline_due_calls and dueline_executor_places_free: add executors, or find the target that holds places.",
    runbook: scale,
    fires: {
      'dueline_attempt_lateness_seconds_bucket{le="5"}': "0+10x30",
      'dueline_attempt_lateness_seconds_bucket{le="15"}': "0+100x30",
      'dueline_attempt_lateness_seconds_bucket{le="+Inf"}': "0+100x30"
    },
    quiet: {
      'dueline_attempt_lateness_seconds_bucket{le="5"}': "0+100x30",
      'dueline_attempt_lateness_seconds_bucket{le="15"}': "0+100x30",
      'dueline_attempt_lateness_seconds_bucket{le="+Inf"}': "0+100x30"
    }
  },
  {
    name: "DuelineNoPlaces",
    severity: "ticket",
    expr: "sum(dueline_executor_places_free) == 0 and sum(dueline_due_calls) > 0",
    for: "10m",
    summary: "Calls wait because no executor has a place.",
    advice: "Add executors, raise DUELINE_CONCURRENCY, or shorten the time-outs of a slow target's calls.",
    runbook: scale,
    fires: { dueline_executor_places_free: "0x30", dueline_due_calls: "10x30" },
    quiet: { dueline_executor_places_free: "0x30", dueline_due_calls: "0x30" }
  },
  {
    name: "DuelineWriterFull",
    severity: "page",
    expr: "sum by (instance) (rate(dueline_writer_refusals_total[5m])) > 0",
    for: "2m",
    summary: "Commands are refused because the writer's queue is full.",
    advice: "Look at dueline_commit_duration_seconds: a slow store makes the queue long; else add orchestrators.",
    runbook: scale,
    fires: { 'dueline_writer_refusals_total{instance="a"}': "0+5x30" },
    quiet: { 'dueline_writer_refusals_total{instance="a"}': "7x30" }
  },
  {
    name: "DuelineAlarmsFull",
    severity: "ticket",
    expr: "max by (instance) (dueline_alarms) > 180000",
    for: "5m",
    summary: "The memory of alarms is nearly full; what it refuses is left to the sweep and starts seconds late.",
    advice: "Add orchestrators: each holds alarms of its partitions.",
    runbook: scale,
    fires: { 'dueline_alarms{instance="a"}': "190000x30" },
    quiet: { 'dueline_alarms{instance="a"}': "170000x30" }
  },
  {
    name: "DuelineOutboxLag",
    severity: "page",
    expr: "max(dueline_outbox_lag_seconds) > 30",
    for: "2m",
    summary: "Messages wait for more than half a minute: consumers and waiting requests are late.",
    advice: "Look whether NATS answers; start a dispatcher if there is none.",
    runbook: down,
    fires: { dueline_outbox_lag_seconds: "60x30" },
    quiet: { dueline_outbox_lag_seconds: "5x30" }
  },
  {
    name: "DuelineAuditUnsigned",
    severity: "ticket",
    expr: "max(dueline_audit_unsigned_seconds) > 172800",
    for: "5m",
    summary:
      "What happened in the last two days is in no checkpoint: the owner of the database could rewrite it unseen.",
    advice: "Look in the log why the checkpoint cannot be written, and whether an orchestrator runs.",
    runbook: audit,
    fires: { dueline_audit_unsigned_seconds: "180000x30" },
    quiet: { dueline_audit_unsigned_seconds: "80000x30" }
  },
  {
    name: "DuelineDeadLetters",
    severity: "ticket",
    // A series that was not there before has not increased: its first value counts too.
    expr: "sum by (from) (increase(dueline_dead_letters_total[15m])) > 0 or (dueline_dead_letters_total > 0 unless dueline_dead_letters_total offset 15m)",
    for: "0m",
    summary: "Messages were given up and kept as dead letters.",
    advice: "Read the reasons in the log (message given up) and mend the consumer or the message.",
    runbook: down,
    fires: { 'dueline_dead_letters_total{from="order-calls"}': "_x19 1x10" },
    quiet: { 'dueline_dead_letters_total{from="outbox"}': "3x30" }
  },
  {
    name: "DuelineRequestsUnreadable",
    severity: "page",
    expr: 'sum(increase(dueline_hand_backs_total{reason="request_unreadable"}[15m])) > 0',
    for: "0m",
    summary: "Sealed requests cannot be opened; their calls wait.",
    advice: "Bring back the installation.keys that they were sealed with.",
    runbook: "before-and-at-a-start",
    fires: { 'dueline_hand_backs_total{reason="request_unreadable"}': "0x19 4x10" },
    quiet: { 'dueline_hand_backs_total{reason="circuit_open"}': "0+4x30" }
  },
  {
    name: "DuelineAttemptsFail",
    severity: "ticket",
    expr: 'sum(rate(dueline_attempts_total{result!="2xx"}[10m])) / sum(rate(dueline_attempts_total[10m])) > 0.5',
    for: "10m",
    summary: "Most attempts fail.",
    advice: "Split dueline_attempts_total by result: dns and connect are this side of the network, 5xx the targets.",
    runbook: down,
    fires: { 'dueline_attempts_total{result="2xx"}': "0+1x30", 'dueline_attempts_total{result="5xx"}': "0+9x30" },
    quiet: { 'dueline_attempts_total{result="2xx"}': "0+9x30", 'dueline_attempts_total{result="5xx"}': "0+1x30" }
  },
  {
    name: "DuelineEventLoopLate",
    severity: "ticket",
    expr: "max by (instance) (nodejs_eventloop_lag_p99_seconds) > 0.5",
    for: "5m",
    summary: "The event loop of a process is late by half a second: all it does is.",
    advice: "Give it a core, or split its roles over processes.",
    runbook: scale,
    fires: { 'nodejs_eventloop_lag_p99_seconds{instance="a"}': "0.8x30" },
    quiet: { 'nodejs_eventloop_lag_p99_seconds{instance="a"}': "0.1x30" }
  }
]

const labelsOf = ({ severity }: Alert) => ({ severity })

/** `promtool` reads JSON too, since YAML holds it. */
export const rules = () => ({
  groups: [
    {
      name: "dueline",
      rules: alerts.map((alert) => ({
        alert: alert.name,
        expr: alert.expr,
        for: alert.for,
        labels: labelsOf(alert),
        annotations: {
          summary: alert.summary,
          action: alert.advice,
          runbook: `docs/runbook.md#${alert.runbook}`
        }
      }))
    }
  ]
})

const series = (values: Readonly<Record<string, string>>) =>
  Object.entries(values).map(([name, text]) => ({ series: name, values: text }))

/** A file for `promtool test rules`: each alert with what makes it fire, and alone with what does not. */
export const ruleTests = (ruleFile: string) => ({
  rule_files: [ruleFile],
  evaluation_interval: "1m",
  tests: alerts.flatMap((alert) => [
    {
      name: `${alert.name} fires`,
      interval: "1m",
      input_series: series(alert.fires),
      promql_expr_test: [
        {
          expr: `count(ALERTS{alertname="${alert.name}",alertstate="firing"})`,
          eval_time: "28m",
          exp_samples: [{ value: 1 }]
        }
      ]
    },
    {
      name: `${alert.name} is quiet`,
      interval: "1m",
      input_series: series(alert.quiet),
      promql_expr_test: [{ expr: `count(ALERTS{alertname="${alert.name}"})`, eval_time: "28m", exp_samples: [] }]
    }
  ])
})
