/** Databases on a server that has PostGIS. */
import * as Database from "@dueline/postgres/Database"
import * as PostgresOpsQueries from "@dueline/postgres/read/PostgresOpsQueries"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import { postgresUrl } from "@dueline/test-servers/sharedServers"
import { Context, Effect, Layer, Redacted } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { randomUUID } from "node:crypto"

export const session = <A, E>(url: string, use: (sql: SqlClient) => Effect.Effect<A, E>) =>
  Database.withSession({ url: Redacted.make(url) }, use)

/** Of the superuser on the tests' server, gone when the scope closes. */
const emptyDatabase = Effect.gen(function* () {
  const admin = yield* Effect.promise(() => postgresUrl())
  const name = `geography_${randomUUID().replaceAll("-", "")}`
  yield* Effect.acquireRelease(
    session(admin, (sql) => sql.unsafe(`create database ${name}`)),
    () => Effect.ignore(session(admin, (sql) => sql.unsafe(`drop database if exists ${name} with (force)`)))
  )
  return admin.replace(/postgres$/u, name)
})

/** The URL of a migrated database, for its superuser. */
export class PostgisDatabase extends Context.Service<PostgisDatabase, string>()(
  "@dueline/postgres/test/PostgisDatabase"
) {
  static readonly layer = Layer.effect(
    PostgisDatabase,
    Effect.tap(emptyDatabase, (url) => Database.migrateUrl(Redacted.make(url)))
  )
}

/** What writes bins and what finds them. */
export const store = Layer.mergeAll(PostgresPersistence.layer, PostgresOpsQueries.layer).pipe(
  Layer.provide(
    Layer.unwrap(Effect.map(PostgisDatabase, (url) => Database.layerUrl({ url: Redacted.make(url), migrate: false })))
  ),
  Layer.provide(PostgisDatabase.layer)
)
