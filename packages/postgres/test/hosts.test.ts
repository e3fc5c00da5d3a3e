/** Several servers in one URL: a primary and its standby, real ones, through promotions with and without the death of the primary. */
import { Persistence, StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import * as Sample from "@dueline/port-contracts/Sample"
import * as Database from "@dueline/postgres/Database"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import { missing, temporaryDirectory } from "@dueline/test-servers/sharedServers"
import { startPostgres } from "@dueline/test-servers/startPostgres"
import { startStandby } from "@dueline/test-servers/startStandby"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Redacted } from "effect"
import { freePort } from "@dueline/test-servers/ServerProcess"
import { asAdmin, listening, redacted } from "./UrlWorld.ts"

type Server = Awaited<ReturnType<typeof startPostgres>>

const ask = <A extends object>(at: Pick<Server, "url">, statement: string) =>
  Database.withSession({ url: Redacted.make(at.url) }, (sql) => sql.unsafe<A>(statement))

/** Whoever is told that it is committed has been told so by the standby too. */
const pair = Effect.gen(function* () {
  const directories = yield* Effect.promise(() => Promise.all([temporaryDirectory(), temporaryDirectory()]))
  const stopped = (server: Server) => Effect.addFinalizer(() => Effect.promise(() => server.stop()))
  const primary = yield* Effect.promise(() => startPostgres({ directory: directories[0] }))
  yield* stopped(primary)
  const standby = yield* Effect.promise(() => startStandby({ directory: directories[1], primary }))
  yield* stopped(standby)
  yield* asAdmin(primary.url, "alter system set synchronous_standby_names = '*'", "select pg_reload_conf()")
  const again = Effect.gen(function* () {
    const server = yield* Effect.promise(() => startPostgres({ directory: directories[0], port: primary.port }))
    yield* stopped(server)
    return server
  })
  return {
    primary,
    standby,
    again,
    promote: asAdmin(standby.url, "alter system reset synchronous_standby_names", "select pg_promote()")
  }
})

/** All in one URL, in this order. */
const urlOf = (...servers: ReadonlyArray<Pick<Server, "url">>): URL => {
  const hosts = servers.map(({ url }) => new URL(url).host).join(",")
  const first = new URL(servers[0]?.url ?? "")
  return { href: first.href.replace(first.host, hosts) + "?target_session_attrs=read-write" } as URL
}

const layerOf = (url: URL) =>
  PostgresPersistence.layer.pipe(Layer.provideMerge(Database.layerUrl({ url: redacted(url) })))

/** Commits one call after the other, each again until it is taken, and waits for so many of them. */
const committing = Effect.gen(function* () {
  const store = yield* Persistence
  const state = { calls: [] as Array<Sample.Target>, wanted: 0, reached: Deferred.makeUnsafe<void>() }
  const commit = (call: Sample.Target): Effect.Effect<void> =>
    store.commit([Sample.commit(call)]).pipe(
      Effect.asVoid,
      Effect.catch((error) => {
        if (error instanceof StoreUnavailable) return Effect.andThen(Effect.sleep(10), commit(call))
        // It was committed, and the answer was lost.
        return Effect.void
      })
    )
  const run = Effect.forever(
    Effect.suspend(() => {
      const call = Sample.target()
      return Effect.map(commit(call), () => {
        state.calls.push(call)
        if (state.calls.length >= state.wanted) Deferred.doneUnsafe(state.reached, Effect.void)
      })
    })
  )
  const fiber = yield* Effect.forkScoped(run)
  const more = (count: number) =>
    Effect.suspend(() => {
      state.wanted = state.calls.length + count
      state.reached = Deferred.makeUnsafe<void>()
      return Effect.raceFirst(Deferred.await(state.reached), Fiber.join(fiber))
    })
  return { calls: state.calls, more, stop: Fiber.interrupt(fiber) }
})

const callsAt = (server: Pick<Server, "url">) =>
  Effect.map(
    ask<{ readonly id: string }>(server, "select stream_id::text as id from dueline.events where version = 1"),
    (rows) => new Set(rows.map(({ id }) => id))
  )

describe.skipIf((await missing("postgres")) !== undefined)(
  "several servers in one URL",
  { tags: ["ADR-0052.1"] },
  () => {
    it.live(
      "the one that takes writes is worked with; when it dies, its promoted standby is waited for, and no commit is lost",
      () => {
        const ear = listening()
        return Effect.gen(function* () {
          const { again, primary, promote, standby } = yield* pair
          yield* Effect.gen(function* () {
            const work = yield* committing
            yield* work.more(20)
            yield* Effect.promise(() => primary.kill())
            yield* ear.until(/no server of the database takes writes/u)
            // A process that starts now is told what each of them says, and waits.
            const nobody = yield* Effect.promise(freePort)
            const all = urlOf(primary, standby, { url: `postgres://127.0.0.1:${nobody}/` })
            const late = yield* Effect.forkChild(Effect.scoped(Layer.build(layerOf(all))))
            const [first, second, third] = [primary.port, standby.port, nobody].map((port) => `127.0.0.1:${port}: `)
            const why = `${first}ECONNREFUSED; ${second}it is read-only: a standby.*; ${third}ECONNREFUSED`
            yield* ear.until(new RegExp(`none of its servers takes writes. ${why}`, "u"))
            yield* promote
            yield* Fiber.join(late)
            yield* work.more(20)
            yield* work.stop
            const kept = yield* callsAt(standby)
            assert.isEmpty(work.calls.filter(({ callId }) => !kept.has(callId)))
            yield* ear.until(/work goes on at another server of the database/u)
          }).pipe(Effect.provide(layerOf(urlOf(standby, primary))), Effect.scoped)

          // The earlier primary comes back as it was, and takes writes. It is the first in the list; the later one is chosen.
          yield* again
          yield* asAdmin(primary.url, "alter system reset synchronous_standby_names", "select pg_reload_conf()")
          yield* Effect.gen(function* () {
            yield* ear.until(new RegExp(`127.0.0.1:${primary.port}.*it takes writes too, on timeline 1`, "u"))
            const work = yield* committing
            yield* work.more(5)
            yield* work.stop
            const kept = yield* callsAt(standby)
            assert.isEmpty(work.calls.filter(({ callId }) => !kept.has(callId)))
          }).pipe(Effect.provide(layerOf(urlOf(primary, standby))), Effect.scoped)
        }).pipe(Effect.provide(ear.layer), Effect.scoped)
      }
    )

    it.live(
      "one that is promoted while the primary goes on is followed, and nothing is left at the earlier one",
      () => {
        const ear = listening()
        return Effect.gen(function* () {
          const { primary, promote, standby } = yield* pair
          yield* Effect.gen(function* () {
            const work = yield* committing
            yield* work.more(20)
            yield* asAdmin(primary.url, "alter system reset synchronous_standby_names", "select pg_reload_conf()")
            yield* promote
            yield* ear.until(/work goes on at another server of the database/u)
            yield* work.more(20)
            const count = "select count(*)::int as n from pg_stat_activity where application_name like 'dueline%'"
            // Its processes notice within a moment that their client is gone.
            for (;;) {
              const [left] = yield* ask<{ readonly n: number }>(
                primary,
                `${count} and application_name <> 'dueline hosts'`
              )
              if (left?.n === 0) break
              yield* Effect.sleep(20)
            }
            yield* work.stop
          }).pipe(Effect.provide(layerOf(urlOf(primary, standby))), Effect.scoped)
        }).pipe(Effect.provide(ear.layer), Effect.scoped)
      }
    )
  }
)
