/** A server behind a URL that is not there, does not want this program, or is not ready for it. */
import * as Database from "@dueline/postgres/Database"
import type { DatabaseRefused } from "@dueline/postgres/DatabaseTrouble"
import { missing, temporaryDirectory } from "@dueline/test-servers/sharedServers"
import { startPostgres } from "@dueline/test-servers/startPostgres"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Redacted } from "effect"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { asAdmin, listening, login, password, redacted, server } from "./UrlWorld.ts"

const open = (urls: Database.DatabaseUrls) =>
  Effect.map(Layer.build(Database.layerUrl(urls)), (context) => Context.get(context, Database.Database))

/** Why the layer could not be had. */
const refusalOf = (urls: Database.DatabaseUrls) =>
  Effect.flip(open(urls)).pipe(
    Effect.map((error) => (error._tag === "DatabaseRefused" ? (error as DatabaseRefused).detail : error._tag)),
    Effect.timeout("20 seconds")
  )

/** What else might listen where the URL says. */
const webServer = Effect.acquireRelease(
  Effect.promise(async () => {
    const server = createServer((_request, response) => response.end()).listen(0, "127.0.0.1")
    await once(server, "listening")
    return { port: (server.address() as AddressInfo).port, server }
  }),
  ({ server }) => Effect.sync(() => server.close())
)

