/** What `dueline migrate` does. */
import * as Database from "@dueline/postgres/Database"
import * as EmbeddedServer from "@dueline/postgres/embedded/EmbeddedServer"
import { migrations } from "@dueline/postgres/schema/migrations/Migration"
import * as PostgresAuditTrail from "@dueline/postgres/write/PostgresAuditTrail"
import { Effect, type Redacted } from "effect"
import * as Configuration from "../../Configuration.ts"
import * as logging from "../../logging.ts"
import { admit, prepareHome } from "../../preflight/admission.ts"
import { noted } from "../audit/noteCommand.ts"
import { CommandFailed, print, Shell } from "../Shell.ts"

/** The names of all steps that are applied, in order; none when there is no database yet. */
const applied = Effect.gen(function* () {
  const { port, socketDirectory, superuser } = yield* EmbeddedServer.EmbeddedServer
  const connection = { host: socketDirectory, port, username: superuser, database: "dueline" }
  const ask = Database.withSession(connection, (sql) =>
    sql.unsafe<{ readonly name: string }>("select name from dueline.migrations order by id")
  )
  return yield* ask.pipe(
    Effect.map((rows) => rows.map(({ name }) => name)),
    Effect.orElseSucceed((): ReadonlyArray<string> => [])
  )
})

/** In the audit log, when there was something to do. */
const noteSteps = (applied: ReadonlyArray<string>) => {
  const last = applied.at(-1)
  return last === undefined
    ? Effect.void
    : Effect.provide(noted({ action: "database.migrate", resource: last }), PostgresAuditTrail.layer)
}

const migrated = Effect.gen(function* () {
  const before = yield* applied
  return yield* Effect.scoped(
    Effect.gen(function* () {
      const database = yield* Database.embedded
      const after = yield* applied
      const added = after.filter((name) => !before.includes(name))
      yield* Effect.provideService(noteSteps(added), Database.Database, database)
      return { applied: added, schema: after.length }
    })
  )
})

const migrateEmbedded = Effect.fnUntraced(function* (settings: Configuration.Settings) {
  yield* prepareHome(settings)
  const server = EmbeddedServer.layer({ home: settings.DUELINE_HOME, durable: settings.DUELINE_FSYNC === "on" })
  return yield* Effect.provide(migrated, server).pipe(
    Effect.catchTag(
      "HomeInUse",
      ({ message }) =>
        new CommandFailed({
          message,
          notes: ["a program migrates its database when it starts: there is nothing to do while it runs"]
        })
    )
  )
})

/** The keys that all processes will share are made with the schema. */
const migrateServer = Effect.fnUntraced(function* (settings: Configuration.Settings, url: Redacted.Redacted) {
  const applied = yield* Database.migrateUrl(url)
  const afterwards = Effect.andThen(admit(settings), noteSteps(applied))
  yield* Effect.provide(afterwards, Database.layerUrl({ url, migrate: false }))
  return { applied, schema: migrations.length }
})

export const migrateDatabase = Effect.fnUntraced(function* () {
  const settings = yield* Configuration.read((yield* Shell).env)
  const url = settings.DUELINE_DATABASE_URL
  if (url !== null && settings.DUELINE_DATABASE_POOLER === "yes") {
    return yield* new CommandFailed({
      message: "The schema is not changed through a pooler: its lock belongs to a session, and the roles there may not",
      notes: ["name the server itself in DUELINE_DATABASE_URL, with a login that may, and DUELINE_DATABASE_POOLER=no"]
    })
  }
  // What takes long is told on standard error.
  const result = yield* Effect.gen(function* () {
    return url === null ? yield* migrateEmbedded(settings) : yield* migrateServer(settings, url)
  }).pipe(Effect.provide(logging.layer(settings)))
  yield* print(result, ({ applied, schema }) =>
    applied.length === 0
      ? `nothing to do: the database is at step ${schema}`
      : [...applied.map((name) => `applied ${name}`), `the database is at step ${schema}`].join("\n")
  )
})
