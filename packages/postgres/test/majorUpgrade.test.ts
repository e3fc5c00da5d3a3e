/**
 * The steps of docs/backup.md for another major version, run as they stand there: from 15 to the one that is embedded, whose binaries then
 * work on what the packages of that version have made.
 */
import { Persistence } from "@dueline/contracts/ports/Persistence"
import * as Sample from "@dueline/port-contracts/Sample"
import * as Database from "@dueline/postgres/Database"
import * as EmbeddedServer from "@dueline/postgres/embedded/EmbeddedServer"
import { serverBinaries } from "@dueline/postgres/embedded/ServerBinaries"
import { migrate } from "@dueline/postgres/schema/Migrations"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import { findPostgresOf } from "@dueline/test-servers/findPostgresOf"
import { notTested, ServerMissing } from "@dueline/test-servers/notTested"
import { serverAccount } from "@dueline/test-servers/ServerAccount"
import { temporaryDirectory } from "@dueline/test-servers/sharedServers"
import { startPostgres } from "@dueline/test-servers/startPostgres"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import path from "node:path"
import { promisify } from "node:util"
import { vi } from "vitest"
import { asAdmin } from "./UrlWorld.ts"

const documented = /```sh\n(if "\$OLD[^`]*)```/u.exec(
  readFileSync(path.join(import.meta.dirname, "..", "..", "..", "docs", "backup.md"), "utf8")
)?.[1]

const embedded = Number.parseInt(serverBinaries(null).version)

const binariesOf = async () => {
  try {
    return { older: await findPostgresOf(15, "bookworm"), newer: await findPostgresOf(embedded, "forky") }
  } catch (cause) {
    if (cause instanceof ServerMissing) return notTested("the way to another major version", cause.message)
    throw cause
  }
}

const found = await binariesOf()

const read = "select (dueline.read_log(0, 0, 1000) ->> 'eventId') as id"
const isAhead = "select pg_current_xact_id() > max(xact) as ahead from dueline.events"

const commits = (count: number) =>
  Effect.gen(function* () {
    const { commit } = yield* Persistence
    for (let n = 0; n < count; n++) yield* commit([Sample.commit(Sample.target())])
  })

it.live.skipIf(typeof found === "string")(
  "a database that was moved by the documented steps works in the release that brings the newer version: its events are there in their order, and those that come later behind them",
  () =>
    Effect.gen(function* () {
      const { newer, older } = typeof found === "string" ? assert.fail(found) : found
      vi.stubEnv("DUELINE_POSTGRES_BIN", path.dirname(older.path))
      yield* Effect.addFinalizer(() => Effect.sync(() => vi.unstubAllEnvs()))
      const home = yield* Effect.promise(temporaryDirectory)
      const directory = path.join(home, "postgres")
      const before = yield* Effect.promise(() => startPostgres({ directory, durable: false }))
      yield* asAdmin(before.url, "create database dueline")
      const url = Redacted.make(before.url.replace(/postgres$/u, "dueline"))
      yield* Database.withSession({ url }, (sql) => migrate(sql, { canLogIn: true }))
      yield* commits(20).pipe(
        Effect.provide(PostgresPersistence.layer.pipe(Layer.provideMerge(Database.layerUrl({ url }))))
      )
      const events = yield* Database.withSession({ url }, (sql) => sql.unsafe<{ readonly id: string }>(read))
      assert.lengthOf(events, 20)
      yield* Effect.promise(() => before.stop())

      const script = documented ?? assert.fail("docs/backup.md has no such block")
      yield* Effect.promise(() =>
        promisify(execFile)("/bin/sh", ["-ec", script], {
          ...serverAccount(),
          cwd: directory,
          env: {
            PATH: process.env["PATH"],
            LC_ALL: "C.UTF-8",
            OLD: path.dirname(older.path),
            NEW: path.dirname(newer.path),
            PGPASSWORD: new URL(before.url).password
          }
        })
      )
      const versionIn = (data: string) => Number(readFileSync(path.join(directory, data, "PG_VERSION"), "utf8"))
      assert.deepStrictEqual(
        ["data.before", "data"].map(versionIn),
        [older, newer].map(({ version }) => Number.parseInt(version))
      )

      yield* Effect.gen(function* () {
        const server = yield* EmbeddedServer.EmbeddedServer
        const at = { host: server.socketDirectory, port: server.port, username: server.superuser, database: "dueline" }
        const ask = <A extends object>(statement: string) => Database.withSession(at, (sql) => sql.unsafe<A>(statement))
        assert.deepStrictEqual(yield* ask(isAhead), [{ ahead: true }])
        assert.deepStrictEqual(yield* ask(read), events)
        yield* commits(5)
        const all = yield* ask<{ readonly id: string }>(read)
        assert.lengthOf(all, 25)
        assert.deepStrictEqual(all.slice(0, 20), events)
      }).pipe(
        Effect.provide(
          PostgresPersistence.layer.pipe(Layer.provideMerge(Database.layerEmbedded({ home, durable: false })))
        )
      )
    }).pipe(Effect.scoped),
  { timeout: 300_000, tags: ["ADR-0047.5"] }
)
