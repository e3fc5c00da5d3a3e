/** Makes a directory with a mode, and what is missing above it with 0755, or throws an error that says what to do. */
import { mkdir, stat } from "node:fs/promises"
import { dirname } from "node:path"

const isDirectory = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false
  )

/** Step by step: Node's own recursive form never ends where a file system answers ENOENT to a `mkdir`, as procfs does. */
export const makeDirectory = async (directory: string, mode: number): Promise<void> => {
  if (await isDirectory(directory)) return
  if (dirname(directory) !== directory) await makeDirectory(dirname(directory), 0o755)
  try {
    await mkdir(directory, { mode })
  } catch (error) {
    if (await isDirectory(directory)) return
    const reason = error instanceof Error ? error.message : String(error)
    const advice = "set DUELINE_HOME to a directory that this user may write"
    throw new Error(`cannot make ${directory}: ${reason}; ${advice}`, { cause: error })
  }
}
