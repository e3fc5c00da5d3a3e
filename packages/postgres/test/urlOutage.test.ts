/** A server behind a URL that crashes, stops and starts under statements: whoever asks is told so, and nobody has to be started again. */
import { Leases } from "@dueline/contracts/ports/Leases"
import { Outbox } from "@dueline/contracts/ports/Outbox"
import { Persistence, StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import * as Sample from "@dueline/port-contracts/Sample"
import * as Database from "@dueline/postgres/Database"
import * as PostgresLeases from "@dueline/postgres/write/PostgresLeases"
import * as PostgresOutbox from "@dueline/postgres/write/PostgresOutbox"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import { missing, temporaryDirectory } from "@dueline/test-servers/sharedServers"
import { startPostgres } from "@dueline/test-servers/startPostgres"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Predicate, Redacted } from "effect"

/** Asks over and over, counts answers, and keeps what the server said when it did not answer. Anything that is not retryable ends it. */
const asking = <E, R>(ask: Effect.Effect<unknown, E, R>) => {
  const state = { answers: 0, codes: new Set<string>(), wanted: 0, reached: Deferred.makeUnsafe<void>() }
  const once = Effect.matchEffect(ask, {
    onSuccess: () =>
      Effect.sync(() => {
        state.answers += 1
        if (state.answers >= state.wanted) Deferred.doneUnsafe(state.reached, Effect.void)
      }),
    onFailure: (error) => {
      if (!(error instanceof StoreUnavailable)) return Effect.die(error)
      const reason = Predicate.hasProperty(error.cause, "reason") ? error.cause.reason : undefined
      const cause = Predicate.hasProperty(reason, "cause") ? reason.cause : undefined
      state.codes.add(Predicate.hasProperty(cause, "code") ? String(cause.code) : "none")
      return Effect.sleep(5)
    }
  })
  /** Waits for `count` answers from now on. */
  const more = (count: number) =>
    Effect.suspend(() => {
      state.wanted = state.answers + count
      state.reached = Deferred.makeUnsafe<void>()
      return Deferred.await(state.reached)
    })
  return { state, more, run: Effect.forever(once) }
}

describe.skipIf((await missing("postgres")) !== undefined)("a server behind a URL", () => {
  it.live(
    "may crash, stop and start under statements: every failure of them is retryable, and then all is as before",
    () =>
      Effect.gen(function* () {
        const directory = yield* Effect.promise(temporaryDirectory)
        const start = (port?: number) =>
          Effect.promise(() => startPostgres({ directory, durable: false, ...(port === undefined ? {} : { port }) }))
        let server = yield* start()
        yield* Effect.addFinalizer(() => Effect.promise(() => server.stop()))
        const url = Redacted.make(server.url)
        const ports = Layer.mergeAll(PostgresPersistence.layer, PostgresOutbox.layer, PostgresLeases.layer).pipe(
          Layer.provideMerge(Database.layerUrl({ url }))
        )
        yield* Effect.gen(function* () {
          const [store, outbox, leases] = [yield* Persistence, yield* Outbox, yield* Leases]
          const call = Sample.target()
          yield* store.commit([Sample.commit(call)])
          const askers = [
            asking(
              Effect.suspend(() => store.commit([Sample.commit(Sample.target(), { outbox: [Sample.message()] })]))
            ),
            asking(store.load([Sample.loadRequest(call)])),
            asking(outbox.claim({ now: Sample.now, limit: 10 })),
            asking(leases.take({ name: "outbox", holder: "me", ttlMs: 5_000 }))
          ]
          const fibers = yield* Effect.forEach(askers, ({ run }) => Effect.forkChild(run))
          const allAnswer = Effect.raceFirst(
            Effect.forEach(askers, ({ more }) => more(20), { concurrency: "unbounded", discard: true }),
            Effect.forEach(fibers, Fiber.join, { concurrency: "unbounded", discard: true })
          )
          yield* allAnswer

          // One of its processes is killed: it throws everybody out, recovers, and meanwhile lets nobody in.
          const { worker } = yield* Database.Database
          const [backend] = yield* worker<{ readonly pid: number }>`select pg_backend_pid() as pid`
          process.kill(backend?.pid ?? 0, "SIGKILL")
          yield* allAnswer

          // Stopped at once, which leaves recovery to the next start, and started again.
          process.kill(server.pid, "SIGQUIT")
          yield* Effect.promise(() => server.stop())
          server = yield* start(server.port)
          yield* allAnswer

          // Stopped in order.
          yield* Effect.promise(() => server.stop())
          server = yield* start(server.port)
          yield* allAnswer
          const codes = new Set(askers.flatMap(({ state }) => [...state.codes]))
          assert.include(codes, "ECONNREFUSED")
          assert.strictEqual((yield* store.load([Sample.loadRequest(call)]))[0]?.version, 1)
        }).pipe(Effect.provide(ports))
      }).pipe(Effect.scoped)
  )
})
