/** `dueline schedule …` against an API that answers from the document's examples. */
import { assert, it } from "@effect/vitest"
import { bulkJobExample } from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import { Effect } from "effect"
import { answering } from "./answering.ts"
import { runCli } from "./runCli.ts"

const id = "7b1e9c04-6a2f-8d35-b8c1-4f0e2d7a9c63"
const schedule = {
  id,
  name: "nightly",
  status: "Active",
  pausedReason: null,
  cron: "30 2 * * *",
  every: null,
  zone: "Europe/Prague",
  missingHour: "shift",
  repeatedHour: "auto",
  from: null,
  until: null,
  jitter: "PT0S",
  overlap: "skip",
  missed: { policy: "all", max: 3, window: "PT6H" },
  request: { method: "GET", url: "https://example.com/", headers: {}, bodyBytes: 0, bodySnippet: null },
  tags: [],
  flow: null,
  retry: { maxAttempts: 5, initialDelayMs: 1, maxDelayMs: 1, multiplier: 2, jitter: 0, retryStatuses: [] },
  timeoutMs: 1_000,
  next: { at: "2026-03-29T01:30:00.000Z", local: "2026-03-29T03:30:00+02:00", dueAt: "2026-03-29T01:30:00.000Z" },
  waiting: 0,
  last: null,
  fired: 0,
  lastSkip: null,
  revision: 1,
  zoneData: "2026c",
  createdAt: "2026-03-28T09:00:00.000Z",
  updatedAt: "2026-03-28T09:00:00.000Z",
  version: 1,
  links: { self: `/v1/schedules/${id}`, calls: "/v1/service-calls", preview: `/v1/schedules/${id}/preview` }
}
const preview = {
  zone: "Europe/Prague",
  zoneData: "2026c",
  items: [{ at: "2026-03-29T01:30:00.000Z", local: "2026-03-29T03:30:00+02:00", mark: "shifted" }],
  transitions: [
    {
      at: "2026-03-29T01:00:00.000Z",
      before: "2026-03-29T02:00:00+01:00",
      after: "2026-03-29T03:00:00+02:00",
      kind: "forward"
    }
  ]
}

const token = "text.mark"
const job = { ...bulkJobExample, action: "backfill-schedule", status: "Completed", endedAt: "2026-04-02T00:00:05.000Z" }
const backfill = {
  action: "backfill-schedule",
  count: 4,
  exact: true,
  sample: [
    { id: "c-1", target: "2026-03-29T03:30:00+02:00", reason: "shifted", links: { self: "/v1/service-calls/c-1" } }
  ],
  byTarget: [],
  byReason: [{ name: "shifted", count: 1 }],
  times: {
    zone: "Europe/Prague",
    zoneData: "2026c",
    first: "2026-03-28T02:30:00+01:00",
    last: "2026-03-31T02:30:00+02:00",
    missingHour: "shift",
    repeatedHour: "auto",
    passedOver: 0,
    transitions: preview.transitions
  },
  plannedAt: "2026-04-02T00:00:00.000Z",
  expiresAt: "2026-04-02T00:15:00.000Z",
  token
}

const program = () =>
  answering(({ method, pathname }) => {
    const headers = { etag: '"1"', location: schedule.links.self }
    if (pathname.endsWith("/jobs/plan")) return Response.json(backfill)
    if (pathname.includes("/v1/jobs"))
      return Response.json(method === "GET" ? { ...job, correlationId: "0abc" } : job, {
        status: method === "GET" ? 200 : 201,
        headers: { etag: '"1"', location: job.links.self }
      })
    if (pathname.endsWith("/preview")) return Response.json(preview)
    const view = { ...schedule, correlationId: "0abc" }
    if (method === "GET") {
      return pathname.endsWith("/schedules")
        ? Response.json({ items: [view], nextCursor: null })
        : Response.json(view, { headers })
    }
    return Response.json(schedule, { status: pathname.endsWith("/schedules") ? 201 : 200, headers })
  })

