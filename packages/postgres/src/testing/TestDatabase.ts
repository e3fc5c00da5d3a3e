/**
 * A database of its own for every test file, copied from a migrated template in some 25 ms, on a server that forgets everything.
 *
 * The server is the one that `testServer.ts` started for the whole run, or, when there is none, one that lives as long as the layer.
 */
import { Context, Effect, Layer, type Scope } from "effect"
// oxlint-disable-next-line eslint/no-restricted-imports -- test processes with the same seed need databases of different names
import { randomUUID } from "node:crypto"
import * as Database from "../Database.ts"
import * as EmbeddedServer from "../embedded/EmbeddedServer.ts"
import { migrate } from "../schema/Migrations.ts"
import { bringDatabase, template, temporaryHome } from "./MadeDatabase.ts"

export { template }

/** How to reach the test's database as superuser. */
export class TestDatabase extends Context.Service<
  TestDatabase,
  {
    readonly host: string
    readonly port: number
    readonly username: string
    readonly database: string
  }
>()("@dueline/postgres/testing/TestDatabase") {}

type Place = Pick<EmbeddedServer.EmbeddedServer["Service"], "socketDirectory" | "port" | "superuser">

/** Names the shared server for the processes of a test run: socket directory, port and superuser. */
export const sharedServerVariable = "DUELINE_TEST_POSTGRES"

const startTemporary = Effect.fnUntraced(function* (
  prepare: (home: string) => ReturnType<typeof bringDatabase>,
  more: Readonly<Record<string, string>> = {}
) {
  const home = yield* temporaryHome
  yield* prepare(home)
  return yield* EmbeddedServer.make({
    home,
    durable: false,
    settings: { shared_buffers: "64MB", max_connections: "150", ...more }
  })
})

/** A server without durability in a directory that vanishes with it, and with nothing in it. */
export const temporaryServer = startTemporary(() => Effect.succeed(false))

/** One that has the template, where there is one. */
export const serverWithTemplate = startTemporary(bringDatabase)

const sharedServer = (): Place | null => {
  const [socketDirectory, port, superuser] = process.env[sharedServerVariable]?.split("|") ?? []
  return socketDirectory === undefined || port === undefined || superuser === undefined
    ? null
    : { socketDirectory, port: Number(port), superuser }
}

const templateLock = 7_305_812_466_032

const asSuperuser = (server: Place, database: string) => ({
  host: server.socketDirectory,
  port: server.port,
  username: server.superuser,
  database
})

/** Made by whoever comes first; the others wait. */
const ensureTemplate = (server: Place) =>
  Database.withSession(asSuperuser(server, "postgres"), (sql) =>
    Effect.gen(function* () {
      yield* sql.unsafe(`select pg_advisory_lock(${templateLock})`)
      const found = yield* sql`select 1 from pg_database where datname = ${template}`
      if (found.length === 0) {
        yield* sql.unsafe(`create database ${template}_draft`)
        yield* Database.withSession(asSuperuser(server, `${template}_draft`), (draft) =>
          migrate(draft, { canLogIn: true })
        )
        yield* sql.unsafe(`alter database ${template}_draft rename to ${template}`)
      }
    })
  )

/** File by file: block by block through the log, as the server does it unasked, takes four times the processor time. */
export const copied = (name: string, from: string): string =>
  `create database ${name} template ${from} strategy file_copy`

const copy = (server: Place, name: string) =>
  Effect.acquireRelease(
    Database.withSession(asSuperuser(server, "postgres"), (sql) => sql.unsafe(copied(name, template))),
    () =>
      Effect.ignore(
        Database.withSession(asSuperuser(server, "postgres"), (sql) =>
          sql.unsafe(`drop database if exists ${name} with (force)`)
        )
      )
  )

type Starting = Effect.Effect<Place, Effect.Error<typeof serverWithTemplate>, Scope.Scope>

const make = Effect.fnUntraced(function* (place: Starting) {
  const server: Place = yield* place
  yield* ensureTemplate(server)
  const name = `test_${randomUUID().replaceAll("-", "")}`
  yield* copy(server, name)
  const database = yield* Database.pools((role) => ({ ...asSuperuser(server, name), username: `dueline_${role}` }))
  return Context.make(Database.Database, database).pipe(Context.add(TestDatabase, asSuperuser(server, name)))
})

const layerOn = (place: Starting) => Layer.effectContext(make(place)).pipe(Layer.orDie)

/** A fresh, migrated database; dropped when the layer's scope closes. */
export const layer: Layer.Layer<Database.Database | TestDatabase> = layerOn(
  Effect.suspend((): Starting => {
    const shared = sharedServer()
    return shared === null ? serverWithTemplate : Effect.succeed(shared)
  })
)

/**
 * One on a server of its own, which takes a second: for who reads the log up to the oldest transaction that is open. Numbers of transactions
 * are the server's, so that one of another test's database would hold up the reader of this one, and so would one of the server's own upkeep.
 */
export const layerAlone: Layer.Layer<Database.Database | TestDatabase> = layerOn(
  startTemporary(bringDatabase, { autovacuum: "off" })
)

/** One more session as superuser, beside the pools. */
export const session = <A, E>(use: Parameters<typeof Database.withSession<A, E>>[1]) =>
  Effect.flatMap(TestDatabase, (at) => Database.withSession(at, use))
