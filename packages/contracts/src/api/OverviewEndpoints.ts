/** How everything stands, at one look. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { ServiceCallId, TenantId } from "../Ids.ts"
import { Role } from "../Role.ts"
import { BearerAuth, RequestChecks, RequiredScope } from "./Access.ts"
import { described, parameter } from "./conventions.ts"
import { problems } from "./ProblemError.ts"
import { Dependency } from "./SystemEndpoints.ts"
import { Timestamp } from "./Wire.ts"

const Count = Schema.Int
const More = Schema.Boolean.annotate({ description: "There are more: only so many are looked at" })

const waiting = {
  count: Count,
  more: More,
  oldestAt: Schema.NullOr(Timestamp)
}

const happened = {
  submitted: Count,
  succeeded: Count,
  failed: Count.annotate({ description: "For good" }),
  cancelled: Count,
  attemptsFailed: Count
}

const loop = (description: string) =>
  Schema.NullOr(Schema.Int).annotate({
    description: `Milliseconds that ${description} has waited by now; null when none waits`
  })

export const Overview = Schema.Struct({
  at: Timestamp,
  of: Schema.Literals(["tenant", "installation"]),
  phase: Schema.Literals(["starting", "serving", "draining"]).annotate({ description: "Of the process that answers" }),
  version: Schema.String,
  dependencies: Schema.Array(Dependency),
  processes: Schema.Array(Schema.Struct({ id: Schema.String, roles: Schema.Array(Role) })).annotate({
    description: "Those that are seen from the one that answers"
  }),
  calls: Schema.Struct({
    Scheduled: Count,
    Running: Count,
    Succeeded: Count,
    Failed: Count,
    Cancelled: Count
  }).annotate({ description: "How many there are in each state" }),
  countedUntil: Timestamp.annotate({
    description:
      "`calls`, `lastHour` and `circuits` are exact as of this moment: a second or two ago, and up to twelve while nothing happens"
  }),
  overdue: Schema.Struct({
    count: Count,
    more: More,
    oldest: Schema.NullOr(
      Schema.Struct({ id: ServiceCallId, tenantId: TenantId, dueAt: Timestamp, lateMs: Schema.Int })
    )
  }).annotate({ description: "Calls whose time has come and that have not begun" }),
  lastHour: Schema.Struct({
    ...happened,
    minutes: Schema.Array(Schema.Struct({ at: Timestamp, ...happened })).annotate({
      description: "Sixty, the last of them not over yet, oldest first"
    }),
    failures: Schema.Array(Schema.Struct({ target: Schema.String, reason: Schema.String, count: Count })).annotate({
      description: "Calls that failed for good, most frequent first, 50 at the most; both empty: what had no room"
    })
  }),
  circuits: Schema.Array(Schema.Struct({ tenantId: TenantId, target: Schema.String, openUntil: Timestamp })).annotate({
    description: "Targets that are left alone for now, since their requests fail; 50 at the most"
  }),
  flows: Schema.optionalKey(
    Schema.Array(
      Schema.Struct({
        tenantId: TenantId,
        key: Schema.String,
        waiting: Count,
        running: Count,
        limit: Schema.NullOr(Count).annotate({
          description: "How many may be under way; null when there is only a rate"
        })
      })
    ).annotate({
      description:
        "Flows with calls that wait although their time has come, among those `overdue` looks at; 50 at the most"
    })
  ),
  pauses: Schema.optionalKey(Schema.Struct(waiting).annotate({ description: "Those that hold calls back" })),
  deadLetters: Schema.Struct(waiting).annotate({ description: "Those that wait for a replay" }),
  ingestion: Schema.Struct(waiting).annotate({ description: "What came in and has not come to its end" }),
  loops: Schema.Struct({
    outbox: loop("the oldest message for the bus"),
    schedules: loop("the oldest time of a schedule that has come"),
    jobs: loop("the oldest bulk job that has not ended")
  }).annotate({ description: "Of all tenants" }),
  behind: Schema.optionalKey(
    Schema.Struct({ sealing: Schema.Struct(waiting), counting: Schema.Struct(waiting) }).annotate({
      description:
        "Events of all tenants that are not sealed into the audit tree, and that are not counted for this; 1,000 at the most. Both are seconds behind"
    })
  ),
  leaders: Schema.Array(Schema.Struct({ work: Schema.String, process: Schema.String })).annotate({
    description: "Which process does what only one does at a time"
  })
}).annotate({ identifier: "Overview" })
export type Overview = typeof Overview.Type

const nothing = { submitted: 0, succeeded: 0, failed: 0, cancelled: 0, attemptsFailed: 0 }
const busy = { submitted: 40, succeeded: 31, failed: 2, cancelled: 0, attemptsFailed: 9 }
const tenantId = "0f4c2a6e-5b1d-8c3a-9e7f-2d6b8a4c1e05"
const example = {
  at: "2026-01-31T09:00:30.000Z",
  of: "tenant",
  phase: "serving",
  version: "0.1.0",
  dependencies: [{ name: "database", needed: true, status: "up", durationMs: 0.8 }],
  processes: [{ id: "worker-1k2", roles: ["api", "orchestrator", "timer", "dispatcher", "executor"] }],
  calls: { Scheduled: 1_204, Running: 12, Succeeded: 2_400_117, Failed: 402, Cancelled: 31 },
  countedUntil: "2026-01-31T09:00:29.400Z",
  overdue: {
    count: 3,
    more: false,
    oldest: { id: tenantId, tenantId, dueAt: "2026-01-31T09:00:02.000Z", lateMs: 28_000 }
  },
  lastHour: {
    ...busy,
    minutes: [
      { at: "2026-01-31T08:59:00.000Z", ...busy },
      { at: "2026-01-31T09:00:00.000Z", ...nothing }
    ],
    failures: [{ target: "example.com", reason: "http_status", count: 2 }]
  },
  circuits: [{ tenantId, target: "example.com", openUntil: "2026-01-31T09:01:00.000Z" }],
  flows: [{ tenantId, key: "invoices", waiting: 31, running: 5, limit: 5 }],
  pauses: { count: 0, more: false, oldestAt: null },
  deadLetters: { count: 1, more: false, oldestAt: "2026-01-30T17:12:00.000Z" },
  ingestion: { count: 0, more: false, oldestAt: null },
  loops: { outbox: 4, schedules: null, jobs: null },
  behind: {
    sealing: { count: 211, more: false, oldestAt: "2026-01-31T09:00:29.600Z" },
    counting: { count: 0, more: false, oldestAt: null }
  },
  leaders: [{ work: "schedules", process: "worker-1k2" }]
}

const get = HttpApiEndpoint.get("get", "/v1/overview", {
  query: {
    of: parameter(
      Schema.optionalKey(Schema.Literals(["tenant", "installation"])),
      "`installation`: all tenants together, for who may read tenants (`ops:tenants.read`)",
      { type: "string", enum: ["tenant", "installation"], default: "tenant" }
    )
  },
  success: Overview,
  error: problems.Unavailable
})
  .annotate(RequiredScope, "ops:overview.read")
  .annotateMerge(
    described(
      "How everything stands",
      "Calls by state, what is late, what failed in the last hour and where, what waits. It costs the same however many calls there are.",
      { 200: example }
    )
  )

export class OverviewOperations extends HttpApiGroup.make("overview")
  .add(get)
  .middleware(RequestChecks)
  .middleware(BearerAuth)
  .annotateMerge(OpenApi.annotations({ title: "Overview", description: "How everything stands, at one look." })) {}