it.effect("schedule create sends rule, policies and request; list, show and changes ask for what they say", () =>
  Effect.gen(function* () {
    const { asked, fetch } = program()
    const create = ["schedule", "create", "--cron", "30 2 * * *", "--zone", "Europe/Prague", "--name", "nightly"]
    const policies = ["--missed", "all", "--missed-max", "3", "--missed-window", "6h", "--overlap", "queue"]
    const made = yield* runCli([...create, ...policies, "--url", "https://example.com/"], { fetch })
    assert.strictEqual(made.exitCode, 0, made.stderr)
    assert.include(made.stdout, "2026-03-29T03:30:00+02:00")
    const listed = yield* runCli(["schedule", "list"], { fetch })
    assert.match(listed.stdout, /Active +2026-03-29T01:30:00\.000Z +0 +nightly +30 2 \* \* \* \(Europe\/Prague\)/u)
    const shown = yield* runCli(["schedule", "show", id], { fetch })
    assert.include(shown.stdout, "all 3 PT6H")
    for (const args of [
      ["pause", id, "--reason", "a fair"],
      ["resume", id],
      ["run", id],
      ["delete", id]
    ]) {
      const changed = yield* runCli(["schedule", ...args], { fetch })
      assert.strictEqual(changed.exitCode, 0, changed.stderr)
    }
    assert.deepStrictEqual(asked[0]?.body, {
      cron: "30 2 * * *",
      zone: "Europe/Prague",
      name: "nightly",
      overlap: "queue",
      missed: { policy: "all", max: 3, window: "6h" },
      request: { method: "GET", url: "https://example.com/" }
    })
    assert.deepStrictEqual(
      asked.map(({ method, path }) => `${method} ${path.replace(id, "ID")}`),
      [
        "POST /v1/schedules",
        "GET /v1/schedules?limit=50",
        "GET /v1/schedules/ID",
        "POST /v1/schedules/ID/pause",
        "POST /v1/schedules/ID/resume",
        "POST /v1/schedules/ID/run",
        "DELETE /v1/schedules/ID"
      ]
    )
  })
)

it.effect(
  "schedule preview marks the change of the clocks, and a rule that cannot be read is told before anything is sent",
  () =>
    Effect.gen(function* () {
      const { asked, fetch } = program()
      const shown = yield* runCli(["schedule", "preview", "--cron", "30 2 * * *", "--zone", "Europe/Prague"], { fetch })
      assert.match(shown.stdout, /-- clocks: .*\n.*shifted: clocks pass over its time/u)
      const kept = yield* runCli(["schedule", "preview", "--id", id, "--count", "3"], { fetch })
      assert.strictEqual(kept.exitCode, 0, kept.stderr)
      assert.deepStrictEqual(
        asked.map(({ path }) => path),
        ["/v1/schedules/preview", `/v1/schedules/${id}/preview?count=3`]
      )
      const wrong = yield* runCli(["schedule", "preview", "--cron", "0 0 L * *", "--zone", "+02:00"], { fetch })
      assert.strictEqual(wrong.exitCode, 2)
      assert.include(wrong.stderr, "field 3 (day of month)")
      assert.include(wrong.stderr, "offsets are refused")
      assert.lengthOf(asked, 2)
    })
)

it.effect("schedule backfill shows what lies in the range and touches nothing; with --start it follows the job", () =>
  Effect.gen(function* () {
    const { asked, fetch } = program()
    const range = ["--from", "2026-03-28T00:00:00Z", "--to", "2026-04-01T00:00:00Z"]
    const planned = yield* runCli(["schedule", "backfill", id, ...range], { fetch })
    assert.strictEqual(planned.exitCode, 0, planned.stderr)
    assert.match(
      planned.stdout,
      /times +4\nfirst +2026-03-28T02:30:00\+01:00\n[\s\S]*clocks +1 shifted\n[\s\S]*\ntext\.mark$/u
    )
    const filter = { schedule: id, from: "2026-03-28T00:00:00Z", to: "2026-04-01T00:00:00Z" }
    const plan = { method: "POST", path: "/v1/jobs/plan", body: { action: "backfill-schedule", filter } }
    assert.deepStrictEqual(asked, [plan])
    const started = yield* runCli(["schedule", "backfill", id, ...range, "--rate", "5", "--start"], { fetch })
    assert.strictEqual(started.exitCode, 0, started.stderr)
    assert.deepStrictEqual(asked.slice(1, 3), [plan, { method: "POST", path: "/v1/jobs", body: { token, rate: 5 } }])
    assert.match(started.stdout, /action +backfill-schedule/u)
  })
)
