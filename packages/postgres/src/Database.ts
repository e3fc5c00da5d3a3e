/**
 * The program's connections: a small pool for each database role, opened on first use.
 *
 * On the embedded server each role logs in as itself. On a server given by a URL, each pool logs in as the URL says and takes its
 * role with the session's `role` setting, unless the configuration brings a URL of its own for that role. Session settings are sent
 * at connection start and read back, so that a pooler in between which drops them is refused (ADR-0026). Through a pooler that was named
 * as one, each role logs in as itself and brings its settings along. A pool whose server went away opens new connections by itself.
 */
import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, type Redacted, type Scope } from "effect"
import { Reactivity } from "effect/reactivity"
import type { SqlError } from "effect/sql/SqlError"
import { administer, awaitSchema } from "./admin/administer.ts"
import { DatabaseAway, DatabaseRefused, placeOf } from "./DatabaseTrouble.ts"
import type { Login } from "./hosts/askHosts.ts"
import { followHosts, type Place } from "./hosts/HostChoice.ts"
import * as EmbeddedServer from "./embedded/EmbeddedServer.ts"
import type { HomeInUse } from "./embedded/HomeLock.ts"
import type { MigrationRefused } from "./schema/migrations/DatabaseSchema.ts"
import { migrate } from "./schema/Migrations.ts"
import { reachable } from "./reachable.ts"
import type { DatabaseRole } from "./schema/Roles.ts"
import {
  administrativeSettings,
  mistakesInWords,
  readSession,
  sessionBounds,
  sessionMeaning,
  sessionMistakes
} from "./sessionFacts.ts"

/** What parts of the program ask for a connection. Each has the database role of that name, unless the process has `ingest` for all of them. */
export type Pool = "writer" | "edge" | "worker"
export const poolNames: ReadonlyArray<Pool> = ["writer", "edge", "worker"]

export class Database extends Context.Service<
  Database,
  Readonly<Record<Pool, PgClient.PgClient>> & {
    /**
     * Works as the writer does, on connections of its own: what is written in groups beside the aggregates and their log, so that neither
     * waits for the other.
     */
    readonly intake: PgClient.PgClient
  }
>()("@dueline/postgres/Database") {}

export interface DatabaseUrls {
  /** Logs in as somebody who is a member of the `dueline_*` roles, or may create them when it also migrates. */
  readonly url: Redacted.Redacted
  readonly roles?: Partial<Readonly<Record<Pool, Redacted.Redacted>>>
  /** Connections of each pool, instead of the usual number. */
  readonly connections?: Partial<Readonly<Record<Pool, number>>>
  /** False waits until another program has migrated the database. */
  readonly migrate?: boolean
  /**
   * A pooler stands between, and a session of it may be of another connection in the next transaction. So nothing is said at its start, no
   * statement is named, and each pool logs in as its role, with the password in the URL; the settings are the role's own on the server.
   */
  readonly pooler?: boolean
  /** All pools have the rights of `dueline_ingest`, whatever is asked for: anything else is refused by the server. */
  readonly ingestOnly?: boolean
}

type Connection = Pick<
  PgClient.PgPoolConfig,
  "url" | "host" | "port" | "username" | "database" | "startupParameters" | "applicationName"
> & {
  readonly pooled?: boolean
  /** Instead of a URL. */
  readonly place?: Place
}

const usualConnections: Readonly<Record<Pool, number>> = { writer: 2, edge: 4, worker: 2 }
const intakeConnections = 2

/**
 * Plans come from the indexes, also while tables are small; no statement and no idle transaction holds a connection for long. Rules
 * between aggregates are judged by statements that see what was committed while they waited, whatever the server's own default is.
 */
const sessionSettings = {
  ...sessionMeaning,
  enable_seqscan: "off",
  enable_bitmapscan: "off",
  ...Object.fromEntries(Object.entries(sessionBounds).map(([name, millis]) => [name, String(millis)]))
}

