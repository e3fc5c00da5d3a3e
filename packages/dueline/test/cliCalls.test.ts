import { assert, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { callId, cancelled, eventsOf, failed, fakeProgram, scheduled, succeeded } from "./FakeProgram.ts"
import { runCli } from "./runCli.ts"

const path = `/v1/service-calls/${callId}`
const url = ["call", "submit", "--url", "https://example.com/hooks/42"]
const told = (...types: ReadonlyArray<string>) => eventsOf("ServiceCallSubmitted", ...types)

it.effect("submit sends every flag as the API wants it, with the token", () =>
  Effect.gen(function* () {
    const { asked, fetch } = fakeProgram()
    const flags = [
      "--body",
      "hello",
      "--header",
      "x-a: b:c",
      "--header",
      "x-d:e",
      "--delay",
      "3s",
      "--tag",
      "one",
      "--tag",
      "two"
    ]
    const more = ["--max-attempts", "2", "--timeout", "10s", "--key", "invoice-42", "--wait", "3"]
    const { exitCode } = yield* runCli([...url, ...flags, ...more], { fetch })
    assert.strictEqual(exitCode, 0)
    assert.deepStrictEqual(asked[0]?.body, {
      delay: "3s",
      tags: ["one", "two"],
      retry: { maxAttempts: 2 },
      timeoutMs: 10_000,
      request: {
        method: "POST",
        url: "https://example.com/hooks/42",
        headers: { "x-a": "b:c", "x-d": "e" },
        body: "hello"
      }
    })
    assert.strictEqual(asked[0]?.headers["idempotency-key"], "invoice-42")
    assert.strictEqual(asked[0]?.headers["prefer"], "wait=3")
    assert.strictEqual(asked[0]?.headers["authorization"], "Bearer a-token")
  })
)

it.effect("without flags submit sends nothing but a GET to the address", () =>
  Effect.gen(function* () {
    const { asked, fetch } = fakeProgram()
    yield* runCli(url, { fetch })
    assert.deepStrictEqual(asked[0]?.body, { request: { method: "GET", url: "https://example.com/hooks/42" } })
    assert.isUndefined(asked[0]?.headers["idempotency-key"])
  })
)

it.effect("a body comes from standard input with -, as text or as JSON", () =>
  Effect.gen(function* () {
    const { asked, fetch } = fakeProgram()
    yield* runCli([...url, "--body", "-"], { fetch, stdin: '{"a":1}' })
    yield* runCli([...url, "--json-body", "-"], { fetch, stdin: '{"a":1}' })
    const bodies = asked.map(({ body }) => (body as { readonly request: { readonly body: unknown } }).request.body)
    assert.deepStrictEqual(bodies, ['{"a":1}', { a: 1 }])
  })
)

it.effect("a body that is not text is refused before anything is sent", () =>
  Effect.gen(function* () {
    const { asked, fetch } = fakeProgram()
    const { exitCode, stderr } = yield* runCli([...url, "--body", "-"], { fetch, stdin: new Uint8Array([0xff, 0xfe]) })
    assert.strictEqual(stderr, "error: standard input is not text in UTF-8")
    assert.strictEqual(exitCode, 1)
    assert.strictEqual(asked.length, 0)
  })
)

it.effect("submit prints the call in words, and with --json as the program answered", () =>
  Effect.gen(function* () {
    const { fetch } = fakeProgram()
    const words = yield* runCli(url, { fetch, isTerminal: true, offsetMinutes: 60 })
    assert.strictEqual(words.stdout, `${callId}  Scheduled  due 1970-01-01T01:00:02.000+01:00 (in 2.0 s)`)
    assert.strictEqual(words.stderr, `follow it with: dueline call watch ${callId}`)
    const json = yield* runCli([...url, "--json"], { fetch, isTerminal: true })
    assert.deepStrictEqual(JSON.parse(json.stdout), {
      id: callId,
      status: "Scheduled",
      dueAt: scheduled.dueAt,
      attempt: 0,
      version: 1,
      links: scheduled.links
    })
    assert.strictEqual(json.stderr, "")
  })
)

it.effect("list is a table of what the filters let through", () =>
  Effect.gen(function* () {
    const { asked, fetch } = fakeProgram({ list: [scheduled, failed] })
    const filter = ["--status", "Failed", "--tag", "a", "--tag", "b", "--q", "hooks"]
    const { stdout } = yield* runCli(["call", "list", ...filter], { fetch })
    assert.strictEqual(
      stdout,
      [
        "ID                                    STATUS     DUE                                            TRIES  HTTP  REQUEST",
        `${callId}  Scheduled  1970-01-01T00:00:02.000Z       in 2.0 s        0      -     POST https://example.com/hooks/42`,
        `${callId}  Failed     1970-01-01T00:00:02.000Z       in 2.0 s        1      404   POST https://example.com/hooks/42`
      ].join("\n")
    )
    const query = new URLSearchParams(asked[0]?.query)
    const asFiltered = [query.get("status"), query.getAll("tag"), query.get("q"), query.get("limit")]
    assert.deepStrictEqual(asFiltered, ["Failed", ["a", "b"], "hooks", "20"])
  })
)

it.effect("list stops at --limit and says how to go on; --all reads every page, one call a line with --json", () =>
  Effect.gen(function* () {
    const { asked, fetch } = fakeProgram({ list: [scheduled, failed, succeeded, cancelled, scheduled] })
    const some = yield* runCli(["call", "list", "--limit", "2"], { fetch, isTerminal: true })
    assert.strictEqual(some.stdout.split("\n").length, 3)
    assert.strictEqual(some.stderr, "there are more: --all, or --cursor 2")
    const all = yield* runCli(["call", "list", "--limit", "2", "--all", "--json"], { fetch })
    const statuses = all.stdout.split("\n").map((line) => (JSON.parse(line) as { readonly status: string }).status)
    assert.deepStrictEqual(statuses, ["Scheduled", "Failed", "Succeeded", "Cancelled", "Scheduled"])
    assert.strictEqual(asked.length, 4)
  })
)

it.effect("show gives every attempt, and with --events the history", () =>
  Effect.gen(function* () {
    const events = told("ExecutionStarted", "ExecutionFailed", "ServiceCallFailed")
    const { fetch } = fakeProgram({ sights: [{ call: failed, events }] })
    const { stdout } = yield* runCli(["call", "show", callId, "--events"], { fetch })
    assert.match(stdout, /^status {7}Failed$/mu)
    assert.match(stdout, /^1 {4}1970-01-01T00:00:02\.001Z {2}249 ms {2}failed {3}404 {3}http_status: 404 Not Found$/mu)
    assert.match(
      stdout,
      /^ {2}3 {2}1970-01-01T00:00:02\.000Z {2}ExecutionFailed +attempt 1, status 404, took 249 ms, reason http_status/mu
    )
  })
)

it.effect("show --as-of asks for the call as it was", () =>
  Effect.gen(function* () {
    const { asked, fetch } = fakeProgram({ sights: [{ call: failed, events: [] }] })
    yield* runCli(["call", "show", callId, "--as-of", "2"], { fetch })
    assert.strictEqual(asked[0]?.query, "?asOf=2")
  })
)

it.effect("reschedule means the version it finds, unless --if-match names another", () =>
  Effect.gen(function* () {
    const { asked, fetch } = fakeProgram({ sights: [{ call: failed, events: [] }] })
    yield* runCli(["call", "reschedule", callId, "--delay", "2h"], { fetch })
    yield* runCli(["call", "reschedule", callId, "--due-at", "2026-01-31T09:00:00+01:00", "--if-match", "7"], { fetch })
    assert.deepStrictEqual(
      asked.map(({ body, headers, method }) => [method, headers["if-match"], body]),
      [
        ["GET", undefined, undefined],
        ["PATCH", '"4"', { delay: "2h" }],
        ["PATCH", '"7"', { dueAt: "2026-01-31T09:00:00+01:00" }]
      ]
    )
  })
)

it.effect("cancel says that no request will be made, run that the call is due again", () =>
  Effect.gen(function* () {
    const { asked, fetch } = fakeProgram()
    assert.match(
      (yield* runCli(["call", "cancel", callId, "--key", "k"], { fetch })).stdout,
      /Cancelled[^\n]*\nno request will be made$/u
    )
    assert.match((yield* runCli(["call", "run", callId], { fetch })).stdout, /Scheduled/u)
    assert.deepStrictEqual(
      asked.map(({ method, path }) => `${method} ${path}`),
      [`POST ${path}/cancel`, `POST ${path}/run`]
    )
    assert.strictEqual(asked[0]?.headers["idempotency-key"], "k")
  })
)

/** Moves the test's clock on whenever the command waits; bounded, so that a command that never ends fails the test. */
const watched = (fetch: typeof globalThis.fetch, ...flags: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(runCli(["call", "watch", callId, ...flags], { fetch }))
    for (let turns = 0; turns < 20_000 && fiber.pollUnsafe() === undefined; turns++) {
      yield* TestClock.adjust(250)
      yield* Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))
    }
    return yield* Fiber.join(fiber)
  })

