/**
 * What a session of a pool really is, read back from the server and held against what it has to be: never assumed from what was asked for.
 * A pooler in between may drop the settings of a session's start, and then every statement would run as the login, past row-level
 * security. One statement; it stands for the first use of the pool, so that it costs a start no round trip.
 */
import { Effect } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { DatabaseRole } from "./schema/Roles.ts"

/** The bounds that every session of the program is started with, in milliseconds. */
export const sessionBounds = {
  statement_timeout: 10_000,
  lock_timeout: 5_000,
  idle_in_transaction_session_timeout: 15_000
} as const

/**
 * What statements mean, and what is read, depends on these: every session of the program, also that which migrates, is started with them,
 * whatever a server, database or login has been given as its defaults.
 */
export const sessionMeaning = {
  default_transaction_isolation: "read committed",
  standard_conforming_strings: "on",
  transform_null_equals: "off",
  array_nulls: "on",
  bytea_output: "hex",
  DateStyle: "ISO, MDY",
  IntervalStyle: "postgres",
  TimeZone: "UTC",
  extra_float_digits: "1",
  // Connections lie idle for as long as nothing is to do.
  idle_session_timeout: "0"
} as const

/** Of sessions that migrate, copy or mend: what they do may take as long as it takes. */
export const administrativeSettings = {
  ...sessionMeaning,
  statement_timeout: "0",
  idle_in_transaction_session_timeout: "0"
} as const

export type SessionBound = keyof typeof sessionBounds
const bounds = Object.keys(sessionBounds) as ReadonlyArray<SessionBound>

export interface SessionFacts extends Readonly<Record<SessionBound, number>> {
  readonly user: string
  readonly login: string
  readonly superuser: boolean
  readonly bypassesRowSecurity: boolean
  /** Which of the program's roles the session's user has the rights of. */
  readonly rolesHeld: ReadonlyArray<string>
  readonly isolation: string
  readonly serverEncoding: string
  readonly clientEncoding: string
  readonly floatDigits: number
  readonly rowSecurity: string
  readonly replicationRole: string
  /** Whether a backslash in a text of a function's body is a backslash. */
  readonly plainStrings: string
  /** `off`: a commit is answered before it is on disk. */
  readonly synchronousCommit: string
  /** `off`: of a server whose data may be lost with its machine. */
  readonly fsync: string
  /** It takes no writes at the moment: a standby, or one that was told so (after a failover, or when its disk is full). */
  readonly readOnly: boolean
  /** The first schema that names without one are looked for in, temporary ones left out. */
  readonly firstSchema: string
}

/** `current_setting` says `10s`: as an interval it can be compared. */
const milliseconds = (name: SessionBound): string =>
  `(extract(epoch from current_setting('${name}')::interval) * 1000)::float8 as "${name}"`

const factsStatement = `select current_user::text as "user", session_user::text as login, r.rolsuper as superuser,
    r.rolbypassrls as "bypassesRowSecurity",
    array(select m.rolname::text from pg_roles m where m.rolname in
      ('dueline_owner', 'dueline_append', 'dueline_writer', 'dueline_edge', 'dueline_worker', 'dueline_ingest')
      and pg_has_role(current_user, m.oid, 'usage') order by 1) as "rolesHeld",
    current_setting('default_transaction_isolation') as isolation, current_setting('server_encoding') as "serverEncoding",
    current_setting('client_encoding') as "clientEncoding", current_setting('extra_float_digits')::int as "floatDigits",
    current_setting('row_security') as "rowSecurity", current_setting('session_replication_role') as "replicationRole",
    current_setting('standard_conforming_strings') as "plainStrings",
    current_setting('synchronous_commit') as "synchronousCommit", current_setting('fsync') as "fsync",
    current_setting('default_transaction_read_only')::boolean or pg_is_in_recovery() as "readOnly",
    (select s.name::text from unnest(current_schemas(true)) with ordinality as s(name, n)
      where s.name not like 'pg\\_temp%' order by s.n limit 1) as "firstSchema",
    ${bounds.map(milliseconds).join(", ")}
  from pg_roles r where r.rolname = current_user`

export const readSession = (sql: SqlClient) => Effect.map(sql.unsafe<SessionFacts>(factsStatement), ([facts]) => facts)