const open = (
  role: DatabaseRole | "intake",
  { place, pooled = false, ...connection }: Connection,
  maxConnections: number
) => {
  const options: PgClient.PgPoolConfig = {
    ...connection,
    applicationName: `dueline ${role}`,
    startupParameters: pooled ? {} : { ...sessionSettings, ...connection.startupParameters },
    prepare: !pooled,
    maxConnections,
    connectTimeout: "5 seconds"
  }
  if (place === undefined) return PgClient.make(options)
  // Not a copy of it: the driver reads it whenever it opens a connection.
  return PgClient.make({
    ...options,
    stream: place.stream,
    get url() {
      return place.url
    }
  })
}

/** Opens nothing yet. */
export const pools = (of: (role: Pool) => Connection, connections: DatabaseUrls["connections"] = {}) =>
  Effect.gen(function* () {
    const sizes = { ...usualConnections, ...connections }
    return Database.of({
      writer: yield* open("writer", of("writer"), sizes.writer),
      edge: yield* open("edge", of("edge"), sizes.edge),
      worker: yield* open("worker", of("worker"), sizes.worker),
      intake: yield* open("intake", of("writer"), intakeConnections)
    })
  }).pipe(Effect.provide(Reactivity.layer))

/**
 * Uses every pool for the first time, all at once, and holds what the server says of each session against what it has to be. A server that
 * is away or read-only is waited for; a session that is not what it has to be fails with everything that is wrong with it.
 */
const checkSessions = (sessions: ReadonlyArray<readonly [DatabaseRole, PgClient.PgClient, where: string]>) =>
  Effect.forEach(
    sessions,
    ([role, sql, where]) => {
      const place = `${where} (as ${role})`
      const look = Effect.gen(function* () {
        const facts = yield* readSession(sql)
        const mistakes = sessionMistakes(role, facts)
        if (mistakes.length > 0)
          return yield* new DatabaseRefused({
            detail: `the database at ${place} cannot be used: ${mistakesInWords(mistakes)}`
          })
        if (facts?.readOnly === true)
          return yield* new DatabaseAway({
            why: "it is read-only: a standby, or told so by default_transaction_read_only"
          })
      })
      return reachable(place, look)
    },
    { discard: true, concurrency: sessions.length }
  )

const sessionsOf = (database: Database["Service"], placeOfPool: (pool: Pool) => string) =>
  poolNames.map((pool) => [pool, database[pool], placeOfPool(pool)] as const)

/** One connection, closed afterwards. */
export const withSession = <A, E>(
  connection: Connection,
  use: (sql: PgClient.PgClient) => Effect.Effect<A, E>
): Effect.Effect<A, E | SqlError> =>
  Effect.scoped(
    Effect.flatMap(PgClient.makeClient({ startupParameters: administrativeSettings, ...connection }), use)
  ).pipe(Effect.provide(Reactivity.layer))

/** On the embedded server. */
export const databaseName = "dueline"

const createDatabase = (sql: PgClient.PgClient) =>
  Effect.gen(function* () {
    const found = yield* sql`select 1 from pg_database where datname = ${databaseName}`
    if (found.length === 0) yield* sql.unsafe(`create database ${databaseName}`)
  })

/** On the embedded server: creates the database when there is none, migrates it, and opens the pools. */
export const embedded: Effect.Effect<
  Database["Service"],
  SqlError | MigrationRefused | DatabaseRefused,
  EmbeddedServer.EmbeddedServer | Scope.Scope
