/** Makes a directory and what is missing above it. */
import { mkdirSync, statSync } from "node:fs"
import * as path from "node:path"

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

const isThere = (directory: string): boolean => {
  const stat = statSync(directory, { throwIfNoEntry: false })
  if (stat === undefined) return false
  if (stat.isDirectory()) return true
  throw new Error(`${directory} is not a directory`)
}

/** Step by step: Node's own recursive form never ends where a file system answers ENOENT to a `mkdir`, as procfs does. */
const make = (directory: string): void => {
  if (isThere(directory)) return
  make(path.dirname(directory))
  try {
    mkdirSync(directory, { mode: 0o755 })
  } catch (cause) {
    // Somebody else may have made it meanwhile.
    if (!isThere(directory)) throw cause
  }
}

/** `directory` is absolute. Throws an error that says what to do. */
export const makeDirectory = (directory: string): void => {
  try {
    make(directory)
  } catch (cause) {
    const advice = "set DUELINE_HOME to a directory that this user may write"
    throw new Error(`cannot make ${directory}: ${reasonOf(cause)}; ${advice}`, { cause })
  }
}
