/** `dueline subscription …` against an API that answers from the document's examples. */
import { assert, it } from "@effect/vitest"
import { bulkJobExample } from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import { Effect } from "effect"
import { answering } from "./answering.ts"
import { runCli } from "./runCli.ts"

const id = "5e3d9a70-1c4b-8f26-9d07-2b8e6c1f4a95"
const subscription = {
  id,
  name: "warehouse",
  url: "https://example.com/hooks",
  topics: ["ops.bin.>"],
  filter: null,
  flow: null,
  status: "Disabled",
  pausedReason: null,
  disabledReason: "failing",
  secrets: [],
  failingSince: "2026-01-31T09:00:00.000Z",
  lastFailure: "HTTP 503",
  redelivery: null,
  createdAt: "2026-01-31T09:00:00.000Z",
  updatedAt: "2026-01-31T09:00:00.000Z",
  version: 1,
  links: { self: `/v1/subscriptions/${id}`, calls: "/v1/service-calls" }
}

const job = {
  ...bulkJobExample,
  action: "redeliver-messages",
  status: "Completed",
  endedAt: "2026-04-02T00:00:05.000Z"
}
const plan = {
  action: "redeliver-messages",
  count: 2,
  exact: true,
  sample: [],
  byTarget: [{ name: "ops.bin.created", count: 2 }],
  byReason: [],
  plannedAt: "2026-04-02T00:00:00.000Z",
  expiresAt: "2026-04-02T00:15:00.000Z",
  token: "text.mark"
}

const program = () =>
  answering(({ method, pathname }) => {
    if (pathname.endsWith("/jobs/plan")) return Response.json(plan)
    if (pathname.startsWith("/v1/jobs"))
      return Response.json(method === "GET" ? { ...job, correlationId: "0abc" } : job, {
        status: method === "GET" ? 200 : 201,
        headers: { etag: '"1"', location: job.links.self }
      })
    const headers = { etag: '"1"', location: subscription.links.self }
    const waiting = { messages: 3, oldestAt: "2026-01-31T08:59:00.000Z" }
    const view = { ...subscription, waiting, correlationId: "0abc" }
    if (method === "GET") {
      return pathname.endsWith("/subscriptions")
        ? Response.json({ items: [view], nextCursor: null })
        : Response.json(view, { headers })
    }
    const isIssued = pathname.endsWith("/subscriptions") || pathname.endsWith("/secrets")
    const status = pathname.endsWith("/subscriptions") ? 201 : pathname.endsWith("/redeliver") ? 202 : 200
    return Response.json(isIssued ? { ...subscription, secret: "whsec_shown" } : subscription, { status, headers })
  })

it.effect("subscription create shows the secret; list, show and changes ask for what they say", () =>
  Effect.gen(function* () {
    const { asked, fetch } = program()
    const run = (...args: ReadonlyArray<string>) => runCli(["subscription", ...args], { fetch })
    const created = yield* run(
      "create",
      "--url",
      "https://example.com/hooks",
      "--topic",
      "ops.bin.>",
      "--filter",
      "true"
    )
    assert.strictEqual(created.exitCode, 0, created.stderr)
    assert.include(created.stdout, "whsec_shown")
    assert.deepStrictEqual(asked.at(-1)?.body, {
      url: "https://example.com/hooks",
      topics: ["ops.bin.>"],
      filter: "true"
    })
    assert.include((yield* run("list")).stdout, "Disabled: failing")
    const shown = yield* run("show", id)
    assert.include(shown.stdout, "since 2026-01-31T09:00:00.000Z: HTTP 503")
    assert.include(shown.stdout, "3, the oldest since 2026-01-31T08:59:00.000Z")
    for (const [args, path] of [
      [["update", id, "--topic", "ops.bin.created"], ""],
      [["rotate", id, "--overlap", "1h"], "/secrets"],
      [["pause", id, "--reason", "a move"], "/pause"],
      [["enable", id], "/enable"],
      [["test", id], "/test"],
      [["redeliver", id, "--from", "2026-01-31T09:00:00Z"], "/redeliver"],
      [["delete", id], ""]
    ] as const) {
      const ran = yield* run(...args)
      assert.strictEqual(ran.exitCode, 0, ran.stderr)
      assert.strictEqual(asked.at(-1)?.path, `/v1/subscriptions/${id}${path}`)
    }
    const range = ["--from", "2026-01-31T09:00:00Z", "--to", "2026-01-31T10:00:00Z"]
    const planned = yield* run("redeliver", id, ...range, "--plan")
    assert.match(planned.stdout, /ops\.bin\.created +2/u)
    assert.strictEqual((yield* run("redeliver", id, ...range, "--rate", "20")).exitCode, 0)
    const filter = { subscription: id, from: "2026-01-31T09:00:00Z", to: "2026-01-31T10:00:00Z" }
    assert.deepStrictEqual(
      asked.slice(-4).map(({ body, path }) => [path, body]),
      [
        ["/v1/jobs/plan", { action: "redeliver-messages", filter }],
        ["/v1/jobs/plan", { action: "redeliver-messages", filter }],
        ["/v1/jobs", { token: "text.mark", rate: 20 }],
        [`/v1/jobs/${job.id}`, undefined]
      ]
    )
  })
)
