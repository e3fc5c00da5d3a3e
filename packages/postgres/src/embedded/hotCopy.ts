/**
 * A physical copy of the embedded server's files while it works: PostgreSQL's low-level backup (manual, 25.3.4) over one session. The copy
 * recovers, when a server is started on it, to the instant at which the copying ended; what was committed before that is in it.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Schema, type Scope, Stream } from "effect"
import { Reactivity } from "effect/reactivity"
import type { SqlError } from "effect/sql/SqlError"
import { type FileHandle, open, readdir, stat } from "node:fs/promises"
import { join, relative } from "node:path"
import type { EmbeddedPlace } from "./scrub.ts"

/** A file of the server could not be read; `detail` is what the system said. */
export class CopyFailed extends Schema.TaggedError<CopyFailed>()("CopyFailed", { detail: Schema.String }) {
  override get message(): string {
    return this.detail
  }
}

export interface CopiedDirectory {
  readonly _tag: "Directory"
  /** From the data directory on. */
  readonly path: string
}

export interface CopiedFile {
  readonly _tag: "File"
  readonly path: string
  /** Bytes that `body` gives, neither more nor fewer. */
  readonly size: number
  readonly body: Stream.Stream<Uint8Array, CopyFailed>
}

export type Copied = CopiedDirectory | CopiedFile

export interface HotCopy {
  /** Bytes that lie in the data directory now, without the log: about what will be copied. */
  readonly estimate: number
  readonly files: Stream.Stream<Copied, SqlError | CopyFailed>
}

/** Recovery makes these anew, or would be misled by them. */
const leftOut =
  /^(?:pg_wal|pg_replslot|pg_dynshmem|pg_notify|pg_serial|pg_snapshots|pg_stat_tmp|pg_subtrans)\/|^postmaster\.(?:pid|opts)$|^(?:backup_label|tablespace_map)(?:\.old)?$|(?:^|\/)(?:pg_internal\.init|pgsql_tmp)/u
/** Read last: what it says of the log must not be older than the rest. */
const control = "global/pg_control"

const failed = (cause: unknown) => new CopyFailed({ detail: cause instanceof Error ? cause.message : String(cause) })

const attempt = <A>(work: () => Promise<A>): Effect.Effect<A, CopyFailed> =>
  Effect.tryPromise({ try: work, catch: failed })

const isGone = (cause: unknown): boolean => (cause as NodeJS.ErrnoException).code === "ENOENT"

const chunkBytes = 262_144

/** Exactly so many bytes: a file that grows meanwhile is cut, one that is cut meanwhile is filled up with zeros. Its log says what it lacks. */
async function* bytesOf(handle: FileHandle, size: number): AsyncGenerator<Uint8Array> {
  try {
    for (let at = 0; at < size; ) {
      const buffer = Buffer.alloc(Math.min(chunkBytes, size - at))
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at)
      yield bytesRead === 0 ? buffer : buffer.subarray(0, bytesRead)
      at += bytesRead === 0 ? buffer.length : bytesRead
    }
  } finally {
    await handle.close()
  }
}

/** Null when the file is gone by now, as tables that were dropped are. */
const fileOf = async (data: string, path: string): Promise<CopiedFile | null> => {
  let handle: FileHandle
  try {
    handle = await open(join(data, path), "r")
  } catch (cause) {
    if (isGone(cause)) return null
    throw cause
  }
  const { size } = await handle.stat()
  return { _tag: "File", path, size, body: Stream.fromAsyncIterable(bytesOf(handle, size), failed) }
}

interface Listed {
  readonly directories: ReadonlyArray<string>
  readonly files: ReadonlyArray<string>
  readonly bytes: number
}

