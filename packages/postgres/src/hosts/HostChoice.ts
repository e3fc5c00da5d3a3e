/**
 * Keeps a process at the one of several PostgreSQL servers that takes writes: all its pools are there, and nowhere else.
 *
 * A session of its own stays open to that server. When it ends, does not answer or says that the server is read-only by now, all are asked
 * until one takes writes. Every few seconds the others are asked too: a server on a later timeline is the primary now, even where the
 * earlier one goes on. Connections to any other server are cut off, so that nothing is committed there that nobody would find again. What
 * was under way on them has an unknown end, as when a server dies, and is treated the same way.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect, Redacted, type Scope } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { connect, type Socket } from "node:net"
import { type DatabaseAway, type DatabaseRefused, placeOf } from "../DatabaseTrouble.ts"
import { reachable } from "../reachable.ts"
import {
  type Asked,
  askHosts,
  type Host,
  hostsOf,
  latest,
  type Login,
  noneServes,
  readOnly,
  sessionAt,
  standing,
  whyNone
} from "./askHosts.ts"

/** Between two questions to the server that is worked with, and to all while none takes writes. */
const [lookMs, searchMs] = [1_000, 500]
/** So many looks apart the other servers are asked as well. */
const looksBetween = 5
/** A server that takes longer is taken for gone. */
const patience = "3 seconds"

/** Where a pool connects to, to be read at each new connection. */
export interface Place {
  readonly url: Redacted.Redacted
  readonly stream?: PgClient.PgPoolConfig["stream"]
}

const socketTo = (url: Redacted.Redacted): Socket => {
  const { hostname, port } = new URL(Redacted.value(url))
  return connect({ host: hostname.replace(/^\[|\]$/gu, ""), port: port === "" ? 5432 : Number(port), noDelay: true })
}

class Chosen {
  #host: Host
  #timeline: number
  readonly #sockets = new Map<Socket, Host>()

  constructor(host: Host, timeline: number) {
    this.#host = host
    this.#timeline = timeline
  }

  get host(): Host {
    return this.#host
  }

  /** The highest that was seen; what writes on a lower one is an earlier primary. */
  get timeline(): number {
    return this.#timeline
  }

  moveTo(host: Host, timeline: number): void {
    this.#host = host
    this.#timeline = Math.max(this.#timeline, timeline)
    for (const [socket, at] of this.#sockets) if (at !== host) socket.destroy()
  }

  open(): Socket {
    const host = this.#host
    const socket = socketTo(host.url)
    this.#sockets.set(socket, host)
    socket.once("close", () => this.#sockets.delete(socket))
    return socket
  }
}

/** The driver reads the URL for each connection that it opens; it is where the name for TLS comes from too. */
const placeAt = (chosen: Chosen): Place => ({
  get url() {
    return chosen.host.url
  },
  stream: () => chosen.open()
})

const notOlder = (asked: Asked, timeline: number): Asked =>
  asked.filter(({ standing }) => standing._tag !== "writes" || standing.timeline === 0 || standing.timeline >= timeline)

const tellOthers = (asked: Asked, host: Host) =>
  Effect.forEach(
    asked.filter((one) => one.host !== host),
    ({ host: { place }, standing }) =>
      standing._tag === "standby"
        ? Effect.void
        : Effect.annotateLogs(Effect.logWarning("a server of the database could not take over at the moment"), {
            server: place,
            why:
              standing._tag === "writes"
                ? `it takes writes too, on timeline ${standing.timeline}: make it a standby of ${host.place}, or stop it`
                : standing.why
          }),
    { discard: true }
  )

/** Ends with what is wrong with the server, or with a later primary beside it. */
const untilTrouble = (login: Login, hosts: ReadonlyArray<Host>, chosen: Chosen) =>
  Effect.gen(function* () {
    const { host } = chosen
    const sql = yield* sessionAt(host, login)
    for (let looks = 1; ; looks += 1) {
      yield* Effect.sleep(lookMs)
      const now = yield* Effect.timeoutOption(standing(sql), patience)
      if (now._tag === "None") return `it does not answer within ${patience}`
      if (now.value._tag === "standby") return readOnly
      if (looks % looksBetween !== 0) continue
      const others = yield* askHosts(
        login,
        hosts.filter((one) => one !== host)
      )
      const later = latest(others)
      if (later !== undefined && later.timeline > now.value.timeline)
        return `${later.host.place} was promoted: it writes on timeline ${later.timeline}, this one on ${now.value.timeline}`
    }
  }).pipe(
    Effect.scoped,
    Effect.catch((error) => Effect.succeed(String(error.reason.message).replace(/^PgConnection: /u, "")))
  )

/** Until one takes writes. Says once for each change why none does. */
const search = (login: Login, hosts: ReadonlyArray<Host>, chosen: Chosen) =>
  Effect.gen(function* () {
    let said = ""
    for (;;) {
      const asked = yield* askHosts(login, hosts)
      const found = latest(notOlder(asked, chosen.timeline), chosen.host)
      if (found !== undefined) return { ...found, asked }
      const why = whyNone(asked)
      if (why !== said) yield* Effect.annotateLogs(Effect.logWarning("no server of the database takes writes"), { why })
      said = why
      yield* Effect.sleep(searchMs)
    }
  })

const watch = (login: Login, hosts: ReadonlyArray<Host>, chosen: Chosen) =>
  Effect.gen(function* () {
    const before = chosen.host
    const why = yield* untilTrouble(login, hosts, chosen)
    const facts = { server: before.place, why }
    yield* Effect.annotateLogs(
      Effect.logWarning("the server of the database is not of use: looking at all of them"),
      facts
    )
    const { asked, host, timeline } = yield* search(login, hosts, chosen)
    chosen.moveTo(host, timeline)
    const words =
      host === before ? "the server of the database is of use again" : "work goes on at another server of the database"
    yield* Effect.annotateLogs(Effect.logWarning(words), { server: host.place, before: before.place, timeline })
    yield* tellOthers(asked, host)
  })

const choose = (
  login: Login,
  hosts: ReadonlyArray<Host>
): Effect.Effect<{ readonly chosen: Chosen; readonly asked: Asked }, SqlError | DatabaseAway> =>
  Effect.flatMap(askHosts(login, hosts), (asked) => {
    const found = latest(asked)
    return found === undefined
      ? Effect.fail(noneServes(asked))
      : Effect.succeed({ chosen: new Chosen(found.host, found.timeline), asked })
  })

/** For the only server there is, that one. For several, waits until one takes writes, and follows from then on; ends with the scope. */
export const followHosts = (login: Login): Effect.Effect<Place, DatabaseRefused, Scope.Scope> => {
  const hosts = hostsOf(login)
  const [only] = hosts
  if (hosts.length === 1 && only !== undefined) return Effect.succeed({ url: only.url })
  return Effect.gen(function* () {
    const { asked, chosen } = yield* reachable(placeOf(login.url), choose(login, hosts))
    yield* Effect.annotateLogs(Effect.logInfo("of the database's servers this one takes writes"), {
      server: chosen.host.place,
      timeline: chosen.timeline
    })
    yield* tellOthers(asked, chosen.host)
    yield* Effect.forkScoped(Effect.forever(watch(login, hosts, chosen)))
    return placeAt(chosen)
  })
}
