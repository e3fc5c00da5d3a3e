/** What is read back of a session, and what a server behind a pooler, in another encoding or with other settings is told. */
import * as Database from "@dueline/postgres/Database"
import { type SessionFacts, sessionMistakes } from "@dueline/postgres/sessionFacts"
import { missing } from "@dueline/test-servers/sharedServers"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer } from "effect"
import { strippingPooler } from "./StrippingPooler.ts"
import { asAdmin, listening, login, redacted, server } from "./UrlWorld.ts"

const good: SessionFacts = {
  user: "dueline_edge",
  login: "somebody",
  superuser: false,
  bypassesRowSecurity: false,
  rolesHeld: ["dueline_edge"],
  isolation: "read committed",
  serverEncoding: "UTF8",
  clientEncoding: "UTF8",
  floatDigits: 1,
  rowSecurity: "on",
  replicationRole: "origin",
  plainStrings: "on",
  synchronousCommit: "on",
  fsync: "on",
  readOnly: false,
  firstSchema: "pg_catalog",
  statement_timeout: 10_000,
  lock_timeout: 5_000,
  idle_in_transaction_session_timeout: 15_000
}

const wrong: ReadonlyArray<readonly [change: Partial<SessionFacts>, says: RegExp]> = [
  [
    { user: "postgres", login: "postgres", superuser: true },
    /run as postgres, a superuser.*row-level security is off: the role asked for, dueline_edge, was not taken/u
  ],
  [{ superuser: true }, /alter role dueline_edge nosuperuser/u],
  [{ bypassesRowSecurity: true }, /BYPASSRLS.*alter role dueline_edge/u],
  [{ user: "somebody", rolesHeld: [] }, /run as somebody instead of dueline_edge: `grant dueline_edge to somebody`/u],
  [
    { user: "somebody", rolesHeld: ["dueline_edge", "dueline_writer"] },
    /rights of dueline_writer beside.*revoke dueline_writer from/u
  ],
  [{ rolesHeld: ["dueline_edge", "dueline_owner"] }, /`revoke dueline_owner from dueline_edge`/u],
  [{ isolation: "serializable" }, /default_transaction_isolation is serializable and has to be read committed/u],
  [{ serverEncoding: "LATIN1" }, /encoding is LATIN1 and has to be UTF8.*create database/u],
  [{ clientEncoding: "LATIN1" }, /client_encoding is LATIN1/u],
  [{ floatDigits: 0 }, /extra_float_digits is 0/u],
  [{ rowSecurity: "off" }, /row_security is off/u],
  [{ replicationRole: "replica" }, /session_replication_role is replica/u],
  [{ plainStrings: "off" }, /standard_conforming_strings is off and has to be on/u],
  [
    { synchronousCommit: "off" },
    /synchronous_commit is off and has to be on: `alter role somebody set synchronous_commit/u
  ],
  [{ firstSchema: "evil" }, /search_path is one that begins with evil/u],
  [{ statement_timeout: 0 }, /statement_timeout is 0 ms and has to be 10000ms/u],
  [{ lock_timeout: 60_000 }, /lock_timeout is 60000 ms/u],
  [{ idle_in_transaction_session_timeout: 0 }, /idle_in_transaction_session_timeout is 0 ms/u]
]

describe("a session's facts", { tags: ["ADR-0026.1"] }, () => {
  it("that are as they have to be are nothing to complain of, nor is a login of its own with one role", () => {
    assert.deepStrictEqual(sessionMistakes("edge", good), [])
    assert.deepStrictEqual(sessionMistakes("edge", { ...good, user: "somebody" }), [])
    assert.deepStrictEqual(sessionMistakes("edge", { ...good, statement_timeout: 2_000 }), [])
    assert.deepStrictEqual(sessionMistakes("edge", { ...good, synchronousCommit: "off", fsync: "off" }), [])
    assert.deepStrictEqual(sessionMistakes("edge", { ...good, synchronousCommit: "remote_apply" }), [])
  })

  it.each(wrong)("that are wrong in one point are named, with what to do: %j", (change, says) => {
    const mistakes = sessionMistakes("edge", { ...good, ...change })
    assert.lengthOf(mistakes, 1)
    assert.match(mistakes[0] ?? "", says)
  })

  it("that the server does not give are not taken for good", () => {
    assert.lengthOf(sessionMistakes("writer", undefined), 1)
  })
})

const open = (urls: Database.DatabaseUrls) =>
  Effect.map(Layer.build(Database.layerUrl(urls)), (context) => Context.get(context, Database.Database))

const refusalOf = (urls: Database.DatabaseUrls) =>
  Effect.flip(open(urls)).pipe(
    Effect.map((error) => (error._tag === "DatabaseRefused" ? error.message : error._tag)),
    Effect.timeout("20 seconds")
  )

const ownSettings = [
  "default_transaction_isolation",
  "enable_seqscan",
  "enable_bitmapscan",
  "extra_float_digits",
  "statement_timeout",
  "lock_timeout",
  "idle_in_transaction_session_timeout"
]

describe.skipIf((await missing("postgres")) !== undefined)("a server behind a URL", { tags: ["ADR-0026.1"] }, () => {
  it.live("is refused when a pooler drops the settings of a session's start, whoever logs in", () =>
    Effect.gen(function* () {
      const { url: admin } = yield* server
      const at = { host: "127.0.0.1", port: Number(new URL(admin).port) }
      const through = Effect.fnUntraced(function* (url: URL, ...drops: ReadonlyArray<string>) {
        const copy = new URL(url)
        copy.port = String((yield* strippingPooler(at, { drops })).port)
        return { url: redacted(copy), migrate: false }
      })
      yield* Database.migrateUrl(redacted(new URL(admin)))
      const [asSuperuser, roleless, settingless] = [
        yield* refusalOf(yield* through(new URL(admin), "role")),
        yield* Effect.gen(function* () {
          const owner = yield* login(admin, "createrole")
          yield* Database.migrateUrl(redacted(owner.url))
          return yield* refusalOf(yield* through(owner.url, "role"))
        }),
        yield* refusalOf(yield* through(new URL(admin), ...ownSettings))
      ]
      assert.match(asSuperuser, /a superuser, for whom row-level security is off.*PgBouncer/u)
      assert.match(roleless, /statements run as login_\d+, with the rights of .*beside those of/u)
      assert.match(settingless, /statement_timeout is 0 ms and has to be 10000ms.*lock_timeout is 0 ms/u)
      assert.lengthOf(settingless.match(/PgBouncer/gu) ?? [], 1)
      const whole = yield* open(yield* through(new URL(admin)))
      assert.deepStrictEqual(yield* whole.edge`select current_user::text as name`, [{ name: "dueline_edge" }])
    }).pipe(Effect.scoped)
  )

  it.live("is refused with the server's own sentence when a pooler does not take the settings", () =>
    Effect.gen(function* () {
      const { url: admin } = yield* server
      const pooler = yield* strippingPooler({ host: "127.0.0.1", port: 1 }, { refuses: ["role", "application_name"] })
      const url = new URL(admin)
      url.port = String(pooler.port)
      const refused = yield* refusalOf({ url: redacted(url) })
      assert.match(refused, /It says: unsupported startup parameter: application_name \(08P01\)/u)
      assert.match(refused, /connect to the server itself/u)
    }).pipe(Effect.scoped)
  )

  it.live("means the same whatever its database was told to make of sessions", () =>
    Effect.gen(function* () {
      const { url: admin } = yield* server
      const owner = yield* login(admin, "createrole")
      const odd = {
        standard_conforming_strings: "off",
        transform_null_equals: "on",
        array_nulls: "off",
        bytea_output: "escape",
        DateStyle: "SQL, DMY",
        IntervalStyle: "sql_standard",
        TimeZone: "Asia/Kolkata",
        default_transaction_isolation: "serializable",
        extra_float_digits: "0",
        statement_timeout: "10ms",
        idle_session_timeout: "1ms"
      }
      const told = Object.entries(odd).map(([name, value]) => `alter database ${owner.name} set ${name} = '${value}';`)
      yield* asAdmin(admin, `do $$ begin ${told.join(" ")} end $$`)
      yield* Database.migrateUrl(redacted(owner.url))
      const { edge, intake, worker, writer } = yield* open({ url: redacted(owner.url), migrate: false })
      for (const sql of [writer, edge, worker, intake]) {
        for (const [name, value] of Object.entries(odd)) {
          const [found] = yield* sql.unsafe<{ readonly is: string }>(`select current_setting('${name}') as is`)
          assert.notStrictEqual(found?.is, value, name)
        }
      }
    }).pipe(Effect.scoped)
  )

  it.live("is refused before anything is migrated when its encoding is not Unicode", () =>
    Effect.gen(function* () {
      const { url: admin } = yield* server
      yield* asAdmin(admin, "create database latin encoding 'LATIN1' locale 'C' template template0")
      const url = new URL(admin)
      url.pathname = "/latin"
      assert.match(yield* refusalOf({ url: redacted(url) }), /encoding is LATIN1 and has to be UTF8/u)
      const schema = yield* Database.withSession(
        { url: redacted(url) },
        (sql) => sql`select 1 from pg_namespace where nspname = 'dueline'`
      )
      assert.lengthOf(schema, 0)
    }).pipe(Effect.scoped)
  )

  it.live("that is read-only when the program starts is waited for, saying so", () =>
    Effect.gen(function* () {
      const { url: admin } = yield* server
      const owner = yield* login(admin, "createrole")
      yield* Database.migrateUrl(redacted(owner.url))
      yield* asAdmin(admin, `alter database ${owner.name} set default_transaction_read_only = on`)
      const { layer, until } = listening()
      const opening = yield* Effect.forkChild(Effect.provide(open({ url: redacted(owner.url), migrate: false }), layer))
      yield* until(/it is read-only/u)
      yield* asAdmin(admin, `alter database ${owner.name} set default_transaction_read_only = off`)
      // The session that is in the pool has the old default; the server ends it, and the next one has the new.
      yield* asAdmin(
        admin,
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'dueline %'`
      )
      const { writer } = yield* Fiber.join(opening)
      assert.lengthOf(yield* writer`select 1`, 1)
    }).pipe(Effect.scoped)
  )
})