const list = async (data: string): Promise<Listed> => {
  const entries = await readdir(data, { recursive: true, withFileTypes: true })
  const pathOf = (entry: (typeof entries)[number]) => relative(data, join(entry.parentPath, entry.name))
  // Of a slot not even the directory may be there: recovery takes each one for a slot whose state is lost.
  const directories = entries
    .filter((entry) => entry.isDirectory())
    .map(pathOf)
    .filter((path) => path.startsWith("pg_wal/") || !leftOut.test(path))
  const files = entries
    .filter((entry) => entry.isFile())
    .map(pathOf)
    .filter((path) => path !== control && !leftOut.test(path))
  const sizes = await Promise.all(
    files.map((path) =>
      stat(join(data, path)).then(
        ({ size }) => size,
        () => 0
      )
    )
  )
  return { directories, files: [...files, control], bytes: sizes.reduce((sum, size) => sum + size, 0) }
}

const segment = /^[0-9A-F]{24}$/u

const textFile = (path: string, text: string): CopiedFile => {
  const bytes = Buffer.from(text)
  return { _tag: "File", path, size: bytes.length, body: Stream.succeed(bytes) }
}

/** A slot keeps the log that the copy needs; it is temporary, so that it goes with the session however that ends. */
const begin = (sql: PgClient.PgClient) =>
  Effect.gen(function* () {
    yield* sql.unsafe(
      "select slot_name::text from pg_create_physical_replication_slot('dueline_backup_' || pg_backend_pid(), true, true)"
    )
    const [at] = yield* sql.unsafe<{ file: string }>(
      "select pg_walfile_name(pg_backup_start('dueline', fast => true)) as file"
    )
    return at?.file ?? ""
  })

interface Stopped {
  readonly file: string
  readonly label: string
  readonly spaces: string
}

const finish = (sql: PgClient.PgClient) =>
  Effect.gen(function* () {
    const [stopped] = yield* sql.unsafe<Stopped>(
      "select pg_walfile_name(lsn) as file, labelfile as label, spcmapfile as spaces from pg_backup_stop(wait_for_archive => false)"
    )
    yield* sql.unsafe("select pg_switch_wal()::text")
    return stopped ?? { file: "", label: "", spaces: "" }
  })

/** From the segment in which the copy began to the one in which it ended. */
const logOf = (data: string, first: string, { file, label, spaces }: Stopped) =>
  Effect.gen(function* () {
    const names = yield* attempt(() => readdir(join(data, "pg_wal")))
    const needed = names.filter((name) => segment.test(name) && name >= first && name <= file).toSorted()
    if (needed[0] !== first || needed.at(-1) !== file)
      return yield* new CopyFailed({
        detail: `the log from ${first} to ${file} is not all there: make the backup again`
      })
    return Stream.concat(
      existing(
        data,
        needed.map((name) => `pg_wal/${name}`)
      ),
      Stream.fromIterable([
        textFile("backup_label", label),
        ...(spaces === "" ? [] : [textFile("tablespace_map", spaces)])
      ])
    )
  })

const existing = (data: string, paths: ReadonlyArray<string>): Stream.Stream<Copied, CopyFailed> =>
  Stream.fromIterable(paths).pipe(
    Stream.mapEffect((path) => attempt(() => fileOf(data, path))),
    Stream.filter((file) => file !== null)
  )

/** Bodies are read one after the other, each before the next file is asked for. `data` is the server's data directory. */
export const hotCopy = (
  place: EmbeddedPlace,
  data: string
): Effect.Effect<HotCopy, SqlError | CopyFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const sql = yield* PgClient.makeClient({ ...place, applicationName: "dueline backup" })
    const first = yield* begin(sql)
    const listed = yield* attempt(() => list(data))
    const directories = Stream.fromIterable(listed.directories).pipe(
      Stream.map((path): Copied => ({ _tag: "Directory", path }))
    )
    const log = Stream.unwrap(Effect.flatMap(finish(sql), (stopped) => logOf(data, first, stopped)))
    const files = directories.pipe(Stream.concat(existing(data, listed.files)), Stream.concat(log))
    return { estimate: listed.bytes, files }
  }).pipe(Effect.provide(Reactivity.layer))
