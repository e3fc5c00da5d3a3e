/** What goes into a backup: the database's files as they are at one instant, the keys if the file is sealed, the checkpoints of the audit. */
import { type Copied, CopyFailed, type HotCopy, hotCopy } from "@dueline/postgres/embedded/hotCopy"
import type { EmbeddedPlace } from "@dueline/postgres/embedded/scrub"
import { newSeal } from "@dueline/secrets/sealedStream"
import { DateTime, Effect, Stream } from "effect"
import * as Tar from "effect/encoding/Tar"
import { existsSync, readFileSync, realpathSync } from "node:fs"
import { readdir } from "node:fs/promises"
import { join, relative } from "node:path"
import { homeAt } from "../Home.ts"
import { version } from "../Phase.ts"
import { type BackupHeader, type Destination, failedFile, writeBackup } from "./BackupFile.ts"

export interface BackupOptions {
  readonly destination: Destination
  readonly home: string
  /** The running server of that home. */
  readonly place: EmbeddedPlace
  /** Seals the file, with the keys in it; null leaves the keys out and the file open. */
  readonly passphrase: string | null
  /** After each file: bytes read so far, and about how many there are. */
  readonly progress: (done: number, estimate: number) => Effect.Effect<void>
}

/** Readable by the owner alone, as everything in a home. */
const privateMode = { mode: 0o600 }

const entryOf = (copied: Copied): Tar.Entry<CopyFailed> =>
  copied._tag === "Directory"
    ? Tar.directory(`data/${copied.path}`, { mode: 0o700 })
    : Tar.fileStream(`data/${copied.path}`, copied.size, copied.body, privateMode)

/** Small files of the home, read whole. */
const filesOf = (folder: string, name: string): Stream.Stream<Tar.Entry, CopyFailed> =>
  existsSync(folder)
    ? Stream.unwrap(
        Effect.tryPromise({
          try: async () => {
            const found = await readdir(folder, { recursive: true, withFileTypes: true })
            const paths = found
              .filter((entry) => entry.isFile())
              .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
            return Stream.fromIterable(paths).pipe(
              Stream.map((path) => Tar.file(`${name}/${path}`, readFileSync(join(folder, path)), privateMode))
            )
          },
          catch: (cause) => new CopyFailed({ detail: String(cause) })
        })
      )
    : Stream.empty

const versionOf = (data: string): string => readFileSync(join(data, "PG_VERSION"), "utf8").trim()

const idIn = (file: string): string | null => (existsSync(file) ? readFileSync(file, "utf8").trim() : null)

const counted = ({ estimate, files }: HotCopy, progress: BackupOptions["progress"]) => {
  let done = 0
  return Stream.tap(files, (copied) => {
    done += copied._tag === "File" ? copied.size : 0
    return progress(done, estimate)
  })
}

/** Writes the file; what it holds is not looked at again here. The server goes on with its work meanwhile. */
export const makeBackup = Effect.fnUntraced(function* (options: BackupOptions) {
  const home = homeAt(options.home)
  const sealed = options.passphrase === null ? null : newSeal()
  const data = yield* Effect.try({ try: () => realpathSync(home.data), catch: failedFile })
  const header: BackupHeader = {
    format: 1,
    program: version,
    server: versionOf(data),
    platform: `${process.platform}-${process.arch}`,
    installationId: idIn(home.installationId),
    begunAt: DateTime.formatIso(yield* DateTime.now),
    keys: sealed !== null,
    sealed
  }
  yield* Effect.scoped(
    Effect.gen(function* () {
      const copy = yield* hotCopy(options.place, data)
      const keys = sealed === null ? Stream.empty : filesOf(join(home.path, "keys"), "keys")
      const entries = Stream.map(counted(copy, options.progress), entryOf).pipe(
        Stream.concat(keys),
        Stream.concat(filesOf(home.checkpoints, "audit"))
      )
      yield* writeBackup(options.destination, header, options.passphrase, entries)
    })
  )
  return header
})
