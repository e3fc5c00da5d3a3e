/**
 * The files of an embedded server whose database has its schema already: making them takes some four seconds of processor time, and copying
 * them a few tenths. They are kept beside the program that a test run has put together, and are forgotten with it; by the checksums of
 * their schema, since a copy of the tree may have another one. A test that is run without a program gets none.
 */
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import * as path from "node:path"
import { promisify } from "node:util"
import * as Database from "../Database.ts"
import * as EmbeddedServer from "../embedded/EmbeddedServer.ts"
import { programSchema } from "../schema/migrations/DatabaseSchema.ts"
import { checksumOf } from "../schema/migrations/Migration.ts"

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

const schemaName = (): string => {
  const { functions, migrations } = programSchema
  const checksums = [...migrations.map(checksumOf), ...functions.map(({ checksum }) => checksum)]
  return createHash("sha256").update(checksums.join()).digest("hex").slice(0, 16)
}

/** Puts them into an empty home, where a server that starts finds them. Answers whether there are any. */
export const bringDatabase = (home: string) =>
  Effect.gen(function* () {
    const program = process.env["PROGRAM_FILE"]
    if (program === undefined) return false
    const kept = path.join(path.dirname(program), `database-${schemaName()}`)
    if (!existsSync(kept)) yield* make(kept)
    mkdirSync(path.dirname(filesIn(home)))
    yield* copy(kept, filesIn(home))
    return true
  })
