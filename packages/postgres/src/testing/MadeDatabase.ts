/**
 * The files of an embedded server whose database has its schema already: making them takes some four seconds of processor time, and copying
 * them a few tenths. They are kept beside the program that a test run has put together, so that they are never of another schema, and
 * are forgotten with it. A test that is run without one gets none, since nothing says of which state of the sources they would be.
 */
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import * as path from "node:path"
import { promisify } from "node:util"
import * as Database from "../Database.ts"
import * as EmbeddedServer from "../embedded/EmbeddedServer.ts"

/** Migrated, and never connected to: a test's own database is a copy of it. */
export const template = "dueline_template"

/** An empty home that goes with the scope. */
export const temporaryHome = Effect.acquireRelease(
  Effect.sync(() => {
    const directory = mkdtempSync(path.join(tmpdir(), "dueline-test-"))
    // The server's account has to get through to its own directory, which nobody else can enter.
    chmodSync(directory, 0o755)
    return directory
  }),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }))
)

/** With owners and modes. */
const copy = (from: string, to: string) => Effect.promise(() => promisify(execFile)("cp", ["-a", from, to]))

const filesIn = (home: string): string => path.join(home, "postgres", "data")

/** The database as the program makes it, and the template beside it. Nobody is connected to the one when the other is made. */
const fill = (home: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const server = yield* EmbeddedServer.make({ home, durable: false })
      const made = Effect.provideService(Database.embedded, EmbeddedServer.EmbeddedServer, server)
      yield* Effect.scoped(made)
      const at = { host: server.socketDirectory, port: server.port, username: server.superuser, database: "postgres" }
      yield* Database.withSession(at, (sql) =>
        sql.unsafe(`create database ${template} template ${Database.databaseName}`)
      )
    })
  )

/** Whoever else was at it has made the same. */
const keep = (aside: string, kept: string): void => {
  try {
    renameSync(aside, kept)
  } catch (cause) {
    rmSync(aside, { recursive: true, force: true })
    if (!existsSync(kept)) throw cause
  }
}

const make = (kept: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const home = yield* temporaryHome
      yield* fill(home)
      const aside = `${kept}.${process.pid}`
      yield* copy(filesIn(home), aside)
      yield* Effect.sync(() => keep(aside, kept))
    })
  )

/** Puts them into an empty home, where a server that starts finds them. Answers whether there are any. */
export const bringDatabase = (home: string) =>
  Effect.gen(function* () {
    const program = process.env["PROGRAM_FILE"]
    if (program === undefined) return false
    const kept = path.join(path.dirname(program), "database")
    if (!existsSync(kept)) yield* make(kept)
    mkdirSync(path.dirname(filesIn(home)))
    yield* copy(kept, filesIn(home))
    return true
  })
