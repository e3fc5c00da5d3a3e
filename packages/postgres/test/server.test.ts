/** The embedded server's life: first start, restart, a killed program, a killed server, a half-made home. */
import { withSession } from "@dueline/postgres/Database"
import * as EmbeddedServer from "@dueline/postgres/embedded/EmbeddedServer"
import { processFacts } from "@dueline/postgres/embedded/HomeLock"
import { serverAccount } from "@dueline/postgres/embedded/ServerBinaries"
import { afterAll, assert, it } from "@effect/vitest"
import { Effect, Result, Schedule } from "effect"
import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import * as path from "node:path"

const inHome = <A, E, R>(use: (home: string) => Effect.Effect<A, E, R>, mode = 0o755) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const home = mkdtempSync(path.join(tmpdir(), "dueline-home-"))
      chmodSync(home, mode)
      return home
    }),
    use,
    (home) => Effect.sync(() => rmSync(home, { recursive: true, force: true }))
  )

const small = { shared_buffers: "32MB" }
const open = (home: string, settings = small) => EmbeddedServer.make({ home, durable: false, settings })

const dataIn = (home: string) => path.join(home, "postgres", "data")
const kept = mkdtempSync(path.join(tmpdir(), "dueline-data-"))
afterAll(() => rmSync(kept, { recursive: true, force: true }))

/** One that was used before: what the first start makes is made once, since that takes longer than all else here. */
const inUsedHome = <A, E, R>(use: (home: string) => Effect.Effect<A, E, R>) => {
  const copy = (from: string, to: string) => execFileSync("cp", ["-a", from, to])
  const made = path.join(kept, "data")
  const make = inHome((home) =>
    Effect.andThen(
      Effect.scoped(open(home)),
      Effect.sync(() => copy(dataIn(home), made))
    )
  )
  return inHome((home) =>
    Effect.gen(function* () {
      if (!existsSync(made)) yield* make
      mkdirSync(path.dirname(dataIn(home)))
      copy(made, dataIn(home))
      return yield* use(home)
    })
  )
}

const ask = (server: EmbeddedServer.EmbeddedServer["Service"], statement: string) =>
  withSession(
    { host: server.socketDirectory, port: server.port, username: server.superuser, database: "postgres" },
    (sql) => sql.unsafe<{ readonly answer: unknown }>(statement)
  )

/** Runs the fixture until it said what it has to say. */
const otherProgram = (home: string, settings = small) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const child = spawn(
        process.execPath,
        [path.join(import.meta.dirname, "program.fixture.ts"), home, JSON.stringify(settings)],
        {
          stdio: ["ignore", "pipe", "inherit"]
        }
      )
      const [line]: ReadonlyArray<unknown> = await once(child.stdout, "data")
      return { child, said: JSON.parse(String(line)) }
    }),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  )

const killed = (home: string, settings = small) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { child, said } = yield* otherProgram(home, settings)
      child.kill("SIGKILL")
      yield* Effect.promise(() => once(child, "exit"))
      return Number(said.pid)
    })
  )

it.live("what was written is there after a stop and a start", () =>
  inHome((home) =>
    Effect.gen(function* () {
      yield* Effect.scoped(
        Effect.flatMap(open(home), (server) => ask(server, "create table kept as select 42 as answer"))
      )
      const rows = yield* Effect.scoped(Effect.flatMap(open(home), (server) => ask(server, "select answer from kept")))
      assert.deepStrictEqual(rows, [{ answer: 42 }])
    })
  )
)

it.live.skipIf(process.platform !== "linux")("a home that cannot be made is refused in words, also on procfs", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(Effect.scoped(open("/proc/x/home")))
    assert.match(error.message, /^cannot make .*set DUELINE_HOME/u)
  })
)

it.live("a home that is a file is refused in words", () =>
  inHome((home) =>
    Effect.gen(function* () {
      const file = path.join(home, "file")
      writeFileSync(file, "")
      const error = yield* Effect.flip(Effect.scoped(open(file)))
      assert.match(error.message, /is not a directory; set DUELINE_HOME/u)
    })
  )
)

it.live("data without a version is no database, and the refusal says what to do", () =>
  inHome((home) =>
    Effect.gen(function* () {
      mkdirSync(dataIn(home), { recursive: true })
      const error = yield* Effect.flip(Effect.scoped(open(home)))
      assert.match(error.message, /PG_VERSION is missing.*restore .* from a backup/u)
    })
  )
)

it.live("the server listens on no network address", () =>
  inUsedHome((home) =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* open(home)
        assert.deepStrictEqual(yield* ask(server, "select current_setting('listen_addresses') as answer"), [
          { answer: "" }
        ])
        assert.strictEqual(lstatSync(server.socketDirectory).mode & 0o777, 0o700)
      })
    )
  )
)

