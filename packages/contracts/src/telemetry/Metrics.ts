/**
 * All that the program counts, declared in one place: docs/telemetry.md, dashboard and alerts are made from it and from nothing else.
 *
 * Parts take their instruments from here when they are made and keep them, so that counting is an addition to a field. To count something
 * new, declare it here, count it where it happens, and run `pnpm telemetry --write`.
 */
import { Context } from "effect"
import type { Role } from "../Role.ts"
import { Instruments } from "./Instruments.ts"

/** Of what people wait for, in seconds. */
const durations = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
/** Of what should be no time at all, in seconds: a call is late by milliseconds, or by minutes when something is down. */
const delays = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3_600]
/** Of batches, which hold 256 commands at the most. */
const sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256]

const at = (...roles: ReadonlyArray<Role>) => ({ roles })
const api = at("api")
const orchestrator = at("orchestrator")
const executor = at("executor")
const dispatcher = at("dispatcher")

export const makeMetrics = (instruments: Instruments = new Instruments()) => ({
  instruments,

  accepted: instruments.tenantCounters({
    name: "ops_ingest_accept_total",
    help: "What was taken in and is durable, by kind: calls, orders, field events and the rest. Repeats do not count.",
    labels: ["kind"],
    ...orchestrator
  }),
  /** In milliseconds. */
  ingestDuration: instruments.histogram(
    {
      name: "ops_ingest_duration_ms",
      help: "From the head of a request that was taken in (answered 201 or 202, or a batch) to its answer, in milliseconds.",
      ...api
    },
    durations.map((seconds) => seconds * 1_000)
  ),
  ordersScheduled: instruments.tenantCounter({
    name: "ops_order_schedule_total",
    help: "Orders that got their window.",
    ...orchestrator
  }),
  errorRate: instruments.gauge({
    name: "ops_error_rate",
    help: "Share of the requests of the last minute that were answered with 5xx, 0 to 1; 0 without requests."
  }),
  concurrentRequests: instruments.gauge({
    name: "ops_concurrent_requests",
    help: "HTTP requests under way, those that only wait for the end of a call included."
  }),

  requests: instruments.counters({
    name: "dueline_http_requests_total",
    help: "HTTP requests answered, by status; status 0: the client had gone before its answer.",
    labels: ["method", "status"]
  }),
  requestDuration: instruments.histogram(
    {
      name: "dueline_http_request_duration_seconds",
      help: "From the head of a request to the end of its answer; Prefer: wait makes a request as long as its call."
    },
    durations
  ),

  rateRefusals: instruments.counters({
    name: "dueline_rate_refusals_total",
    help: "Requests refused because their tenant sent too many in a minute, by rate class.",
    labels: ["class"],
    ...api
  }),
  removed: instruments.counters({
    name: "dueline_removed_total",
    help: "What was removed because it had been kept long enough, by kind: calls, ingestions, dead letters.",
    labels: ["kind"],
    ...orchestrator
  }),
  liveStreams: instruments.gauge({
    name: "dueline_live_streams",
    help: "Streams of changes that are open; 2,000 is full.",
    ...api
  }),
  payloadsInHand: instruments.gauge({
    name: "dueline_payloads_in_hand",
    help: "Payloads of the drop-bin that wait in memory for their turn, their host or the store; 4,096 is full, the rest waits in the store.",
    ...executor
  }),
  payloadsEnded: instruments.counters({
    name: "dueline_payloads_ended_total",
    help: "Payloads of the drop-bin that came to their end, by result: completed, or the code of the failure.",
    labels: ["result"],
    ...executor
  }),
  payloadRetries: instruments.counter({
    name: "dueline_payload_retries_total",
    help: "Payloads that could not be fetched and are asked for again.",
    ...executor
  }),

  events: instruments.counters({
    name: "dueline_events_total",
    help: "Events stored, by kind of aggregate and type.",
    labels: ["kind", "type"],
    ...orchestrator
  }),
  callsFailed: instruments.tenantCounter({
    name: "dueline_calls_failed_total",
    help: "Calls that have failed for good.",
    ...orchestrator
  }),
  retries: instruments.tenantCounter({
    name: "dueline_retries_total",
    help: "Attempts that failed and are followed by another.",
    ...orchestrator
  }),
  writerQueue: instruments.gauges({
    name: "dueline_writer_queue_commands",
    help: "Commands that wait for the writer, by kind of aggregate; 16,384 is full.",
    labels: ["kind"],
    ...orchestrator
  }),
  writerRefusals: instruments.counters({
    name: "dueline_writer_refusals_total",
    help: "Commands refused because the writer's queue was full, by kind of aggregate.",
    labels: ["kind"],
    ...orchestrator
  }),
  commitDuration: instruments.histogram(
    {
      name: "dueline_commit_duration_seconds",
      help: "Time of one commit of the writer, failed ones included.",
      ...orchestrator
    },
    durations
  ),
  commitCommands: instruments.histogram(
    { name: "dueline_commit_commands", help: "Commands in one batch of the writer.", ...orchestrator },
    sizes
  ),
  commitFailures: instruments.counters({
    name: "dueline_commit_failures_total",
    help: "Commits that failed, by reason: CommitConflict and RuleBroken are decided again, StoreUnavailable is retried.",
    labels: ["reason"],
    ...orchestrator
  }),

  timerLateness: instruments.histogram(
    {
      name: "dueline_timer_lateness_seconds",
      help: "How long after its due time the writer was asked to start a call: waiting for its turn included.",
      ...orchestrator
    },
    delays
  ),
  alarms: instruments.gauge({
    name: "dueline_alarms",
    help: "Alarms in memory, of calls due within a minute; 200,000 is full.",
    ...orchestrator
  }),
  dueCalls: instruments.gauge({
    name: "dueline_due_calls",
    help: "Calls whose time has come and that wait for their turn or for a place.",
    ...orchestrator
  }),

  attempts: instruments.counters({
    name: "dueline_attempts_total",
    help: "Attempts that left, by result: class of the answer's status, or why there was none.",
    labels: ["result"],
    ...executor
  }),
  attemptDuration: instruments.histogram(
    {
      name: "dueline_attempt_duration_seconds",
      help: "Time of an attempt, from its first byte to its result.",
      ...executor
    },
    durations
  ),
  attemptLateness: instruments.histogram(
    {
      name: "dueline_attempt_lateness_seconds",
      help: "How long after its due time the first byte of an attempt left.",
      ...executor
    },
    delays
  ),
  handBacks: instruments.counters({
    name: "dueline_hand_backs_total",
    help: "Attempts of which nothing left, by reason; they are made later.",
    labels: ["reason"],
    ...executor
  }),
  circuitsOpened: instruments.counter({
    name: "dueline_circuits_opened_total",
    help: "Times that a target's circuit opened because its attempts failed.",
    ...executor
  }),
  attemptsUnderWay: instruments.gauge({
    name: "dueline_attempts_under_way",
    help: "Attempts taken by the executor and not yet recorded.",
    ...executor
  }),
  placesFree: instruments.gauge({
    name: "dueline_executor_places_free",
    help: "Attempts that the executor could make at once.",
    ...executor
  }),

  subscriptionsDisabled: instruments.counters({
    name: "dueline_subscriptions_disabled_total",
    help: "Subscriptions that were disabled because their endpoints took nothing for too long (failing) or are gone.",
    labels: ["reason"],
    ...orchestrator
  }),

  published: instruments.counter({
    name: "dueline_messages_published_total",
    help: "Messages that the bus has taken.",
    ...dispatcher
  }),
  publishFailures: instruments.counter({
    name: "dueline_message_failures_total",
    help: "Publications that failed and are tried again.",
    ...dispatcher
  }),
  deadLetters: instruments.counters({
    name: "dueline_dead_letters_total",
    help: "Messages given up and kept as dead letters, by where: outbox, or the group that did not take them.",
    labels: ["from"]
  }),
  outboxHeld: instruments.gauge({
    name: "dueline_outbox_entries",
    help: "Outbox rows claimed and not yet settled; 1,024 is full, then more may wait in the table.",
    ...dispatcher
  }),
  outboxLag: instruments.gauge({
    name: "dueline_outbox_lag_seconds",
    help: "Age of the oldest message that waits for the bus; 0 when none does, and in a process that does not lead.",
    ...dispatcher
  }),

  auditSealed: instruments.counter({
    name: "dueline_audit_sealed_total",
    help: "Events and audit entries that were sealed into the tree.",
    ...orchestrator
  }),
  auditLag: instruments.gauge({
    name: "dueline_audit_lag_seconds",
    help: "How long ago all that was committed had been sealed; 0 in a process that does not seal.",
    ...orchestrator
  }),
  countingLag: instruments.gauge({
    name: "dueline_counting_lag_seconds",
    help: "Age of the oldest event that is not counted for overviews; 0 when none is, and in a process that does not look.",
    ...orchestrator
  }),
  auditUnsigned: instruments.gauge({
    name: "dueline_audit_unsigned_seconds",
    help: "Age of the last checkpoint while there is something that it does not cover; 0 when it covers all, and in a process that does not seal.",
    ...orchestrator
  }),
  auditEntries: instruments.counters({
    name: "dueline_audit_entries_total",
    help: "Audit entries of the edge, by what became of them: written, left_out (counted in an entry), or lost because the store was away.",
    labels: ["result"],
    ...api
  }),

  storeTrouble: instruments.gauge({
    name: "dueline_store_trouble",
    help: "1 while the process cannot write what its roles write, else 0."
  }),
  exportedSpans: instruments.counter({
    name: "dueline_telemetry_spans_total",
    help: "Spans that a collector has taken."
  }),
  droppedTelemetry: instruments.counters({
    name: "dueline_telemetry_dropped_total",
    help: "What was not sent because the collector did not take it: spans (traces), or readings (metrics).",
    labels: ["signal"]
  }),
  logLines: instruments.counters({
    name: "dueline_log_lines_total",
    help: "Log lines, by level; level suppressed: those left out because too many were alike.",
    labels: ["level"]
  }),
  info: instruments.gauges({
    name: "dueline_info",
    help: "1, with the version of the program and the roles of the process.",
    labels: ["version", "roles"]
  }),
  cpuSeconds: instruments.total({
    name: "process_cpu_seconds_total",
    help: "Processor time of the process, user and system."
  }),
  residentBytes: instruments.gauge({
    name: "process_resident_memory_bytes",
    help: "Memory of the process that is in RAM."
  }),
  startTime: instruments.gauge({
    name: "process_start_time_seconds",
    help: "When the process started, in seconds since 1970."
  }),
  heapBytes: instruments.gauge({
    name: "nodejs_heap_size_used_bytes",
    help: "Heap in use."
  }),
  eventLoopDelay: instruments.gauge({
    name: "nodejs_eventloop_lag_p99_seconds",
    help: "How late the event loop was in 99 of 100 samples since the last reading."
  })
})

export type Metrics = ReturnType<typeof makeMetrics>

/** Those of the process. What is counted where nobody reads it costs the addition and nothing else. */
export const Metrics: Context.Reference<Metrics> = Context.Reference("@dueline/contracts/Metrics", {
  defaultValue: () => makeMetrics()
})