const poolers =
  "if a pooler in between drops the settings of a session's start (PgBouncer with `ignore_startup_parameters`), set " +
  "DUELINE_DATABASE_POOLER=yes and give them to the roles, or connect to the server itself (docs/runbook.md, Poolers)"

/** The session has the rights of its role and of no other. */
const rightsMistakes = (role: DatabaseRole, facts: SessionFacts): ReadonlyArray<string> => {
  const wanted = `dueline_${role}`
  const { bypassesRowSecurity, login, rolesHeld, superuser, user } = facts
  if (superuser || bypassesRowSecurity) {
    const what = `statements run as ${user}, ${superuser ? "a superuser" : "a role with BYPASSRLS"}, for whom row-level security is off`
    return user === wanted
      ? [`${what}: \`alter role ${wanted} nosuperuser nobypassrls\``]
      : [`${what}: the role asked for, ${wanted}, was not taken`]
  }
  if (user !== wanted && !rolesHeld.includes(wanted)) {
    return [`statements run as ${user} instead of ${wanted}: \`grant ${wanted} to ${login}\``]
  }
  const more = rolesHeld.filter((name) => name !== wanted).join(", ")
  if (more === "") return []
  return [
    user === wanted
      ? `${wanted} has the rights of ${more} too: \`revoke ${more} from ${wanted}\``
      : `statements run as ${user}, with the rights of ${more} beside those of ${wanted}, which was not taken as the role: where ${user} is ` +
        `a login of its own for this part, \`revoke ${more} from ${user}\``
  ]
}

const settingMistake = (name: string, found: unknown, wanted: unknown, login: string): string =>
  `${name} is ${String(found)} and has to be ${String(wanted)}: \`alter role ${login} set ${name} = '${String(wanted)}'\``

/** What keeps the program from using the session, each with what to do; empty when nothing does. */
export const sessionMistakes = (role: DatabaseRole, facts: SessionFacts | undefined): ReadonlyArray<string> => {
  if (facts === undefined) return ["the server does not say who this session is"]
  const { login } = facts
  const settings: ReadonlyArray<readonly [name: string, found: string, wanted: string]> = [
    ["default_transaction_isolation", facts.isolation, "read committed"],
    ["row_security", facts.rowSecurity, "on"],
    ["session_replication_role", facts.replicationRole, "origin"],
    ["standard_conforming_strings", facts.plainStrings, "on"],
    ["client_encoding", facts.clientEncoding, "UTF8"]
  ]
  return [
    ...rightsMistakes(role, facts),
    ...encodingMistake(facts.serverEncoding),
    ...settings.flatMap(([name, found, wanted]) =>
      found === wanted ? [] : [settingMistake(name, found, wanted, login)]
    ),
    // What was accepted would be lost with the server. Where nothing is ever flushed, that was said for the whole server.
    ...(facts.synchronousCommit === "off" && facts.fsync === "on"
      ? [settingMistake("synchronous_commit", "off", "on", login)]
      : []),
    ...(facts.floatDigits >= 1 ? [] : [settingMistake("extra_float_digits", facts.floatDigits, 1, login)]),
    ...(facts.firstSchema === "pg_catalog"
      ? []
      : [settingMistake("search_path", `one that begins with ${facts.firstSchema}`, '"$user", public', login)]),
    // Shorter bounds are the operator's choice; without any, or with longer ones, a statement could outlive the program's patience.
    ...bounds.flatMap((name) =>
      facts[name] > 0 && facts[name] <= sessionBounds[name]
        ? []
        : [settingMistake(name, `${facts[name]} ms`, `${sessionBounds[name]}ms`, login)]
    )
  ]
}

/** Text is Unicode: in any other encoding some of it could not be stored. */
export const encodingMistake = (serverEncoding: string): ReadonlyArray<string> =>
  serverEncoding === "UTF8"
    ? []
    : [
        `its encoding is ${serverEncoding} and has to be UTF8, which is chosen when a database is made: ` +
          "`create database … encoding 'UTF8' template template0`, then name that one in DUELINE_DATABASE_URL"
      ]

/** All of it as one text, with what may stand behind it, once. */
export const mistakesInWords = (mistakes: ReadonlyArray<string>): string =>
  mistakes.every((mistake) => mistake.startsWith("its encoding"))
    ? mistakes.join("; ")
    : [...mistakes, poolers].join("; ")