it.live("a server that outlived a killed program is taken over by the next one", () =>
  inUsedHome((home) =>
    Effect.scoped(
      Effect.gen(function* () {
        const orphan = yield* killed(home)
        const server = yield* open(home)
        assert.strictEqual(yield* server.pid, orphan)
        assert.isTrue(server.adopted)
        assert.deepStrictEqual(yield* ask(server, "select 1 as answer"), [{ answer: 1 }])
      })
    )
  )
)

it.live(
  "an orphan that runs with other settings is stopped and started again with nothing lost",
  () =>
    inUsedHome((home) =>
      Effect.scoped(
        Effect.gen(function* () {
          yield* Effect.scoped(
            Effect.flatMap(open(home), (server) => ask(server, "create table kept as select 42 as answer"))
          )
          const orphan = yield* killed(home, { shared_buffers: "48MB" })
          const server = yield* open(home)
          assert.isFalse(server.adopted)
          assert.isNull(processFacts(orphan))
          assert.deepStrictEqual(yield* ask(server, "select answer from kept"), [{ answer: 42 }])
        })
      )
    ),
  { tags: ["ADR-0004.1"] }
)

it.live("a taken-over server stops with the program that took it over", () =>
  inUsedHome((home) =>
    Effect.gen(function* () {
      const orphan = yield* killed(home)
      yield* Effect.scoped(open(home))
      assert.isNull(processFacts(orphan))
    })
  )
)

it.live("a server that dies is started again while the program runs", () =>
  inUsedHome((home) =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* open(home)
        const first = yield* server.pid
        process.kill(first, "SIGKILL")
        yield* ask(server, "select 1 as answer").pipe(
          Effect.retry(Schedule.spaced("100 millis").pipe(Schedule.upTo({ times: 200 })))
        )
        assert.notStrictEqual(yield* server.pid, first)
      })
    )
  )
)

it.live("a second program on the same home is refused and told which process holds it", () =>
  inUsedHome((home) =>
    Effect.scoped(
      Effect.gen(function* () {
        const { child } = yield* otherProgram(home)
        const result = yield* Effect.result(open(home))
        assert.isTrue(
          Result.isFailure(result) && result.failure._tag === "HomeInUse" && result.failure.pid === child.pid
        )
        child.kill("SIGKILL")
        yield* Effect.promise(() => once(child, "exit"))
        yield* open(home)
      })
    )
  )
)

it.live("a lock file whose process is gone, or whose number another process has now, is not believed", () =>
  inUsedHome((home) =>
    Effect.gen(function* () {
      for (const record of [`${process.ppid} 1`, "999999999 5", "garbage", ""]) {
        writeFileSync(path.join(home, "dueline.pid"), record)
        yield* Effect.scoped(open(home))
      }
    })
  )
)

it.live("an initialisation that was cut short is done again", () =>
  inHome((home) =>
    Effect.scoped(
      Effect.gen(function* () {
        const unfinished = path.join(home, "postgres", "data.new")
        mkdirSync(path.join(unfinished, "base"), { recursive: true })
        writeFileSync(path.join(unfinished, "PG_VERSION"), "18\n")
        const server = yield* open(home)
        assert.deepStrictEqual(yield* ask(server, "select 1 as answer"), [{ answer: 1 }])
        assert.isFalse(existsSync(unfinished))
      })
    )
  )
)

const contentOf = (data: string) =>
  readdirSync(data, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name, parentPath }) => {
      const { mtimeMs, size } = lstatSync(path.join(parentPath, name))
      return `${path.join(parentPath, name)} ${size} ${mtimeMs}`
    })
    .sort()

it.live("data of another major version is refused with both versions and what to do, and is as it was", () =>
  inUsedHome((home) =>
    Effect.gen(function* () {
      yield* Effect.scoped(open(home))
      const data = dataIn(home)
      for (const [found, advice] of [
        ["17", /PostgreSQL 17, .* 18, .*the release that brings 17, or move it with pg_upgrade/u],
        ["19", /PostgreSQL 19, .* 18, .*the newer release/u]
      ] as const) {
        writeFileSync(path.join(data, "PG_VERSION"), `${found}\n`)
        const before = contentOf(data)
        const error = yield* Effect.flip(Effect.scoped(open(home)))
        assert.strictEqual(error._tag, "EmbeddedServerFailed")
        assert.match(error.message, advice)
        assert.deepStrictEqual(contentOf(data), before)
      }
    })
  )
)

