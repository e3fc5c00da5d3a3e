/**
 * What keeps a server that is named by a URL from serving: it is away, which passes, or it refuses, which somebody has to mend. Says both
 * in words, without a password or a login in them.
 */
import { Redacted, Schema } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { databaseHosts } from "./hosts/databaseHosts.ts"
import { serverWords } from "./SqlFailure.ts"

/** The server is there and does not let this program work; waiting would not help. */
export class DatabaseRefused extends Schema.TaggedError<DatabaseRefused>()("DatabaseRefused", {
  detail: Schema.String
}) {
  override get message(): string {
    return this.detail
  }
}

/** The server is there and cannot serve at the moment, though no statement of this program failed. */
export class DatabaseAway extends Schema.TaggedError<DatabaseAway>()("DatabaseAway", { why: Schema.String }) {
  override get message(): string {
    return this.why
  }
}

export type Trouble =
  | { readonly _tag: "away"; readonly why: string }
  | { readonly _tag: "refused"; readonly why: string }
  /** Neither: a mistake in this program. */
  | { readonly _tag: "defect" }

const onePlace = (text: string): { readonly address: string; readonly path: string } | null => {
  const url = URL.parse(text)
  if (url === null) return null
  const host = url.searchParams.get("host") ?? (url.hostname === "" ? "localhost" : url.hostname)
  const port = url.searchParams.get("port") ?? (url.port === "" ? "5432" : url.port)
  return { address: `${host}:${port}`, path: url.pathname }
}

/** `host:port/database`, which is all of a URL that may be shown; several hosts with commas between them. */
export const placeOf = (url: Redacted.Redacted): string => {
  const hosts = databaseHosts(Redacted.value(url))
  const places = typeof hosts === "string" ? [null] : hosts.map(onePlace)
  const known = places.filter((place) => place !== null)
  return known.length < places.length
    ? "(no valid URL)"
    : `${known.map(({ address }) => address).join(",")}${known[0]?.path}`
}

/**
 * By SQLSTATE: `08` connection, `40` rolled back, `53` resources, `57` operator, `58` system, `25006` a standby, `55P03` a lock. `08P01`
 * is an answer: the other side does not speak as a server does, and will not tomorrow.
 */
const passing: ReadonlyArray<readonly [pattern: RegExp, why: string]> = [
  [/^57P03/u, "it is starting up, recovering or shutting down"],
  [/^57/u, "it was stopped"],
  [/^53300/u, "it has no connection to spare: raise max_connections, or end other programs' connections"],
  [/^53100/u, "its disk is full: make room on it"],
  [/^53200/u, "it is out of memory"],
  [/^25006/u, "it is read-only: a standby, or told so by default_transaction_read_only"],
  [/^(?:08(?!P01)|40|53|55P03|58)/u, "it has trouble of its own"]
]

/** The roles that whoever works with the database has to be a member of. */
export const grantable = "dueline_writer, dueline_edge, dueline_worker"

const refusals: ReadonlyArray<readonly [pattern: RegExp, why: string]> = [
  [/^28/u, "it does not let this login in: check name and password in the URL, and the server's pg_hba.conf"],
  [/^3D/u, "there is no such database: create it, owned by the login in the URL"],
  [
    /^(?:08P01|26000|42P05)/u,
    "what answers does not take the settings that a session is started with, as a pooler between transactions does not (PgBouncer): set " +
      "DUELINE_DATABASE_POOLER=yes and let the roles log in, or connect to the server itself (docs/runbook.md, Poolers)"
  ],
  [
    /^0A/u,
    "it cannot do what is asked of it: PostgreSQL 15 or later is needed, and no pooler that changes what is said"
  ],
  [
    /^42501/u,
    "this login may not do what it has to: who migrates needs `alter role … createrole` and `grant create on database … to …`, or the " +
      `database's owner as login; who does not needs \`grant ${grantable} to …\``
  ],
  [
    /^22023/u,
    "it has no role of this program yet: let one process migrate it (DUELINE_MIGRATE=yes, or `dueline migrate`)"
  ],
  [
    /^42/u,
    "what is in it was not made by this program's migrations: name another database, or restore this one from a backup"
  ]
]

/** Of a connection without a word of the server. Certificates have codes too, and do not get better by waiting. */
const networkCode = /^E[A-Z_]+$/u
const networkWords = /connection (?:timed out|closed|is closed|terminated)/iu

/** Of whatever else listens there. */
const foreignWords = /failed to parse server response/iu

/** The driver's own words, which hold nothing of the URL but names of its settings. */
const wordsOf = (error: SqlError): string => (error.reason.message ?? "").replace(/^PgConnection: /u, "")

/** What the server says itself, which holds no password. One line, bounded. */
const sentenceOf = (error: SqlError): string => serverWords(error).message.replaceAll(/\s+/gu, " ").slice(0, 300)

export const troubleWith = (error: SqlError): Trouble => {
  const { code } = serverWords(error)
  const find = (list: typeof passing) => list.find(([pattern]) => pattern.test(code))?.[1]
  const away = find(passing)
  if (away !== undefined) return { _tag: "away", why: `${away} (${code})` }
  const refused = find(refusals)
  if (refused !== undefined) return { _tag: "refused", why: `${refused}. It says: ${sentenceOf(error)} (${code})` }
  // Without a password in the URL the driver gives up by itself.
  if (error.reason._tag === "AuthenticationError") return { _tag: "refused", why: wordsOf(error) }
  if (error.reason._tag !== "ConnectionError") return { _tag: "defect" }
  if (networkCode.test(code) && !code.startsWith("ERR_")) return { _tag: "away", why: code }
  const words = wordsOf(error)
  if (code === "" && networkWords.test(words)) return { _tag: "away", why: words }
  if (code === "" && foreignWords.test(words)) {
    return {
      _tag: "refused",
      why: "what answers there does not speak as PostgreSQL does: check host and port in the URL"
    }
  }
  return { _tag: "refused", why: code === "" ? words : `${words} (${code})` }
}
