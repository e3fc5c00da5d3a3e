/** A server that goes away under the program: the failure is retryable, and nothing that was committed is lost. */
import { Persistence } from "@dueline/contracts/ports/Persistence"
import * as Sample from "@dueline/port-contracts/Sample"
import * as Database from "@dueline/postgres/Database"
import { EmbeddedServer } from "@dueline/postgres/embedded/EmbeddedServer"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Result, Schedule } from "effect"
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import * as path from "node:path"

const layer = Layer.unwrap(
  Effect.gen(function* () {
    const home = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(path.join(tmpdir(), "dueline-outage-"))),
      (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
    )
    chmodSync(home, 0o755)
    const database = Database.layerEmbedded({ home, settings: { shared_buffers: "32MB" } })
    return PostgresPersistence.layer.pipe(Layer.provideMerge(database))
  })
)

it.layer(layer, { excludeTestServices: true, timeout: "60 seconds" })("an outage", (it) => {
  it.effect(
    "while the server is down every question is answered with StoreUnavailable; then all that was committed is there",
    () =>
      Effect.gen(function* () {
        const store = yield* Persistence
        const server = yield* EmbeddedServer
        const calls = Array.from({ length: 20 }, () => Sample.target())
        yield* store.commit(calls.map((call) => Sample.commit(call)))
        const killed = yield* server.pid
        process.kill(killed, "SIGKILL")
        const load = store.load(calls.map((call) => Sample.loadRequest(call)))
        // Only the typed failure is retried: a defect would end the test.
        const failure = yield* Effect.result(load)
        assert.isTrue(Result.isSuccess(failure) || failure.failure._tag === "StoreUnavailable")
        // Its processes answer for a moment longer; those of the next server begin when they have all gone.
        yield* Effect.repeat(Effect.andThen(Effect.sleep(10), server.pid), { until: (pid) => pid !== killed })
        const slices = yield* Effect.retry(load, Schedule.spaced("100 millis").pipe(Schedule.upTo({ times: 300 })))
        assert.isTrue(slices.every(({ version }) => version === 1))
        yield* store.commit(calls.map((call) => Sample.commit(call, { expectedVersion: 1 })))
      })
  )
})