it.live("a home too deep for a socket path gets its socket elsewhere", () =>
  inHome((home) =>
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* open(path.join(home, "d".repeat(60), "e".repeat(60)))
        assert.isBelow(server.socketDirectory.length, 80)
        assert.deepStrictEqual(yield* ask(server, "select 1 as answer"), [{ answer: 1 }])
        yield* Effect.addFinalizer(() =>
          Effect.sync(() => rmSync(server.socketDirectory, { recursive: true, force: true }))
        )
      })
    )
  )
)

const asRoot = process.getuid?.() === 0

const privateHome = asRoot
  ? "as root, a home that others cannot enter keeps a link to where the data is"
  : "a home that others cannot enter keeps its data itself, since the server runs as its owner"

it.live(privateHome, () =>
  inHome(
    (home) =>
      Effect.scoped(
        Effect.gen(function* () {
          const server = yield* open(home)
          if (!asRoot) return assert.isTrue(existsSync(dataIn(home)))
          const elsewhere = readlinkSync(path.join(home, "postgres"))
          yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(elsewhere, { recursive: true, force: true })))
          assert.isFalse(elsewhere.startsWith(home))
          assert.isTrue(existsSync(path.join(home, "README.txt")))
          assert.deepStrictEqual(yield* ask(server, "select 1 as answer"), [{ answer: 1 }])
        })
      ),
    0o700
  )
)

const sameHome = asRoot
  ? "as root, a home that was moved takes its database along; a copy of it, and data that cannot be reached, are refused"
  : "a home that was moved takes its database along"

it.live(
  sameHome,
  () =>
    inHome(
      (directory) =>
        Effect.gen(function* () {
          const [home, moved, copy] = [
            path.join(directory, "home"),
            path.join(directory, "moved"),
            path.join(directory, "copy")
          ]
          const told = (at: string) => Effect.map(Effect.flip(Effect.scoped(open(at))), ({ message }) => message)
          const answer = (at: string) =>
            Effect.scoped(Effect.flatMap(open(at), (server) => ask(server, "select answer from kept")))
          yield* Effect.scoped(
            Effect.flatMap(open(home), (server) => ask(server, "create table kept as select 42 as answer"))
          )
          if (asRoot) {
            const elsewhere = readlinkSync(path.join(home, "postgres"))
            yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(elsewhere, { recursive: true, force: true })))
          }
          renameSync(home, moved)
          assert.deepStrictEqual(yield* answer(moved), [{ answer: 42 }])
          if (!asRoot) return
          cpSync(moved, copy, { recursive: true, verbatimSymlinks: true })
          assert.match(yield* told(copy), /copy is a copy of .*moved, and both lead to one database/u)
          assert.deepStrictEqual(yield* answer(moved), [{ answer: 42 }])
          rmSync(moved, { recursive: true })
          assert.deepStrictEqual(yield* answer(copy), [{ answer: 42 }])
          // Made again at the place of the one that was moved away: not its database.
          mkdirSync(home)
          assert.match(yield* told(home), /has the database of an earlier home.*ln -s/u)
          const [link, real] = [path.join(copy, "postgres"), realpathSync(path.join(copy, "postgres"))]
          rmSync(link)
          symlinkSync(path.join(directory, "nowhere"), link)
          assert.match(yield* told(copy), /a link to a place that is not there/u)
          rmSync(link)
          cpSync(real, link, { recursive: true })
          assert.match(yield* told(copy), /cannot get there: let others pass/u)
          assert.isFalse(lstatSync(link).isSymbolicLink())
        }).pipe(Effect.scoped),
      0o700
    ),
  { tags: ["ADR-0026.2"] }
)

it.live(
  "a lock file of a killed server whose number another process of the same account has by now is not in the way",
  () =>
    inUsedHome((home) =>
      Effect.gen(function* () {
        yield* Effect.scoped(
          Effect.flatMap(open(home), (server) => ask(server, "create table kept as select 42 as answer"))
        )
        const account = serverAccount()
        const identity = account === null ? {} : { uid: account.uid, gid: account.gid }
        const other = yield* Effect.acquireRelease(
          Effect.sync(() => spawn("sleep", ["120"], { ...identity, stdio: "ignore" })),
          (child) => Effect.sync(() => child.kill("SIGKILL"))
        )
        const data = dataIn(home)
        writeFileSync(path.join(data, "postmaster.pid"), `${other.pid}\n${data}\n1\n5432\n\n\n1 1\nready\n`)
        if (account !== null) chownSync(path.join(data, "postmaster.pid"), account.uid, account.gid)
        const server = yield* open(home)
        assert.deepStrictEqual(yield* ask(server, "select answer from kept"), [{ answer: 42 }])
      }).pipe(Effect.scoped)
    ),
  { tags: ["ADR-0026.7"] }
)