it.effect("watch prints each event once, asks with the ETag it has, and ends with 3 when the call failed", () =>
  Effect.gen(function* () {
    const started = { ...scheduled, status: "Running" as const, version: 2 }
    const { asked, fetch } = fakeProgram({
      sights: [
        { call: scheduled, events: told() },
        { call: scheduled, events: told() },
        { call: started, events: told("ExecutionStarted") },
        { call: failed, events: told("ExecutionStarted", "ExecutionFailed", "ServiceCallFailed") }
      ]
    })
    const { exitCode, stdout } = yield* watched(fetch)
    const types = stdout
      .split("\n")
      .slice(0, -1)
      .map((line) => line.trim().split(/ {2,}/u)[2])
    assert.deepStrictEqual(types, ["ServiceCallSubmitted", "ExecutionStarted", "ExecutionFailed", "ServiceCallFailed"])
    assert.strictEqual(exitCode, 3)
    const looks = asked.filter((request) => request.path === path)
    assert.deepStrictEqual(
      looks.map(({ headers }) => headers["if-none-match"]),
      [undefined, '"1"', '"1"', '"2"']
    )
  })
)

const ends = [
  [succeeded, 0],
  [failed, 3],
  [cancelled, 4]
] as const

it.effect.each(ends)("watch ends with what became of the call, with --json as its last line", ([call, code]) =>
  Effect.gen(function* () {
    const { fetch } = fakeProgram({ sights: [{ call, events: told() }] })
    const { exitCode, stdout } = yield* watched(fetch, "--json")
    const lines = stdout
      .split("\n")
      .map((line) => JSON.parse(line) as { readonly type?: string; readonly status?: string })
    assert.deepStrictEqual(
      lines.map(({ status, type }) => type ?? status),
      ["ServiceCallSubmitted", call.status]
    )
    assert.strictEqual(exitCode, code)
  })
)

it.effect("watch goes on through a restart of the program", () =>
  Effect.gen(function* () {
    const { fetch } = fakeProgram({
      sights: [
        { call: scheduled, events: told() },
        { call: succeeded, events: told("ExecutionStarted") }
      ]
    })
    let requests = 0
    const refused = Object.assign(new TypeError("fetch failed"), {
      cause: Object.assign(new Error("refused"), { code: "ECONNREFUSED" })
    })
    const restarting: typeof globalThis.fetch = (input, init) => {
      requests++
      return requests > 2 && requests < 7 ? Promise.reject(refused) : fetch(input, init)
    }
    const { exitCode, stderr } = yield* watched(restarting)
    assert.strictEqual(stderr, "the program does not answer; still watching")
    assert.strictEqual(exitCode, 0)
  })
)
