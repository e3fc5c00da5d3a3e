/** `dueline outbox list`, `show` and `retry` as a person types them, beside a server that somebody else has started. */
import * as Database from "@dueline/postgres/Database"
import * as EmbeddedServer from "@dueline/postgres/embedded/EmbeddedServer"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { fillHome, newHome, removeHome } from "./RunningProgram.ts"
import { runCli } from "./runCli.ts"

const tenantId = "00000000-0000-7000-8000-0000000000aa"
const streamId = "00000000-0000-7000-8000-0000000000bb"
const [fresh, failing, other] = ["01", "02", "03"].map((n) => `019c0de0-0e${n}-7000-8000-0000000000e1`)
const soon = Date.parse("2126-01-01T00:00:00Z")

/** One that waits for its first attempt, and two that failed, one of them with a trace that is no part of the message. */
const staged = [
  `insert into dueline.tenants (tenant_id, name, created_at) values ('${tenantId}', 'acme', 0)`,
  `insert into dueline.outbox (tenant_id, event_id, stream_id, topic, payload) values
    ('${tenantId}', '${fresh}', '${streamId}', 'ops.order.scheduled', '{"schemaVersion":1}')`,
  `insert into dueline.outbox (tenant_id, event_id, stream_id, topic, payload, failures, available_at, last_error, history) values
    ('${tenantId}', '${failing}', '${streamId}', 'ops.call.failed', '{"schemaVersion":2,"$traceparent":"00-1"}', 1, ${soon}, 'no answer',
      '[{"at":1000,"error":"no answer"}]'),
    ('${tenantId}', '${other}', '${streamId}', 'ops.call.failed', '{}', 3, ${soon}, 'refused', '[]')`
]

it.live("what waits for the bus is listed by topic and age, shown, and tried now when it is asked for", () =>
  Effect.gen(function* () {
    const home = yield* Effect.acquireRelease(Effect.promise(newHome), (home) => Effect.promise(() => removeHome(home)))
    yield* Effect.promise(() => fillHome(home))
    const dueline = (...args: ReadonlyArray<string>) =>
      runCli(["outbox", ...args], { env: { DUELINE_HOME: home, DUELINE_FSYNC: "off" } })
    yield* Effect.gen(function* () {
      const server = yield* EmbeddedServer.EmbeddedServer
      yield* Database.embedded
      const at = { host: server.socketDirectory, port: server.port, username: server.superuser, database: "dueline" }
      const ask = <A extends object>(...statements: ReadonlyArray<string>) =>
        Database.withSession(at, (sql) => Effect.forEach(statements, (statement) => sql.unsafe<A>(statement)))
      assert.strictEqual((yield* dueline("list")).stdout, "nothing waits for the bus")
      yield* ask(...staged)

      const { stdout } = yield* dueline("list")
      assert.match(stdout, /^TOPIC .*\nops.order.scheduled +1 +0 +.* ago\nops.call.failed +2 +2 +.* ago\n\nID /u)
      assert.match(stdout, new RegExp(`${fresh} .*\\n${failing} +.*no answer\\n${other} +.*refused$`, "u"))
      const listed = JSON.parse((yield* dueline("list", "--failing", "--limit", "1", "--json")).stdout)
      assert.deepStrictEqual(listed, {
        topics: [{ topic: "ops.call.failed", waiting: 2, failing: 2, oldest: Number.parseInt("019c0de00e02", 16) }],
        entries: [
          {
            id: failing,
            tenantId,
            topic: "ops.call.failed",
            since: Number.parseInt("019c0de00e02", 16),
            failures: 1,
            retryAt: soon,
            reason: "no answer"
          }
        ]
      })
      assert.strictEqual((yield* dueline("list", "--topic", "ops.nothing")).stdout, "nothing waits for the bus")

      const shown = (yield* dueline("show", failing ?? "")).stdout
      assert.match(
        shown,
        /failed +1 times\n[^]*1970-01-01T00:00:01.000Z +no answer\n\n\{\n {2}"schemaVersion": 2\n\}$/u
      )

      const waiting = `select event_id::text as id from dueline.outbox where available_at = ${soon}`
      assert.strictEqual((yield* dueline("retry", failing ?? "")).stdout, "1 to be tried now")
      assert.deepStrictEqual(yield* ask(waiting), [[{ id: other }]])
      assert.strictEqual((yield* dueline("retry")).stdout, "1 to be tried now")
      assert.deepStrictEqual(yield* ask(waiting), [[]])
      assert.strictEqual((yield* dueline("retry")).stdout, "nothing waits for a next attempt")
      const noted = "select action, resource from dueline.audit_entries where action = 'outbox.retry' order by position"
      assert.deepStrictEqual(yield* ask(noted), [
        [
          { action: "outbox.retry", resource: failing },
          { action: "outbox.retry", resource: null }
        ]
      ])

      for (const command of ["show", "retry"]) {
        const gone = yield* dueline(command, streamId)
        assert.strictEqual(gone.exitCode, 1)
        assert.include(gone.stderr, "no such message waits")
      }
    }).pipe(Effect.provide(EmbeddedServer.layer({ home, durable: false })))
  }).pipe(Effect.scoped)
)