> = Effect.gen(function* () {
  const server = yield* EmbeddedServer.EmbeddedServer
  const at = { host: server.socketDirectory, port: server.port }
  const admin = { ...at, username: server.superuser, database: databaseName }
  // One that was taken over may be recovering from a crash, of which its lock file says nothing.
  if (server.adopted) {
    const look = withSession({ ...admin, database: "postgres" }, (sql) => sql`select 1`)
    yield* reachable(server.socketDirectory, look)
  }
  const migrated = withSession(admin, (sql) => migrate(sql, { canLogIn: true }))
  yield* Effect.catchTag(migrated, "SqlError", () =>
    withSession({ ...admin, database: "postgres" }, createDatabase).pipe(Effect.andThen(migrated))
  )
  const database = yield* socketPools(at)
  yield* checkSessions(sessionsOf(database, () => `${server.socketDirectory}/${databaseName}`))
  return database
})

/** Starts the embedded server, and with it everything the database needs. */
export const layerEmbedded = (
  options: EmbeddedServer.EmbeddedServerOptions
): Layer.Layer<
  Database | EmbeddedServer.EmbeddedServer,
  EmbeddedServer.EmbeddedServerFailed | HomeInUse | SqlError | MigrationRefused | DatabaseRefused
> => Layer.effect(Database, embedded).pipe(Layer.provideMerge(EmbeddedServer.layer(options)))

/** Whose login looks at several hosts; through a pooler, that of a role that this process has. */
const loginOf = ({ ingestOnly = false, pooler = false, url }: DatabaseUrls): Login => ({
  url,
  pooledAs: pooler ? `dueline_${ingestOnly ? "ingest" : "worker"}` : undefined
})

/** How one works as a role behind this URL. */
const urlConnection = ({ pooler = false }: DatabaseUrls, place: Place, role: DatabaseRole): Connection => {
  const name = `dueline_${role}`
  return pooler ? { place, username: name, pooled: true } : { place, startupParameters: { role: name } }
}

/** The pools that work behind these URLs, none of them opened. Of several servers the one that takes writes is waited for and followed. */
export const urlPools = (urls: DatabaseUrls) =>
  Effect.gen(function* () {
    const place = yield* followHosts(loginOf(urls))
    return yield* pools((role) => {
      const own = urls.roles?.[role]
      return own === undefined ? urlConnection(urls, place, role) : { url: own }
    }, urls.connections)
  })

/** As many connections as the edge has, and for groups of what is written beside the aggregates as many as there are everywhere. */
const ingestPools = (urls: DatabaseUrls) =>
  Effect.gen(function* () {
    const connection = urlConnection(urls, yield* followHosts(loginOf(urls)), "ingest")
    return yield* Effect.all({
      ingest: open("ingest", connection, usualConnections.edge),
      intake: open("intake", connection, intakeConnections)
    }).pipe(Effect.provide(Reactivity.layer))
  })

/** The pools of an embedded server that somebody else has started. */
export const socketPools = (at: { readonly host: string; readonly port: number }) =>
  pools((role) => ({ ...at, username: `dueline_${role}`, database: databaseName }))

/** Migrates the database behind the URL, waiting for it if need be; answers with the names of the applied steps. */
export const migrateUrl = (url: Redacted.Redacted) => administer({ url }, (sql) => migrate(sql, { canLogIn: false }))

/**
 * A PostgreSQL server, version 15 or later. Migrates first unless told not to, then waits for whoever does. A server that is away is waited
 * for; one that refuses a login or a role fails the layer at once.
 */
export const layerUrl = (urls: DatabaseUrls): Layer.Layer<Database, DatabaseRefused | MigrationRefused | SqlError> =>
  Layer.effect(
    Database,
    Effect.gen(function* () {
      const login = loginOf(urls)
      yield* urls.pooler === true || urls.migrate === false ? awaitSchema(login) : migrateUrl(urls.url)
      if (urls.ingestOnly === true) {
        const { ingest, intake } = yield* ingestPools(urls)
        yield* checkSessions([["ingest", ingest, placeOf(urls.url)]])
        return Database.of({ writer: ingest, edge: ingest, worker: ingest, intake })
      }
      const database = yield* urlPools(urls)
      yield* checkSessions(sessionsOf(database, (pool) => placeOf(urls.roles?.[pool] ?? urls.url)))
      return database
    })
  )
