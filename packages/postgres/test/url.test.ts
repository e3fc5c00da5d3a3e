/** A PostgreSQL server that somebody else runs: all the program is given is a URL whose login may create roles. */
import { Persistence } from "@dueline/contracts/ports/Persistence"
import * as Sample from "@dueline/port-contracts/Sample"
import * as Database from "@dueline/postgres/Database"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import { temporaryServer } from "@dueline/postgres/testing/TestDatabase"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"

/** An empty database on a server of its own, and the URL of a login that is no superuser. */
const strangersServer = Effect.gen(function* () {
  const server = yield* temporaryServer
  const admin = { host: server.socketDirectory, port: server.port, username: server.superuser, database: "postgres" }
  yield* Database.withSession(admin, (sql) =>
    Effect.andThen(sql`create role deploy login createrole`, sql`create database production owner deploy`)
  )
  return Redacted.make(`postgres://deploy@localhost:${server.port}/production?host=${server.socketDirectory}`)
})

it.live("a login that may create roles migrates, once, and every part of the program works as its own role", () =>
  Effect.scoped(
    Effect.gen(function* () {
      const url = yield* strangersServer
      assert.isNotEmpty(yield* Database.migrateUrl(url))
      assert.isEmpty(yield* Database.migrateUrl(url))
      const layer = PostgresPersistence.layer.pipe(Layer.provideMerge(Database.layerUrl({ url, migrate: false })))
      yield* Effect.gen(function* () {
        const of = Sample.target()
        const store = yield* Persistence
        yield* store.commit([Sample.commit(of)])
        assert.strictEqual((yield* store.load([Sample.loadRequest(of)]))[0]?.version, 1)
        const database = yield* Database.Database
        for (const role of Database.poolNames) {
          const [row] = yield* database[role]<{ readonly name: string }>`select current_user::text as name`
          assert.strictEqual(row?.name, `dueline_${role}`)
        }
      }).pipe(Effect.provide(layer))
    })
  )
)
