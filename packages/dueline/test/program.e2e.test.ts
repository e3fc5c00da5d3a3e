/** The whole program from the outside, through the typed client: a person's first five minutes, and what an operator relies on. */
import { assert, describe, it } from "@effect/vitest"
import * as DuelineClient from "@dueline/client/DuelineClient"
import { verifySignature } from "@dueline/execution/attempts/signature"
import { Effect, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { afterAll, beforeAll } from "vitest"
import { keptAliveClients } from "./keptAliveClients.ts"
import { newHome, removeHome, runCommand, type RunningProgram, startProgram } from "./RunningProgram.ts"
import { startTarget, type Target } from "./Target.ts"

let home: string
let program: RunningProgram
let target: Target
let token: string

beforeAll(async () => {
  home = await newHome()
  target = await startTarget(({ path }, response) => {
    const status = Number(/status=(\d+)/u.exec(path)?.[1] ?? 200)
    const answer = () =>
      response
        .writeHead(status, status === 429 ? { "retry-after": "1" } : {})
        .end(`{"password":"hunter2-of-the-target","memberNo":"of-the-target-4723"}`)
    if (path.includes("slow")) setTimeout(answer, 1_500)
    else answer()
  })
  program = await startProgram(home)
  token = (await runCommand(home, ["token"])).stdout.trim()
})

afterAll(async () => {
  await program.stop("SIGTERM")
  await target.close()
  await removeHome(home)
})

const client = () => DuelineClient.make({ baseUrl: program.address, token: Redacted.make(token) })
const withClient = <A, E>(use: (api: DuelineClient.DuelineClient) => Effect.Effect<A, E>) =>
  Effect.flatMap(client(), use).pipe(Effect.provide(FetchHttpClient.layer))

/** Submits and waits for the end; the answer is the whole call. */
const submitAndWait = (path: string, extra: object = {}) =>
  withClient((api) =>
    api.serviceCalls.submit({
      headers: { prefer: "wait=20" },
      payload: { request: { method: "POST", url: `${target.url}${path}`, body: { hello: "world" } }, ...extra }
    })
  )

describe("the program", () => {
  it.live(
    "executes a call when it is due and tells how",
    () =>
      Effect.gen(function* () {
        const { body } = yield* submitAndWait("/when-due", { delay: 700 })
        assert.strictEqual(body.status, "Succeeded")
        const seen = target.seen.filter(({ path }) => path === "/when-due")
        assert.strictEqual(seen.length, 1)
        assert.isAtLeast(seen[0]?.at ?? 0, Date.parse(body.dueAt))
        assert.strictEqual(seen[0]?.headers["dueline-call-id"], body.id)
        assert.strictEqual(seen[0]?.headers["idempotency-key"], body.id)
        const secret = (yield* Effect.promise(() => runCommand(home, ["tenant", "secret", "demo"]))).stdout.trim()
        const verified = verifySignature({
          headers: seen[0]?.headers as Record<string, string>,
          body: seen[0]?.body ?? "",
          secrets: [Redacted.make(secret)],
          now: seen[0]?.at ?? 0
        })
        assert.strictEqual(verified._tag, "Valid")
        const { items } = yield* withClient((api) => api.serviceCalls.events({ params: { id: body.id }, query: {} }))
        assert.deepStrictEqual(
          items.map(({ type }) => type),
          ["ServiceCallSubmitted", "ExecutionStarted", "ExecutionSucceeded"]
        )
      }),
    { tags: ["ADR-0001.2", "ADR-0012.2"] }
  )

  it.live("retries what is worth retrying, as late as the target asked for", () =>
    Effect.gen(function* () {
      const { body } = yield* submitAndWait("/busy?status=429", { retry: { maxAttempts: 2, initialDelayMs: 10 } })
      assert.strictEqual(body.status, "Failed")
      assert.strictEqual("failureReason" in body ? body.failureReason : undefined, "http_status")
      const [first, second] = target.seen.filter(({ path }) => path.startsWith("/busy"))
      assert.isAtLeast((second?.at ?? 0) - (first?.at ?? 0), 1_000)
      assert.deepStrictEqual(
        [first, second].map((one) => one?.headers["dueline-epoch"]),
        ["1", "2"]
      )
    })
  )

  it.live("does not retry a permanent failure, and runs it again when asked to", () =>
    Effect.gen(function* () {
      const { body } = yield* submitAndWait("/gone?status=410")
      assert.strictEqual(body.status, "Failed")
      const again = yield* withClient((api) => api.serviceCalls.run({ params: { id: body.id }, headers: {} }))
      assert.strictEqual(again.body.status, "Scheduled")
    })
  )

  it.live(
    "sends nothing after a cancel that was answered with 200",
    () =>
      Effect.gen(function* () {
        const submitted = yield* withClient((api) =>
          api.serviceCalls.submit({
            headers: {},
            payload: { delay: 1_000, request: { method: "GET", url: `${target.url}/never` } }
          })
        )
        const cancelled = yield* withClient((api) =>
          api.serviceCalls.cancel({ params: { id: submitted.body.id }, headers: {} })
        )
        assert.strictEqual(cancelled.body.status, "Cancelled")
        // A call due after it has been executed: had the cancelled one been sent, it would have been seen by now.
        yield* submitAndWait("/after-never", { delay: 1_200 })
        assert.isFalse(target.seen.some(({ path }) => path === "/never"))
      }),
    { tags: ["ADR-0012.5"] }
  )

  it.live("says that a call on the wire is the last one, and that an ended call is past cancelling", () =>
    Effect.gen(function* () {
      const submitted = yield* withClient((api) =>
        api.serviceCalls.submit({ headers: {}, payload: { request: { method: "GET", url: `${target.url}/slow` } } })
      )
      const { id } = submitted.body
      const seen = () => target.seen.some(({ path }) => path === "/slow")
      yield* Effect.repeat(Effect.sleep("20 millis"), { until: () => seen(), times: 500 })
      const during = yield* withClient((api) => api.serviceCalls.cancel({ params: { id }, headers: {} }))
      assert.strictEqual(during.body.status, "Running")
      const ended = yield* withClient((api) =>
        Effect.repeat(Effect.delay(api.serviceCalls.get({ params: { id }, query: {}, headers: {} }), "20 millis"), {
          until: ({ body }) => body === undefined || body.status !== "Running",
          times: 500
        })
      )
      assert.strictEqual(ended.body?.status, "Succeeded")
      const after = yield* Effect.flip(withClient((api) => api.serviceCalls.cancel({ params: { id }, headers: {} })))
      assert.strictEqual(after._tag, "Conflict")
    })
  )

  it.live(
    "shows no secret of a request or an answer anywhere",
    () =>
      Effect.gen(function* () {
        const { body } = yield* submitAndWait("/secrets?api_key=in-the-url-4711", {
          request: {
            method: "POST",
            url: `${target.url}/secrets?api_key=in-the-url-4711`,
            headers: { authorization: "Bearer in-the-header-4712" },
            body: { password: "in-the-body-4713", card: "4111 1111 1111 1111", mail: "someone@example.com" }
          }
        })
        const arrived = target.seen.find(({ path }) => path.includes("in-the-url-4711"))
        assert.strictEqual(arrived?.headers.authorization, "Bearer in-the-header-4712")
        assert.include(arrived?.body, "in-the-body-4713")
        const { items } = yield* withClient((api) => api.serviceCalls.events({ params: { id: body.id }, query: {} }))
        const shown = JSON.stringify([body, items]) + program.output()
        for (const secret of ["4711", "4712", "4713", "4111 1111", "someone@example.com", "hunter2-of-the-target"]) {
          assert.notInclude(shown, secret)
        }
      }),
    { tags: ["ADR-0012.7"] }
  )

  it.live(
    "shows nothing that a tenant has named either, and keeps no request of a call that failed when it wants none kept",
    () =>
      Effect.gen(function* () {
        const payload = { patterns: ["field:memberNo", "MRN-*"], failedRequests: "drop" } as const
        yield* withClient((api) => api.redaction.set({ payload }))
        const { body } = yield* submitAndWait("/members/MRN-4721?status=410", {
          request: {
            method: "POST",
            url: `${target.url}/members/MRN-4721?status=410`,
            headers: { memberNo: "in-the-header-4722" },
            body: { memberNo: "in-the-body-4724", note: "see MRN-4725" }
          }
        })
        yield* withClient((api) => api.redaction.reset())
        assert.strictEqual(body.status, "Failed")
        const arrived = target.seen.find(({ path }) => path.includes("MRN-4721"))
        assert.include(arrived?.body, "in-the-body-4724")
        const { items } = yield* withClient((api) => api.serviceCalls.events({ params: { id: body.id }, query: {} }))
        const shown = JSON.stringify([body, items]) + program.output()
        for (const secret of ["4721", "4722", "4723", "4724", "4725"]) assert.notInclude(shown, secret)
        const again = yield* Effect.flip(
          withClient((api) => api.serviceCalls.run({ params: { id: body.id }, headers: {} }))
        )
        assert.strictEqual("code" in again ? again.code : again._tag, "request_not_kept")
      }),
    { tags: ["ADR-0012.13"] }
  )

  it.live(
    "finishes what is on the wire when it is told to stop, also by a terminal that closes, and goes on with the rest at the next start",
    () =>
      Effect.gen(function* () {
        const submit = (path: string, delay: number) =>
          withClient((api) =>
            api.serviceCalls.submit({
              headers: {},
              payload: { delay, request: { method: "GET", url: `${target.url}${path}` } }
            })
          )
        const slow = yield* submit("/slow-at-stop", 0)
        const later = yield* submit("/after-restart", 2_500)
        const seen = () => target.seen.some(({ path }) => path === "/slow-at-stop")
        yield* Effect.repeat(Effect.sleep("20 millis"), { until: () => seen(), times: 500 })
        const clients = keptAliveClients(program.address, 12)
        yield* Effect.promise(() => clients.warm)
        // As a terminal does that is closed: nobody reads the log any more, and the signal is another one.
        program.child.stderr?.destroy()
        assert.strictEqual(yield* Effect.promise(() => program.stop("SIGHUP")), 0, program.output())
        assert.deepStrictEqual(yield* Effect.promise(() => clients.cutOff), [])
        program = yield* Effect.promise(() => startProgram(home))
        const ended = yield* withClient((api) =>
          api.serviceCalls.get({ params: { id: slow.body.id }, query: {}, headers: {} })
        )
        assert.deepStrictEqual([ended.body?.status, ended.body?.attempt], ["Succeeded", 1])
        const rest = yield* withClient((api) =>
          Effect.repeat(
            Effect.delay(api.serviceCalls.get({ params: { id: later.body.id }, query: {}, headers: {} }), "50 millis"),
            {
              until: ({ body }) => body === undefined || body.status === "Succeeded",
              times: 400
            }
          )
        )
        assert.strictEqual(rest.body?.status, "Succeeded")
      })
  )
})

describe("starting", () => {
  it("names every mistake of the configuration at once and none of its secrets", async () => {
    const { code, stderr, stdout } = await runCommand(home, ["serve"], {
      PORT: "eighty",
      DUELINE_EGRESS_ALLOW: "not a host",
      LOG_LEVEL: "loud",
      DUELINE_CONCURRENCY: "0",
      DUELINE_HOEM: "/nowhere"
    })
    const said = stdout + stderr
    assert.strictEqual(code, 1)
    for (const name of ["PORT", "LOG_LEVEL", "DUELINE_EGRESS_ALLOW", "DUELINE_CONCURRENCY", "DUELINE_HOEM"])
      assert.include(said, name)
    assert.notInclude(said, "    at ")
  })

  it("says which address another program listens on already", async () => {
    const other = await newHome()
    const port = new URL(program.address).port
    const { code, stderr, stdout } = await runCommand(other, ["serve"], { PORT: port })
    await removeHome(other)
    assert.strictEqual(code, 1)
    assert.include(stdout + stderr, `127.0.0.1:${port}`)
    assert.notInclude(stdout + stderr, "    at ")
  })

  it("refuses a home that another program uses, and names it", async () => {
    const { code, stderr, stdout } = await runCommand(home, ["serve"])
    assert.strictEqual(code, 1)
    assert.include(stdout + stderr, String(program.child.pid))
    assert.notInclude(stdout + stderr, "    at ")
  })
})
