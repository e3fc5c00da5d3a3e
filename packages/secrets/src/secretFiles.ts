/** Files that are there whole or not at all, as those of secrets have to be: their directories, made with a mode; the file itself; and who may read it. */
import { chmod, link, mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises"
import { basename, dirname, join } from "node:path"

const isDirectory = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false
  )

/**
 * Makes a directory with a mode, and what is missing above it with 0755; answers with the topmost that it made, null for none. Step by step: Node's
 * own recursive form never ends where a file system answers ENOENT to a `mkdir`, as procfs does.
 */
export const makeFolder = async (directory: string, mode: number): Promise<string | null> => {
  if (await isDirectory(directory)) return null
  const above = dirname(directory) === directory ? null : await makeFolder(dirname(directory), 0o755)
  try {
    await mkdir(directory, { mode })
    return above ?? directory
  } catch (error) {
    if (await isDirectory(directory)) return above
    throw error
  }
}

/** The same of a home, or throws an error that says what to do. */
export const makeDirectory = async (directory: string, mode: number): Promise<void> => {
  try {
    await makeFolder(directory, mode)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const advice = "set DUELINE_HOME to a directory that this user may write"
    // What could not be made may be above it.
    const path = error instanceof Error && "path" in error ? String(error.path) : directory
    throw new Error(`cannot make ${path}: ${reason}; ${advice}`, { cause: error })
  }
}

/**
 * Writes a file whole and to the disk, in a new directory beside it, and then has it put in its place: a crash leaves no half of it. A process number
 * would not tell the drafts apart: programs in containers that share the directory are all number 1.
 */
const place = async (
  path: string,
  content: string | Uint8Array,
  put: (draft: string, path: string) => Promise<void>,
  mode = 0o600
): Promise<void> => {
  const aside = await mkdtemp(join(dirname(path), "draft-"))
  const draft = join(aside, basename(path))
  try {
    await writeFile(draft, content, { mode, flush: true })
    // The umask of the program may have taken more away than others' rights.
    await chmod(draft, ((await stat(draft)).mode & 0o777) | 0o600)
    await put(draft, path)
  } finally {
    await rm(aside, { recursive: true })
  }
}

/** Makes the file unless it is there: of programs that start at once one wins and all read its text. */
export const placeOnce = (path: string, text: string): Promise<void> =>
  place(path, text, link).catch((error: unknown) => {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error
  })

/** In the place of the one that is there, if there is one: nobody reads half of it. `mode`: 0600 where nothing is said. */
export const placeAnew = (path: string, content: string | Uint8Array, mode?: number): Promise<void> =>
  place(path, content, rename, mode)

/** Whether others than the owner may read or write it; Windows has no such bits. */
export const isOpenToOthers = async (path: string): Promise<boolean> =>
  process.platform !== "win32" && ((await stat(path)).mode & 0o077) !== 0
