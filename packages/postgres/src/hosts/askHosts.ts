/**
 * Which of several servers takes writes. Each is asked at once, over a session of its own that is closed afterwards: whether it is a
 * standby or read-only, and on which timeline it writes. A promotion begins a new timeline, so of two that take writes the one with the
 * higher is the later primary, and the other one that came back and was not told.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Redacted } from "effect"
import { Reactivity } from "effect/reactivity"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { DatabaseAway, placeOf, troubleWith } from "../DatabaseTrouble.ts"
import { databaseHosts } from "./databaseHosts.ts"

/** How one is let in; each host the same way. */
export interface Login {
  readonly url: Redacted.Redacted
  /** Through a pooler: who asks, and no statement is named. */
  readonly pooledAs?: string | undefined
}

export type Standing =
  /** The timeline is 0 where the server does not tell it. */
  | { readonly _tag: "writes"; readonly timeline: number }
  | { readonly _tag: "standby" }
  | { readonly _tag: "away"; readonly why: string }
  | { readonly _tag: "refused"; readonly why: string; readonly error: SqlError }

export interface Host {
  readonly url: Redacted.Redacted
  readonly place: string
}

/** `host:port` is what tells them apart. The database is the same at all of them. */
export const hostsOf = ({ url }: Login): ReadonlyArray<Host> => {
  const hosts = databaseHosts(Redacted.value(url))
  return (typeof hosts === "string" ? [Redacted.value(url)] : hosts).map((text) => {
    const one = Redacted.make(text)
    return { url: one, place: placeOf(one).replace(/\/.*$/u, "") }
  })
}

/** One that is there answers sooner, also over a continent. */
const patience = "2 seconds"

export const readOnly = "it is read-only: a standby, or told so by default_transaction_read_only"

/** A service that is not quite PostgreSQL may not know these functions; then the order of the list decides. */
const timeline = (sql: SqlClient) =>
  sql
    .unsafe<{
      readonly timeline: number
    }>("select ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int4 as timeline")
    .pipe(
      Effect.map(([row]) => row?.timeline ?? 0),
      Effect.orElseSucceed(() => 0)
    )

/** What a server says of itself over a session that is open. */
export const standing = (sql: SqlClient) =>
  Effect.gen(function* () {
    const [row] = yield* sql.unsafe<{ readonly closed: boolean }>(
      "select pg_is_in_recovery() or current_setting('default_transaction_read_only')::boolean as closed"
    )
    if (row?.closed !== false) return { _tag: "standby" } as const
    return { _tag: "writes", timeline: yield* timeline(sql) } as const
  })

/** One session at one host, which ends with the scope. */
export const sessionAt = ({ url }: Host, { pooledAs }: Login) =>
  PgClient.makeClient({
    url,
    applicationName: "dueline hosts",
    prepare: false,
    connectTimeout: patience,
    ...(pooledAs === undefined ? {} : { username: pooledAs })
  }).pipe(Effect.provide(Reactivity.layer))

const inWords = (error: SqlError): Standing => {
  const trouble = troubleWith(error)
  if (trouble._tag === "defect") return { _tag: "refused", why: String(error.reason.message), error }
  return trouble._tag === "away" ? trouble : { ...trouble, error }
}

const askHost = (host: Host, login: Login): Effect.Effect<Standing> =>
  Effect.flatMap(sessionAt(host, login), standing).pipe(
    Effect.scoped,
    Effect.timeoutOrElse({
      duration: patience,
      orElse: () => Effect.succeed<Standing>({ _tag: "away", why: `it does not answer within ${patience}` })
    }),
    Effect.catch((error) => Effect.succeed(inWords(error)))
  )

/** All of them, in their order. Takes as long as the slowest, two seconds at the most. */
export const askHosts = (login: Login, hosts: ReadonlyArray<Host> = hostsOf(login)) =>
  Effect.forEach(hosts, (host) => Effect.map(askHost(host, login), (standing) => ({ host, standing })), {
    concurrency: "unbounded"
  })

export type Asked = Effect.Success<ReturnType<typeof askHosts>>

/** Of those that take writes the one with the highest timeline; of equals `now`, else the first. */
export const latest = (asked: Asked, now?: Host): { readonly host: Host; readonly timeline: number } | undefined =>
  asked
    .flatMap(({ host, standing }) => (standing._tag === "writes" ? [{ host, timeline: standing.timeline }] : []))
    .toSorted((a, b) => b.timeline - a.timeline || Number(b.host === now) - Number(a.host === now))[0]

/** Why each of them does not serve. */
export const whyNone = (asked: Asked): string =>
  asked
    .map(({ host, standing }) => {
      const why =
        standing._tag === "standby"
          ? readOnly
          : standing._tag === "writes"
            ? `it writes on timeline ${standing.timeline}, and a later one was seen`
            : standing.why
      return `${host.place}: ${why}`
    })
    .join("; ")

/** When all refuse, waiting would not help. */
export const noneServes = (asked: Asked): SqlError | DatabaseAway => {
  const [first] = asked.flatMap(({ standing }) => (standing._tag === "refused" ? [standing.error] : []))
  return first !== undefined && asked.every(({ standing }) => standing._tag === "refused")
    ? first
    : new DatabaseAway({ why: `none of its servers takes writes. ${whyNone(asked)}` })
}

/** The one to work with for a moment: the only one there is, unasked, or the one of several that takes writes. */
export const hostThatWrites = (login: Login): Effect.Effect<Redacted.Redacted, SqlError | DatabaseAway> => {
  const hosts = hostsOf(login)
  const [only] = hosts
  if (hosts.length === 1 && only !== undefined) return Effect.succeed(only.url)
  return Effect.flatMap(askHosts(login, hosts), (asked) => {
    const found = latest(asked)
    return found === undefined ? Effect.fail(noneServes(asked)) : Effect.succeed(found.host.url)
  })
}
