/** A real PostgreSQL server as part of the program: made on first use, supervised while the scope is open, stopped with it. */
import { exponentialMs } from "@dueline/contracts/backoff"
import { Context, Effect, Layer, Ref, Schema, type Scope } from "effect"
import { homeLock, type HomeInUse } from "./HomeLock.ts"
import * as Postmaster from "./Postmaster.ts"
import { serverAccount, serverBinaries } from "./ServerBinaries.ts"
import { serverPlace } from "./ServerPlace.ts"
import { readFileSync } from "node:fs"
import * as path from "node:path"

const versionIn = (data: string): string => {
  try {
    return readFileSync(path.join(data, "PG_VERSION"), "utf8").trim()
  } catch {
    return ""
  }
}

/** Throws when the data directory is of another major version than `version`, or of none. */
export const checkVersion = (data: string, version: string): void => {
  const found = versionIn(data)
  if (found === "") {
    const missing = `${path.join(data, "PG_VERSION")} is missing, empty or not readable, so this is no whole database`
    throw new Error(`${missing}: restore ${data} from a backup, or start with another DUELINE_HOME`)
  }
  const major = version.split(".")[0]
  if (found === major) return
  const unlike = `the data in ${data} belongs to PostgreSQL ${found}, this program brings ${major}, and nothing of it was changed`
  throw new Error(
    Number(found) < Number(major)
      ? `${unlike}: start it with the release that brings ${found}, or move it with pg_upgrade (docs/backup.md, Another major version)`
      : `${unlike}: start it with the newer release that it was used with`
  )
}

/** The server cannot be had: no binaries for this platform, data of another major version, or it refuses to start. */
export class EmbeddedServerFailed extends Schema.TaggedError<EmbeddedServerFailed>()("EmbeddedServerFailed", {
  detail: Schema.String
}) {
  override get message(): string {
    return this.detail
  }
}

export interface EmbeddedServerOptions {
  /** Absolute path. Everything the server keeps is in it, or in a place that it links to. */
  readonly home: string
  /** False gives up durability for speed; for tests only. */
  readonly durable?: boolean
  /** Server settings beside and above the program's own. */
  readonly settings?: Readonly<Record<string, string>>
}

export class EmbeddedServer extends Context.Service<
  EmbeddedServer,
  {
    readonly socketDirectory: string
    readonly port: number
    readonly superuser: string
    /** The server's process; another one after it had to be started again. */
    readonly pid: Effect.Effect<number>
    /** True when the server had outlived an earlier program and was taken over. */
    readonly adopted: boolean
  }
>()("@dueline/postgres/embedded/EmbeddedServer") {}

const superuser = "dueline_admin"
const port = 5432

const ownSettings = {
  listen_addresses: "",
  unix_socket_permissions: "0700",
  port: String(port),
  max_connections: "40",
  shared_buffers: "256MB",
  max_wal_size: "1GB",
  checkpoint_completion_target: "0.9",
  wal_compression: "pglz",
  jit: "off",
  autovacuum_naptime: "15s",
  autovacuum_vacuum_cost_limit: "1000",
  max_worker_processes: "4",
  max_parallel_workers_per_gather: "0",
  io_method: "sync",
  log_min_messages: "warning",
  log_min_error_statement: "panic",
  log_checkpoints: "off",
  logging_collector: "off"
}

const durableSettings = { fsync: "on", synchronous_commit: "on", full_page_writes: "on" }
const volatileSettings = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }

const prepare = (options: EmbeddedServerOptions) => {
  const account = serverAccount()
  const binaries = serverBinaries(account)
  const durability = options.durable === false ? volatileSettings : durableSettings
  return {
    version: binaries.version,
    account,
    binaries: binaries.directory,
    place: serverPlace(options.home, account),
    superuser,
    settings: { ...ownSettings, ...durability, ...options.settings },
    sync: options.durable !== false
  }
}

const failed = (cause: unknown) =>
  new EmbeddedServerFailed({ detail: cause instanceof Error ? cause.message : String(cause) })

const begin = (prepared: ReturnType<typeof prepare>) =>
  Effect.tryPromise({ try: () => Postmaster.start(prepared), catch: failed })

/** Waits for the process to end and starts it again, ever more patiently, until the scope closes. */
const supervise = (prepared: ReturnType<typeof prepare>, pid: Ref.Ref<number>) => {
  const restart = (attempt: number): Effect.Effect<void> =>
    begin(prepared).pipe(
      Effect.flatMap((server) => Ref.set(pid, server.pid)),
      // Not cut short by the scope's end: a server that was just started must be known to whoever stops it.
      Effect.uninterruptible,
      Effect.catch((error) =>
        Effect.logError("the database server does not start", error.detail).pipe(
          Effect.andThen(Effect.sleep(exponentialMs({ initialMs: 100, maxMs: 5_000 }, attempt + 1))),
          Effect.andThen(Effect.suspend(() => restart(attempt + 1)))
        )
      )
    )
  const watch = Effect.gen(function* () {
    const current = yield* Ref.get(pid)
    yield* Effect.promise((abort) => Postmaster.gone(current, abort, () => Postmaster.boundLog(prepared.place)))
    yield* Effect.logError("the database server died and is started again", { pid: current })
    yield* restart(0)
  })
  return Effect.forever(watch)
}

/** Takes the home's lock first, so that two programs can never share a server by accident. */
export const make = (
  options: EmbeddedServerOptions
): Effect.Effect<EmbeddedServer["Service"], EmbeddedServerFailed | HomeInUse, Scope.Scope> =>
  Effect.gen(function* () {
    yield* Effect.catchTag(homeLock(options.home), "HomeUnusable", (error) => Effect.fail(failed(error)))
    const prepared = yield* Effect.try({ try: () => prepare(options), catch: failed })
    yield* Effect.tryPromise({ try: () => Postmaster.initialise(prepared), catch: failed })
    yield* Effect.try({ try: () => checkVersion(prepared.place.data, prepared.version), catch: failed })
    const [pid, adopted] = yield* Effect.acquireRelease(
      Effect.flatMap(begin(prepared), (server) =>
        Effect.map(Ref.make(server.pid), (ref) => [ref, server.adopted] as const)
      ),
      ([ref]) => Effect.flatMap(Ref.get(ref), (last) => Effect.promise(() => Postmaster.stop(last)))
    )
    yield* Effect.forkScoped(supervise(prepared, pid))
    return EmbeddedServer.of({
      socketDirectory: prepared.place.socketDirectory,
      port,
      superuser,
      pid: Ref.get(pid),
      adopted
    })
  })

export const layer = (options: EmbeddedServerOptions): Layer.Layer<EmbeddedServer, EmbeddedServerFailed | HomeInUse> =>
  Layer.effect(EmbeddedServer, make(options))
