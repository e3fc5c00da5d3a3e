import { CommandId, type CorrelationId, EpochMillis, ServiceCallId, StreamId, WorkerId } from "@dueline/contracts/Ids"
import { rowId } from "@dueline/contracts/kinds"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { Edge, later, layer as edge, tenant } from "./Edge.ts"

const calls = "/v1/service-calls"
const now = { delay: 0, request: { method: "GET", url: "https://example.com/now" } }
const json = { "content-type": "application/json" }

/** What timer and executor would say. */
const tell = Effect.fnUntraced(function* (command: ServiceCallCommand, commandId: string) {
  const { orchestrator } = yield* Edge
  return yield* orchestrator.ask({
    tenantId: tenant,
    commandId: CommandId.make(commandId),
    correlationId: "test" as CorrelationId,
    actor: { kind: "system", id: "test" },
    traceparent: null,
    idempotency: null,
    expectedVersion: null,
    command
  })
})

const at = () => EpochMillis.make(Date.now() + 1_000)

const start = (id: string, revision = 1) => {
  const callId = ServiceCallId.make(id)
  return tell(
    { _tag: "DueTimeReached", callId, at: at(), revision, worker: WorkerId.make("w") },
    `due:${id}:${revision}`
  )
}

const succeed = (id: string, epoch = 1) =>
  tell(
    {
      _tag: "RecordSuccess",
      callId: ServiceCallId.make(id),
      at: at(),
      epoch,
      status: 200,
      durationMs: 12,
      response: { bodyBytes: 2, bodySnippet: "ok", truncated: false }
    },
    `result:${id}:${epoch}`
  )

const fail = (id: string, epoch = 1) =>
  tell(
    {
      _tag: "RecordFailure",
      callId: ServiceCallId.make(id),
      at: at(),
      epoch,
      reason: "http_status",
      detail: "answered 400",
      status: 400,
      durationMs: 5,
      response: null,
      retryable: false,
      retryAfterMs: null,
      roll: 0
    },
    `result:${id}:${epoch}`
  )

const handBack = (id: string, epoch = 1) =>
  tell(
    {
      _tag: "HandBackExecution",
      callId: ServiceCallId.make(id),
      at: at(),
      epoch,
      reason: "draining",
      retryAt: at()
    },
    `back:${id}:${epoch}`
  )

const submitted = (body: object = now) =>
  Effect.flatMap(Edge, ({ submit }) => Effect.map(submit(body), ({ json }) => String(json["id"])))

