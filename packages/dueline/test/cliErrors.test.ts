import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { callId, fakeProgram, scheduled } from "./FakeProgram.ts"
import { runCli } from "./runCli.ts"

const broken =
  (code: string): typeof globalThis.fetch =>
  () =>
    Promise.reject(Object.assign(new TypeError("fetch failed"), { cause: Object.assign(new Error("no"), { code }) }))

const answering =
  (body: unknown, status: number): typeof globalThis.fetch =>
  () =>
    Promise.resolve(Response.json(body, { status }))

it.effect("a refusal is one line with code and correlation, then field by field", () =>
  Effect.gen(function* () {
    const { fetch } = fakeProgram({ refuse: "request_refused" })
    const { exitCode, stderr, stdout } = yield* runCli(["call", "submit", "--url", "ftp://a.example"], { fetch })
    assert.strictEqual(
      stderr,
      [
        "error: The HTTP request to be made is not allowed: Correct what `errors` lists (code request_refused, correlation abc123)",
        "  body.request.url: must be http or https"
      ].join("\n")
    )
    assert.strictEqual(stdout, "")
    assert.strictEqual(exitCode, 1)
  })
)

it.effect("with --json a refusal is JSON too, on standard error", () =>
  Effect.gen(function* () {
    const { fetch } = fakeProgram({ refuse: "request_refused" })
    const { stderr } = yield* runCli(["call", "list", "--json"], { fetch })
    const { error } = JSON.parse(stderr) as {
      readonly error: { readonly code: string; readonly correlationId: string }
    }
    assert.deepStrictEqual([error.code, error.correlationId], ["request_refused", "abc123"])
  })
)

it.effect("when no program answers it says where it looked and how to start one", () =>
  Effect.gen(function* () {
    const { exitCode, stderr } = yield* runCli(["call", "list"], {
      fetch: broken("ECONNREFUSED"),
      env: { PORT: "9123" }
    })
    assert.strictEqual(
      stderr,
      [
        "error: No program answers at http://127.0.0.1:9123",
        "  start it with `npm start`, or name another one with --server"
      ].join("\n")
    )
    assert.strictEqual(exitCode, 1)
  })
)

it.effect("--server goes before DUELINE_SERVER, and that before PORT", () =>
  Effect.gen(function* () {
    const env = { PORT: "9123", DUELINE_SERVER: "http://b.example:1" }
    const fetch = broken("ECONNREFUSED")
    assert.match((yield* runCli(["call", "list"], { fetch, env })).stderr, /at http:\/\/b\.example:1$/mu)
    assert.match(
      (yield* runCli(["call", "list", "--server", "http://c.example:2"], { fetch, env })).stderr,
      /at http:\/\/c\.example:2$/mu
    )
  })
)

it.effect("a connection that breaks off says that something may have happened", () =>
  Effect.gen(function* () {
    const { stderr } = yield* runCli(["call", "cancel", callId], { fetch: broken("ECONNRESET") })
    assert.match(stderr, /failed: ECONNRESET\n.*may have happened/u)
  })
)

it.effect("a problem outside the definition is still told with its code", () =>
  Effect.gen(function* () {
    const words = { title: "Something went wrong on our side.", detail: "Report it." }
    const problem = { type: "urn:x", ...words, code: "internal", status: 500, correlationId: "abc" }
    const { stderr } = yield* runCli(["call", "list"], { fetch: answering(problem, 500) })
    assert.strictEqual(stderr, "error: Something went wrong on our side: Report it (code internal, correlation abc)")
  })
)

it.effect.each([200, 404, 500])("an answer with %i that is not Dueline's is named as such", (status) =>
  Effect.gen(function* () {
    const { exitCode, stderr } = yield* runCli(["call", "list"], { fetch: answering({ hello: "world" }, status) })
    assert.match(stderr, /^error: What answers at \S+(?: address)? is not Dueline, or another version of it/u)
    assert.notMatch(stderr, /\n\s+at /u)
    assert.strictEqual(exitCode, 1)
  })
)

it.effect("every mistake of the configuration is listed at once, and no secret is shown", () =>
  Effect.gen(function* () {
    const env = { PORT: "eighty", LOG_LEVEL: "loud", DUELINE_TOKENS: "s3cret" }
    const { exitCode, stderr } = yield* runCli(["serve"], { env })
    for (const name of ["PORT", "LOG_LEVEL", "DUELINE_TOKENS"]) assert.include(stderr, `  ${name}: `)
    assert.notInclude(stderr, "s3cret")
    assert.strictEqual(exitCode, 1)
  })
)

it.effect("control characters in an answer do not reach the terminal", () =>
  Effect.gen(function* () {
    const evil = { ...scheduled, request: { ...scheduled.request, url: "https://example.com/\u001b[2J" } }
    const { stdout } = yield* runCli(["call", "list"], { fetch: fakeProgram({ list: [evil] }).fetch })
    assert.include(stdout, "https://example.com/\\x1b[2J")
    assert.notInclude(stdout, "\u001b")
  })
)

it.effect("colour is for terminals that have it, and leaves the columns as they are", () =>
  Effect.gen(function* () {
    const { fetch } = fakeProgram({ list: [scheduled] })
    const plain = yield* runCli(["call", "list"], { fetch })
    const coloured = yield* runCli(["call", "list"], { fetch, colour: true })
    assert.include(coloured.stdout, "\u001b[34mScheduled\u001b[0m")
    assert.strictEqual(coloured.stdout.replaceAll("\u001b[34m", "").replaceAll("\u001b[0m", ""), plain.stdout)
  })
)

it.effect("a token of no token's form is refused before it is used, and never shown", () =>
  Effect.gen(function* () {
    const { exitCode, stderr } = yield* runCli(["call", "list"], { env: { DUELINE_TOKEN: "s3cret\nb" } })
    assert.match(stderr, /^error: The token holds/u)
    assert.notInclude(stderr, "s3cret")
    assert.strictEqual(exitCode, 2)
  })
)

it.effect("DUELINE_SERVER is checked as --server is", () =>
  Effect.gen(function* () {
    const { exitCode, stderr } = yield* runCli(["call", "list"], { env: { DUELINE_SERVER: "ftp://a.example" } })
    assert.match(stderr, /DUELINE_SERVER.*Expected: an address/u)
    assert.strictEqual(exitCode, 2)
  })
)

it.effect("a read that breaks off changed nothing, and a port that is never asked is named", () =>
  Effect.gen(function* () {
    const { stderr } = yield* runCli(["call", "list"], { fetch: broken("ECONNRESET") })
    assert.match(stderr, /failed: ECONNRESET/u)
    assert.notInclude(stderr, "may have happened")
    const badPort = () => Promise.reject(new TypeError("fetch failed", { cause: new Error("bad port") }))
    assert.match(
      (yield* runCli(["call", "cancel", callId], { fetch: badPort })).stderr,
      /never use port.*address that the program printed/su
    )
  })
)
