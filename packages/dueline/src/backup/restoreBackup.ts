/** Puts a backup into a home that has no database: under another name until it is all there, so that half a database is never started. */
import { homeLock } from "@dueline/postgres/embedded/HomeLock"
import { type ServerAccount, serverAccount } from "@dueline/postgres/embedded/ServerBinaries"
import { serverPlace } from "@dueline/postgres/embedded/ServerPlace"
import { Effect, Stream } from "effect"
import type { Entry, TarError } from "effect/encoding/Tar"
import { chownSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { dirname, join, normalize } from "node:path"
import { homeAt } from "../Home.ts"
import { BackupFileFailed, failedFile, readBackup, readBackupHeader } from "./BackupFile.ts"

export interface RestoreOptions {
  readonly file: string
  readonly home: string
  readonly passphrase: string | null
  /** After each file: bytes written so far. */
  readonly progress: (done: number) => Effect.Effect<void>
}

const refuse = (detail: string) => new BackupFileFailed({ detail })

const isEmpty = (folder: string): boolean => !existsSync(folder) || readdirSync(folder).length === 0

/** Only what this program puts into a backup, and only below where it belongs. */
const isOurs = (path: string): boolean =>
  /^(?:data|keys|audit)\/[^\0]*$/u.test(path) && normalize(path) === path && !path.split("/").includes("..")

const part = ".restoring"

const checkHome = Effect.fnUntraced(function* (home: string, withKeys: boolean) {
  const { data, path } = homeAt(home)
  if (existsSync(data))
    return yield* refuse(
      `${path} has a database: restore into an empty home, by another DUELINE_HOME, or move this one away`
    )
  if (withKeys && !isEmpty(join(path, "keys")))
    return yield* refuse(
      `${path} has keys, and the backup brings its own: move ${join(path, "keys")} away, or restore into another home`
    )
})

/** Written whole, and on disk when this is done. */
const writeFile = (target: string, entry: Entry<TarError | BackupFileFailed>, account: ServerAccount | null) =>
  Effect.acquireUseRelease(
    Effect.tryPromise({
      try: () => {
        mkdirSync(dirname(target), { recursive: true, mode: 0o700 })
        return open(target, "wx", 0o600)
      },
      catch: failedFile
    }),
    (handle: FileHandle) =>
      Effect.gen(function* () {
        yield* Stream.runForEach(entry.body, (bytes) =>
          Effect.tryPromise({ try: () => handle.writeFile(bytes), catch: failedFile })
        )
        yield* Effect.tryPromise({
          try: async () => {
            if (account !== null) await handle.chown(account.uid, account.gid)
            await handle.sync()
          },
          catch: failedFile
        })
      }),
    (handle) => Effect.promise(() => handle.close())
  )

/** The header of what was restored. No server was started on it yet. */
export const restoreBackup = Effect.fnUntraced(function* ({ file, home, passphrase, progress }: RestoreOptions) {
  const opened = yield* readBackupHeader(file)
  const { header } = opened
  const here = `${process.platform}-${process.arch}`
  if (header.platform !== here)
    return yield* refuse(
      `${file} was made on ${header.platform}, this machine is ${here}: a copy of files fits its own kind only`
    )
  if (header.sealed !== null && passphrase === null)
    return yield* refuse(`${file} is sealed: give its passphrase by DUELINE_BACKUP_PASSPHRASE or --passphrase-file`)
  return yield* Effect.scoped(
    Effect.gen(function* () {
      yield* homeLock(home)
      yield* checkHome(home, header.keys)
      const account = yield* Effect.try({ try: serverAccount, catch: failedFile })
      const place = yield* Effect.try({ try: () => serverPlace(home, account), catch: failedFile })
      /** Keys and checkpoints belong to whoever runs the program, the data to whoever runs the server. */
      const homes = { data: place.data, keys: join(home, "keys"), audit: homeAt(home).checkpoints } as const
      const clear = () => {
        for (const folder of Object.values(homes)) rmSync(`${folder}${part}`, { recursive: true, force: true })
      }
      const directory = (target: string, owner: ServerAccount | null) => {
        mkdirSync(target, { recursive: true, mode: 0o700 })
        if (owner !== null) chownSync(target, owner.uid, owner.gid)
      }
      clear()
      directory(`${homes.data}${part}`, account)
      let done = 0
      const unpack = readBackup(file, opened, passphrase, (entry) =>
        Effect.gen(function* () {
          const path = entry.header.path.replace(/\/$/u, "")
          if (!isOurs(path))
            return yield* refuse(`${file} holds ${JSON.stringify(path)}, which is nothing of this program's`)
          const root = path.slice(0, path.indexOf("/")) as keyof typeof homes
          const target = join(`${homes[root]}${part}`, path.slice(root.length + 1))
          const owner = root === "data" ? account : null
          if (entry.header.type === "Directory") return directory(target, owner)
          if (entry.header.type !== "File") return yield* refuse(`${file} holds a link, which no backup has`)
          yield* writeFile(target, entry, owner)
          done += entry.header.size
          yield* progress(done)
        })
      )
      yield* Effect.onError(unpack, () => Effect.sync(clear))
      yield* Effect.try({
        try: () => {
          // The database last: only with its keys is it one that may be started.
          for (const folder of [homes.keys, homes.audit, homes.data]) {
            if (!existsSync(`${folder}${part}`)) continue
            if (folder !== homes.data && isEmpty(folder)) rmSync(folder, { recursive: true, force: true })
            renameSync(`${folder}${part}`, folder)
          }
        },
        catch: failedFile
      })
      return header
    })
  )
})
