/**
 * The steps of docs/backup.md for another major version, run as they stand there. What this machine has are the programs of one major
 * version, so that is where they lead too: what a newer one does with the data of an older one is not tested here.
 */
import { Persistence } from "@dueline/contracts/ports/Persistence"
import * as Sample from "@dueline/port-contracts/Sample"
import * as Database from "@dueline/postgres/Database"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import { findPostgres } from "@dueline/test-servers/findServer"
import { notTested } from "@dueline/test-servers/notTested"
import { serverAccount } from "@dueline/test-servers/ServerAccount"
import { missing, temporaryDirectory } from "@dueline/test-servers/sharedServers"
import { startPostgres } from "@dueline/test-servers/startPostgres"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { execFile } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import path from "node:path"
import { promisify } from "node:util"

const documented = /```sh\n(if "\$OLD[^`]*)```/u.exec(
  readFileSync(path.join(import.meta.dirname, "..", "..", "..", "docs", "backup.md"), "utf8")
)?.[1]

const absent = await missing("postgres")
const binary = absent === undefined ? await findPostgres() : undefined
const programs = path.dirname(binary?.path ?? "/nowhere")
const without =
  absent ??
  (existsSync(path.join(programs, "pg_upgrade"))
    ? undefined
    : notTested("the way to another major version", `there is no pg_upgrade in ${programs}`))

const read = "select (dueline.read_log(0, 0, 1000) ->> 'eventId') as id"
const isAhead = "select pg_current_xact_id() > max(xact) as ahead from dueline.events"

it.live.skipIf(without !== undefined)(
  "a database that was moved by the documented steps has its events in their order, and those that come later behind them",
  () =>
    Effect.gen(function* () {
      const directory = yield* Effect.promise(temporaryDirectory)
      const before = yield* Effect.promise(() => startPostgres({ directory, durable: false }))
      const url = Redacted.make(before.url)
      const ask = <A extends object>(statement: string) =>
        Database.withSession({ url }, (sql) => sql.unsafe<A>(statement))
      const ports = PostgresPersistence.layer.pipe(Layer.provideMerge(Database.layerUrl({ url })))
      const commits = (count: number) =>
        Effect.gen(function* () {
          const { commit } = yield* Persistence
          for (let n = 0; n < count; n++) yield* commit([Sample.commit(Sample.target())])
        }).pipe(Effect.provide(ports))
      yield* commits(20)
      const events = yield* ask<{ readonly id: string }>(read)
      assert.lengthOf(events, 20)
      const [place] = yield* ask<{ readonly data: string }>("select current_setting('data_directory') as data")
      yield* Effect.promise(() => before.stop())

      const script = documented ?? assert.fail("docs/backup.md has no such block")
      yield* Effect.promise(() =>
        promisify(execFile)("/bin/sh", ["-ec", script], {
          ...serverAccount(),
          cwd: path.dirname(place?.data ?? assert.fail("it does not say where its data is")),
          env: {
            PATH: process.env["PATH"],
            LC_ALL: "C.UTF-8",
            ...binary?.environment,
            OLD: programs,
            NEW: programs,
            PGPASSWORD: new URL(before.url).password
          }
        })
      )

      const after = yield* Effect.promise(() => startPostgres({ directory, durable: false, port: before.port }))
      yield* Effect.addFinalizer(() => Effect.promise(() => after.stop()))
      assert.isTrue(existsSync(`${place?.data}.before`))
      assert.deepStrictEqual(yield* ask(isAhead), [{ ahead: true }])
      assert.deepStrictEqual(yield* ask(read), events)
      yield* commits(5)
      const all = yield* ask<{ readonly id: string }>(read)
      assert.lengthOf(all, 25)
      assert.deepStrictEqual(all.slice(0, 20), events)
    }).pipe(Effect.scoped),
  { timeout: 300_000, tags: ["ADR-0047.5"] }
)