describe.skipIf((await missing("postgres")) !== undefined)("a server behind a URL", () => {
  it.live("is waited for when it is not there yet, and nothing of the URL is told but its place", () =>
    Effect.gen(function* () {
      const directory = yield* Effect.promise(temporaryDirectory)
      const first = yield* Effect.promise(() => startPostgres({ directory, durable: false }))
      yield* Effect.promise(() => first.stop())
      const { layer, lines, until } = listening()
      const opening = yield* Effect.forkChild(Effect.provide(open({ url: Redacted.make(first.url) }), layer))
      yield* until(/waiting for it.*"attempts":2/u)
      const again = yield* Effect.acquireRelease(
        Effect.promise(() => startPostgres({ directory, durable: false, port: first.port })),
        (one) => Effect.promise(() => one.stop())
      )
      assert.strictEqual(again.url, first.url)
      const { worker } = yield* Fiber.join(opening)
      assert.lengthOf(yield* worker`select 1`, 1)
      const { password: secret, username } = new URL(first.url)
      assert.isTrue(lines.some((line) => line.includes(`127.0.0.1:${first.port}/postgres`)))
      assert.isTrue(lines.some((line) => line.includes("the database answers")))
      assert.isFalse(lines.some((line) => line.includes(secret) || line.includes(username)))
    }).pipe(Effect.scoped)
  )

  it.live("refuses at once, in words without a password", () =>
    Effect.gen(function* () {
      const { url: admin } = yield* server
      const { url } = yield* login(admin)
      const web = yield* webServer
      const changed = (change: (url: URL) => void) => {
        const copy = new URL(url)
        change(copy)
        return { url: redacted(copy) }
      }
      const answers = yield* Effect.forEach(
        [
          changed((one) => (one.password = "wrong horse")),
          changed((one) => (one.password = "")),
          changed((one) => (one.username = "nobody")),
          changed((one) => (one.pathname = "/elsewhere")),
          // May not create roles.
          { url: redacted(url) },
          changed((one) => one.searchParams.set("sslmode", "perhaps")),
          changed((one) => (one.port = String(web.port))),
          { url: Redacted.make("correct horse battery") }
        ],
        refusalOf
      )
      const expected = [
        /name and password/u,
        /password/iu,
        /name and password/u,
        /no such database/u,
        /createrole/u,
        /sslmode/u,
        /does not speak as PostgreSQL does: check host and port/u,
        /URL/u
      ]
      for (const [index, pattern] of expected.entries()) assert.match(answers[index] ?? "", pattern)
      for (const answer of answers) assert.notInclude(answer, "horse")
    }).pipe(Effect.scoped)
  )

  it.live("that another program has to migrate is waited for, saying so", () =>
    Effect.gen(function* () {
      const { url: admin } = yield* server
      const owner = yield* login(admin, "createrole")
      const { layer, until } = listening()
      const opening = yield* Effect.forkChild(Effect.provide(open({ url: redacted(owner.url), migrate: false }), layer))
      yield* until(/the schema is not there yet.*"steps":\d/u)
      assert.isNotEmpty(yield* Database.migrateUrl(redacted(owner.url)))
      const { edge } = yield* Fiber.join(opening)
      assert.lengthOf(yield* edge`select id from dueline.migrations limit 1`, 1)
    }).pipe(Effect.scoped)
  )

  it.live("lets a login work that is a member of the program's roles, and refuses one that is of none", () =>
    Effect.gen(function* () {
      const { url: admin } = yield* server
      const owner = yield* login(admin, "createrole")
      yield* Database.migrateUrl(redacted(owner.url))
      const worker = yield* login(admin, "", owner.name)
      const url = redacted(worker.url)
      assert.match(yield* refusalOf({ url, migrate: false }), /grant dueline_writer/u)
      yield* asAdmin(admin, `grant dueline_writer, dueline_worker to ${worker.name}`)
      assert.match(yield* refusalOf({ url, migrate: false }), /as edge.*grant dueline_writer/u)
      yield* asAdmin(admin, `grant dueline_edge to ${worker.name}`)
      assert.isNotEmpty(yield* (yield* open({ url, migrate: false })).writer`select 1`)
      // A login of its own for one part, which is not a member of anything yet.
      const stranger = yield* login(admin, "", owner.name)
      const roles = { edge: redacted(stranger.url) }
      assert.match(yield* refusalOf({ url, roles, migrate: false }), /as edge.*grant/u)
      yield* asAdmin(admin, `grant dueline_edge to ${stranger.name}`)
      const { edge } = yield* open({ url, roles, migrate: false })
      assert.deepStrictEqual(yield* edge`select session_user::text as name`, [{ name: stranger.name }])
    }).pipe(Effect.scoped)
  )

  it.live("shows each pool under the name of its role, no larger than asked for", () =>
    Effect.gen(function* () {
      const { url: admin } = yield* server
      const { url } = yield* login(admin, "createrole")
      const database = yield* open({ url: redacted(url), connections: { edge: 3, worker: 1 } })
      yield* Effect.forEach(
        Database.poolNames.flatMap((role) => Array.from({ length: 8 }, () => database[role])),
        (sql) => sql`select pg_sleep(0.1)`,
        { concurrency: "unbounded" }
      )
      const found = yield* database.writer`select application_name as name, count(*)::int as count from pg_stat_activity
        where application_name like 'dueline %' and datname = current_database() group by 1 order by 1`
      assert.deepStrictEqual(found, [
        { name: "dueline edge", count: 3 },
        { name: "dueline worker", count: 1 },
        { name: "dueline writer", count: 2 }
      ])
    }).pipe(Effect.scoped)
  )

  it.live("is migrated once by two programs that start at the same moment", () =>
    Effect.gen(function* () {
      const { url: admin } = yield* server
      const { url } = yield* login(admin, "createrole")
      const opened = yield* Effect.all([open({ url: redacted(url) }), open({ url: redacted(url) })], { concurrency: 2 })
      for (const { worker } of opened) assert.isNotEmpty(yield* worker`select 1`)
    }).pipe(Effect.scoped)
  )

  it.live("whose password nobody has told is not in anything that is said", () =>
    Effect.gen(function* () {
      const { layer, lines, until } = listening()
      const url = Redacted.make(`postgres://somebody:${password}@127.0.0.1:1/secret`)
      const opening = yield* Effect.forkChild(Effect.provide(open({ url }), layer))
      yield* until(/waiting for it/u)
      yield* Fiber.interrupt(opening)
      assert.isFalse(lines.some((line) => line.includes("horse") || line.includes("somebody")))
      assert.isTrue(lines.some((line) => line.includes("127.0.0.1:1/secret") && line.includes("ECONNREFUSED")))
    }).pipe(Effect.scoped)
  )
})