layer(edge, { excludeTestServices: true })("service calls", (it) => {
  it.effect("an attempt that was handed back is none in the detail, and is told of in the history", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      const id = yield* submitted()
      yield* start(id)
      yield* handBack(id)
      const { json } = yield* send({ method: "GET", path: `${calls}/${id}` })
      assert.deepInclude(json, { status: "Scheduled", attempt: 0, epoch: 1, attempts: [] })
      const history = yield* send({ method: "GET", path: `${calls}/${id}/events` })
      const { items } = history.json as { readonly items: ReadonlyArray<Record<string, unknown>> }
      assert.deepInclude(items.at(-1), { version: 3, type: "ExecutionHandedBack" })
      assert.deepInclude(items.at(-1)?.["payload"], { epoch: 1, reason: "draining" })
    })
  )

  it.effect("the detail tells every attempt", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      const id = yield* submitted()
      yield* start(id)
      yield* fail(id)
      const run = yield* send({ method: "POST", path: `${calls}/${id}/run` })
      assert.strictEqual(run.status, 202, run.body)
      const rerun = yield* send({ method: "GET", path: `${calls}/${id}` })
      assert.strictEqual(rerun.json["status"], "Scheduled")
      const { attempts } = rerun.json as { readonly attempts: ReadonlyArray<Record<string, unknown>> }
      assert.strictEqual(attempts.length, 1)
      assert.deepInclude(attempts[0], {
        number: 1,
        epoch: 1,
        outcome: "failed",
        reason: "http_status",
        status: 400,
        durationMs: 5
      })
      assert.deepStrictEqual(attempts[0]?.["superseded"], [])
      // As it was before it was run again, and while the attempt was under way.
      const read = (asOf: string) => send({ method: "GET", path: `${calls}/${id}?asOf=${asOf}` })
      const version = Number(rerun.json["version"])
      const failed = yield* read(String(version - 1))
      assert.deepInclude(failed.json, { status: "Failed", version: version - 1, waitsFor: null })
      assert.strictEqual(failed.headers["etag"], `"${version - 1}"`)
      const running = (yield* read("2")).json as typeof rerun.json
      assert.strictEqual(running["status"], "Running")
      assert.deepInclude((running["attempts"] as typeof attempts)[0], { outcome: "running", status: null })
      assert.deepInclude((yield* read("2999-01-01T00:00:00Z")).json, { status: "Scheduled", version })
      assert.strictEqual((yield* read("1969-12-31T00:00:00Z")).status, 404)
      assert.strictEqual((yield* read("77")).status, 404)
      assert.strictEqual((yield* read("yesterday")).status, 422)
    })
  )

  it.effect("the history is read page by page and tells when there is no more", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      const id = yield* submitted()
      yield* start(id)
      yield* succeed(id)
      const page = yield* send({ method: "GET", path: `${calls}/${id}/events?limit=2` })
      const items = page.json["items"] as ReadonlyArray<Record<string, unknown>>
      assert.deepStrictEqual(
        items.map(({ type }) => type),
        ["ServiceCallSubmitted", "ExecutionStarted"]
      )
      assert.strictEqual(page.json["nextAfter"], 2)
      const last = yield* send({ method: "GET", path: `${calls}/${id}/events?after=2` })
      assert.strictEqual(
        (last.json["items"] as ReadonlyArray<Record<string, unknown>>)[0]?.["type"],
        "ExecutionSucceeded"
      )
      assert.strictEqual(last.json["nextAfter"], null)
    })
  )

  it.effect("a reader who has the version is told so in a few bytes", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      const path = `${calls}/${yield* submitted(later)}`
      const first = yield* send({ method: "GET", path })
      const etag = first.headers["etag"] ?? ""
      assert.match(etag, /^"\d+"$/u)
      for (const known of [etag, `"77", ${etag}`, `W/${etag}`, "*"]) {
        const again = yield* send({ method: "GET", path, headers: { "if-none-match": known } })
        assert.deepStrictEqual([again.status, again.body, again.headers["etag"]], [304, "", etag], known)
      }
      for (const other of ['"77"', '"abc"']) {
        assert.strictEqual(
          (yield* send({ method: "GET", path, headers: { "if-none-match": other } })).status,
          200,
          other
        )
      }
    })
  )

  it.effect("a move needs the present version, and a stale one is told it", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      const path = `${calls}/${yield* submitted(later)}`
      const move = (etag: string) =>
        send({ method: "PATCH", path, headers: { ...json, "if-match": etag }, body: JSON.stringify({ delay: "2h" }) })
      const moved = yield* move('"1"')
      assert.deepStrictEqual([moved.status, moved.headers["etag"]], [200, '"2"'])
      for (const stale of ['"1"', 'W/"2"', '"abc"', '"7", "8"']) {
        const refused = yield* move(stale)
        assert.deepStrictEqual(
          [refused.status, refused.json["code"], refused.headers["etag"]],
          [412, "version_mismatch", '"2"'],
          stale
        )
      }
      assert.strictEqual((yield* move('"1", "2"')).status, 200)
      assert.strictEqual((yield* move("*")).status, 200)
    })
  )

  it.effect("cancelling says who won the race", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      const cancel = (id: string) => send({ method: "POST", path: `${calls}/${id}/cancel` })
      const waiting = yield* submitted(later)
      const cancelled = yield* cancel(waiting)
      assert.deepStrictEqual([cancelled.status, cancelled.json["status"]], [200, "Cancelled"])

      const running = yield* submitted()
      yield* start(running)
      const cancelling = yield* cancel(running)
      assert.deepStrictEqual([cancelling.status, cancelling.json["status"]], [202, "Running"])

      const done = yield* submitted()
      yield* start(done)
      yield* succeed(done)
      const late = yield* cancel(done)
      assert.deepStrictEqual([late.status, late.json["code"]], [409, "already_dispatched"])
      assert.deepStrictEqual(late.json["conflict"], { status: "Succeeded", attempt: 1 })
    })
  )

  it.effect("only a failed call is run again", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      const reply = yield* send({ method: "POST", path: `${calls}/${yield* submitted(later)}/run` })
      assert.deepStrictEqual([reply.status, reply.json["code"]], [409, "illegal_transition"])
      assert.deepStrictEqual(reply.json["conflict"], { status: "Scheduled", allowed: ["Failed"] })
    })
  )

  it.effect("a due time in the past means now", () =>
    Effect.gen(function* () {
      const { submit } = yield* Edge
      const before = Date.now()
      const reply = yield* submit({ dueAt: "1999-01-01T00:00:00+01:00", request: now.request })
      assert.strictEqual(reply.status, 202, reply.body)
      assert.isAtLeast(Date.parse(String(reply.json["dueAt"])), before)
    })
  )

  it.effect("a body that is not text goes out as JSON and says so", () =>
    Effect.gen(function* () {
      const { send } = yield* Edge
      const path = `${calls}/${yield* submitted(later)}`
      const { request } = (yield* send({ method: "GET", path })).json as { readonly request: Record<string, unknown> }
      assert.deepInclude(request, { headers: { "content-type": "application/json" }, bodySnippet: '{"hello":"world"}' })
    })
  )

  it.effect("who prefers to wait gets the whole call once it has ended", () =>
    Effect.gen(function* () {
      const { bus, store, submit } = yield* Edge
      const known = new Set(store.dump().rows.map(rowId))
      const waiting = yield* Effect.forkChild(submit(now, { prefer: "respond-async, wait=30" }))
      const id = yield* Effect.suspend(() => {
        const row = store.dump().rows.find((one) => !known.has(rowId(one)))
        return row === undefined ? Effect.fail("not yet") : Effect.succeed(rowId(row))
      }).pipe(
        Effect.tapError(() => Effect.yieldNow),
        Effect.eventually
      )
      yield* start(id)
      yield* succeed(id)
      yield* bus.publish({
        eventId: "ended",
        tenantId: tenant,
        streamId: StreamId.make(id),
        topic: "ops.service-call.succeeded",
        payload: {}
      })
      const reply = yield* Fiber.join(waiting)
      assert.deepStrictEqual([reply.status, reply.json["status"]], [200, "Succeeded"], reply.body)
      assert.strictEqual(reply.headers["preference-applied"], "wait=30")
      assert.strictEqual((reply.json["attempts"] as ReadonlyArray<unknown>).length, 1)
    })
  )

  it.effect("who prefers to wait for less than it takes gets 202", () =>
    Effect.gen(function* () {
      const { submit } = yield* Edge
      const reply = yield* submit(later, { prefer: "wait=1" })
      assert.deepStrictEqual([reply.status, reply.json["status"]], [202, "Scheduled"])
      assert.strictEqual(reply.headers["preference-applied"], "wait=1")
    })
  )

  it.effect("the trace and correlation of a request are in its events", () =>
    Effect.gen(function* () {
      const { store, submit } = yield* Edge
      const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
      const reply = yield* submit(later, { traceparent, "x-correlation-id": "abc123" })
      assert.strictEqual(reply.headers["x-correlation-id"], "abc123")
      const stored = store.dump().events.find(({ streamId }) => streamId === reply.json["id"])
      const { actor, correlationId, traceparent: kept } = stored?.event.metadata ?? {}
      assert.deepStrictEqual(
        { actor, correlationId, kept },
        {
          actor: { kind: "user", id: "tester" },
          correlationId: "abc123" as CorrelationId,
          kept: traceparent
        }
      )
    })
  )
})
