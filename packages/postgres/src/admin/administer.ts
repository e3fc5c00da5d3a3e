/** What is done to a database behind a URL before the program works with it: looked at, migrated, or waited for. */
import { backoff } from "@dueline/contracts/backoff"
import { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import { Reactivity } from "effect/reactivity"
import { DatabaseRefused, grantable, placeOf } from "../DatabaseTrouble.ts"
import {
  applied,
  MigrationRefused,
  missing,
  noneApplied,
  programSchema,
  stepsIn
} from "../schema/migrations/DatabaseSchema.ts"
import { hostThatWrites, type Login } from "../hosts/askHosts.ts"
import { reachable, startBackoff } from "../reachable.ts"
import { databaseRoles } from "../schema/Roles.ts"
import { administrativeSettings, encodingMistake } from "../sessionFacts.ts"
import { serverWords } from "../SqlFailure.ts"

const oldestServer = 150_000

/** Before anything else is asked of it. */
const checkServer = (sql: PgClient.PgClient, place: string) =>
  Effect.gen(function* () {
    const [row] = yield* sql<{
      readonly version: number
      readonly encoding: string
    }>`select current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding`
    if (row !== undefined && row.version >= oldestServer) {
      const [mistake] = encodingMistake(row.encoding)
      if (mistake === undefined) return
      return yield* new DatabaseRefused({ detail: `the database at ${place} cannot be used: ${mistake}` })
    }
    const found = Math.floor((row?.version ?? 0) / 10_000)
    return yield* new DatabaseRefused({
      detail: `the database at ${place} is PostgreSQL ${found}: 15 or later is needed`
    })
  })

/** One connection that is waited for, and closed afterwards. What is done with it may be begun again when the server goes away. */
export const administer = <A, E>(login: Login, use: (sql: PgClient.PgClient) => Effect.Effect<A, E>) => {
  const place = placeOf(login.url)
  const session = Effect.gen(function* () {
    const sql = yield* PgClient.makeClient({
      url: yield* hostThatWrites(login),
      applicationName: "dueline schema",
      ...(login.pooledAs === undefined
        ? { startupParameters: administrativeSettings }
        : { username: login.pooledAs, prepare: false })
    })
    yield* checkServer(sql, place)
    return yield* use(sql)
  })
  return reachable(place, Effect.scoped(session).pipe(Effect.provide(Reactivity.layer)))
}

const mayNotLook = "42501"

/** Whoever has no part in any of the program's roles, which are there, will see nothing however long it waits. */
const checkMembership = (sql: PgClient.PgClient, place: string) =>
  Effect.gen(function* () {
    const names = databaseRoles.map((role) => `'dueline_${role}'`).join(", ")
    const roles = yield* sql.unsafe<{ readonly mine: boolean }>(
      `select pg_has_role(current_user, oid, 'member') as mine from pg_roles where rolname in (${names})`
    )
    if (roles.length < databaseRoles.length || roles.some(({ mine }) => mine)) return
    return yield* new DatabaseRefused({
      detail: `the database at ${place} cannot be used: this login needs \`grant ${grantable} to …\``
    })
  })

/** How many steps the database lacks that this program knows. A login that may not look yet sees what it would of an empty one. */
const lacking = (sql: PgClient.PgClient, place: string) =>
  Effect.gen(function* () {
    const before = yield* Effect.catchIf(
      applied(sql),
      (error) => serverWords(error).code === mayNotLook,
      () => Effect.as(checkMembership(sql, place), noneApplied)
    )
    const lacks = missing(programSchema, before)
    return lacks instanceof MigrationRefused ? yield* Effect.fail(lacks) : stepsIn(lacks)
  })

/** Waits until another program has brought the schema to where this one needs it. */
export const awaitSchema = (login: Login) =>
  Effect.gen(function* () {
    for (let looks = 1; ; looks += 1) {
      const lacks = yield* administer(login, (sql) => lacking(sql, placeOf(login.url)))
      if (lacks === 0) return
      const facts = { database: placeOf(login.url), steps: lacks }
      const words =
        "the schema is not there yet, or this login may not see it: waiting for another program to migrate it"
      yield* Effect.annotateLogs(Effect.logWarning(words), facts)
      yield* Effect.sleep(yield* backoff(startBackoff, looks))
    }
  })
