/**
 * Where a command writes what it was asked for: taken before anything else is done, so that a place which cannot be written is told at once, and left
 * as it was found when the command fails. A command that is killed leaves what it had written.
 */
import { makeFolder } from "@dueline/secrets/secretFiles"
import { Effect, Exit, type Scope } from "effect"
import { open, readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { CommandFailed } from "./Shell.ts"

const mayWrite = "name a place that this user may write"
const another = "name another place"

const advice: Readonly<Record<string, string>> = {
  EACCES: mayWrite,
  EPERM: mayWrite,
  EROFS: mayWrite,
  ENOENT: `${mayWrite}, in a folder that is there`,
  ENOTDIR: "name another place: a part of this path is a file",
  EEXIST: "name another place: something else is in the way",
  EISDIR: "name a file: this is a folder",
  ENAMETOOLONG: "name a place with a shorter name",
  ENOSPC: "make room there, or name a place on another disk",
  EDQUOT: "make room there, or name a place on another disk",
  EFBIG: "name a place on a disk that takes larger files"
}

/** What to do about a file that could not be written; `reason` is in the words of Node, which begin with a code. */
export const adviceOf = (reason: string): string => advice[/^E[A-Z0-9]+(?=:)/u.exec(reason)?.[0] ?? ""] ?? another

const unwritable = (what: string, error: unknown) => {
  const reason = error instanceof Error ? error.message : String(error)
  return new CommandFailed({ message: `${what} cannot be written: ${reason}`, notes: [adviceOf(reason)] })
}

export const writing = <A>(what: string, write: () => Promise<A>) =>
  Effect.tryPromise({ try: write, catch: (error) => unwritable(what, error) })

/** Makes the folder, and what is missing above it; answers with what has to be removed to have it as before. */
const takeFolder = async (folder: string): Promise<ReadonlyArray<string> | null> => {
  const made = await makeFolder(folder, 0o755)
  if (made !== null) return [made]
  if ((await readdir(folder)).length > 0) return null
  // That it is there says nothing of whether it can be written.
  const probe = join(folder, "probe")
  await (await open(probe, "wx")).close()
  await rm(probe)
  return []
}

/** Into a folder that is not there yet or empty: an export is never written among other files. Nothing is left in it when `write` fails. */
export const intoNewFolder = <A, E, R>(folder: string, write: Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.flatMap(
      writing(folder, () => takeFolder(folder)),
      (made) =>
        made === null
          ? Effect.fail(new CommandFailed({ message: `${folder} is not empty`, notes: ["name another folder"] }))
          : Effect.succeed(made)
    ),
    () => write,
    (made, exit) =>
      Exit.isSuccess(exit)
        ? Effect.void
        : Effect.promise(async () => {
            const left = made.length > 0 ? made : (await readdir(folder)).map((name) => join(folder, name))
            for (const path of left) await rm(path, { recursive: true, force: true })
          })
  )

/** A new, empty file beside the one that is to be: whoever has written it gives it its name; until then it is removed with the scope. */
export const newFile = (file: string): Effect.Effect<string, CommandFailed, Scope.Scope> => {
  const unfinished = `${file}.part`
  return Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => {
        await (await open(unfinished, "wx", 0o600)).close()
        return unfinished
      },
      catch: (error) =>
        (error as NodeJS.ErrnoException).code === "EEXIST"
          ? new CommandFailed({
              message: `${unfinished} is there already`,
              notes: ["another command is writing it, or was cut short: then remove it"]
            })
          : unwritable(file, error)
    }),
    () => Effect.promise(() => rm(unfinished, { force: true }))
  )
}
