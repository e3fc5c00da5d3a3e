import { assert, it } from "@effect/vitest"
import { bulkJobExample } from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import { Effect } from "effect"
import { answering } from "./answering.ts"
import { runCli } from "./runCli.ts"

const { id } = bulkJobExample
const letterId = "5b0e7d2a-4c81-4e93-a1f6-9d0e7b2a543c"
const letter = {
  id: letterId,
  state: "Waiting",
  topic: "ops.order.scheduled",
  group: "mails",
  eventId: "e-1",
  streamId: "4a7d0c93-15e8-8b2f-9c64-7f1e3d5b8a20",
  failures: 10,
  reason: "timed out \u001b[31m",
  diedAt: "2026-01-31T09:40:00.000Z",
  replays: 0,
  replayedAt: null,
  links: { self: `/v1/dead-letters/${letterId}`, job: null }
}
const plan = {
  action: "run-calls",
  count: 2,
  exact: true,
  sample: [{ id: "c-1", target: "https://example.com", reason: "timeout", links: { self: "/v1/service-calls/c-1" } }],
  byTarget: [{ name: "https://example.com", count: 2 }],
  byReason: [{ name: "timeout", count: 2 }],
  plannedAt: "2026-01-31T09:40:00.000Z",
  expiresAt: "2026-01-31T09:55:00.000Z",
  token: "text.mark"
}
const ended = {
  ...bulkJobExample,
  status: "Completed",
  progress: { done: 118, failed: 1, skipped: 1 },
  endedAt: "2026-01-31T09:42:00.000Z",
  version: 5,
  correlationId: "0abc"
}

/** Answers as the program does, and keeps what came. */
const program = (job: object = ended) =>
  answering(({ method, pathname }) => {
    const headers = { etag: '"1"', location: `/v1/jobs/${id}` }
    const item = { id: "c-1", outcome: "failed", detail: "why", links: { self: "/x" } }
    if (pathname === "/v1/dead-letters") return Response.json({ items: [letter], nextCursor: null })
    if (pathname.endsWith("/replay")) return Response.json(bulkJobExample, { status: 202, headers })
    if (pathname.startsWith("/v1/dead-letters/")) {
      const attempts = [{ at: null, error: "timed out" }]
      return Response.json({ ...letter, payload: { n: 1 }, attempts })
    }
    if (pathname.endsWith("/plan")) return Response.json(plan)
    if (pathname.endsWith("/items")) return Response.json({ items: [item], nextCursor: null })
    if (pathname.endsWith("/jobs"))
      return method === "GET"
        ? Response.json({ items: [job], nextCursor: null })
        : Response.json(bulkJobExample, { status: 201, headers })
    return Response.json(method === "GET" ? job : bulkJobExample, { headers })
  })

it.effect("jobs plan sends action and filter, and prints counts, a sample and the token", () =>
  Effect.gen(function* () {
    const { asked, fetch } = program()
    const args = ["jobs", "plan", "move-calls", "--tag", "a", "--q", "example.com", "--move-by", "2h"]
    const { exitCode, stderr, stdout } = yield* runCli(args, { fetch })
    assert.strictEqual(exitCode, 0, stderr)
    assert.match(stdout, /count +2\n[\s\S]*https:\/\/example\.com +2[\s\S]*timeout +2[\s\S]*\ntext\.mark$/u)
    const filter = { q: "example.com", tags: ["a"] }
    assert.deepStrictEqual(asked, [
      { method: "POST", path: "/v1/jobs/plan", body: { action: "move-calls", filter, moveBy: "2h" } }
    ])
  })
)

it.effect(
  "jobs start takes the token from standard input and follows the job to its end, whose failures the exit code tells",
  () =>
    Effect.gen(function* () {
      const { asked, fetch } = program()
      const started = yield* runCli(["jobs", "start", "-", "--rate", "20", "--watch"], { fetch, stdin: "text.mark\n" })
      assert.strictEqual(started.exitCode, 3, started.stderr)
      assert.deepStrictEqual(asked[0]?.body, { token: "text.mark", rate: 20 })
      assert.include(started.stdout, "120 of 120: 118 done, 1 failed, 1 skipped")
      assert.include(started.stderr, "[##############################] 100 %")
      const aborted = program({ ...ended, status: "Aborted" })
      assert.strictEqual((yield* runCli(["jobs", "watch", id], { fetch: aborted.fetch })).exitCode, 4)
    })
)

it.effect("jobs are listed, shown with their items, paused, resumed and aborted", () =>
  Effect.gen(function* () {
    const { asked, fetch } = program()
    assert.match((yield* runCli(["jobs", "list", "--status", "Completed"], { fetch })).stdout, /Completed +run-calls/u)
    assert.match((yield* runCli(["jobs", "show", id, "--items", "failed"], { fetch })).stdout, /c-1 +failed +why/u)
    for (const name of ["pause", "resume", "abort"]) yield* runCli(["jobs", name, id], { fetch })
    assert.deepStrictEqual(
      asked.slice(-3).map(({ path }) => path),
      ["pause", "resume", "abort"].map((name) => `/v1/jobs/${id}/${name}`)
    )
  })
)

it.effect("dlq lists and shows dead letters, without what would steer the terminal, and replays one", () =>
  Effect.gen(function* () {
    const { asked, fetch } = program({ ...ended, progress: { done: 1, failed: 0, skipped: 0 } })
    const listed = yield* runCli(["dlq", "list", "--group", "mails", "--state", "Waiting"], { fetch })
    assert.match(listed.stdout, /Waiting[\s\S]*mails[\s\S]*timed out \\x1b/u)
    const shown = yield* runCli(["dlq", "show", letterId], { fetch })
    assert.include(shown.stdout, '"n": 1')
    const replayed = yield* runCli(["dlq", "replay", letterId], { fetch })
    assert.strictEqual(replayed.exitCode, 0, replayed.stderr)
    assert.deepStrictEqual(
      asked.slice(2, 4).map(({ path }) => path),
      [`/v1/dead-letters/${letterId}/replay`, `/v1/jobs/${id}`]
    )
  })
)
