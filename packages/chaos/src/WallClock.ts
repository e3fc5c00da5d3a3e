/**
 * The wall clock of one process of the program, which can be set forward and back while the process runs. The clock that only goes
 * forward is left alone, as on a machine whose time is corrected.
 */
import { notTested, ServerMissing } from "@dueline/test-servers/notTested"
import { cacheDirectory } from "@dueline/test-servers/ServerAccount"
import { unpackPackages } from "@dueline/test-servers/unpackPackages"
import { existsSync, globSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** How long the library uses what it has read, in seconds. Reading the file for each look at the clock would slow the process down. */
const cacheSeconds = 1
/** After this many milliseconds the process goes by what was set. */
export const noticedMs = cacheSeconds * 1_000 + 200

export class WallClock {
  readonly #file: string
  /** What the process is to have in its environment. */
  readonly environment: Readonly<Record<string, string>>

  /** `library` is what `findFaketime` found; `file` is this clock's own. */
  constructor(library: string, file: string) {
    this.#file = file
    this.environment = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: String(cacheSeconds),
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      // The name that older versions know.
      DONT_FAKE_MONOTONIC: "1"
    }
    this.set(0)
  }

  /** Ahead of this machine's clock by so many milliseconds from now on, whole seconds; behind it when negative. */
  set(aheadMs: number): void {
    const seconds = Math.trunc(aheadMs / 1_000)
    // Renamed, so that nobody reads half of it.
    writeFileSync(`${this.#file}.new`, `${seconds < 0 ? "" : "+"}${seconds}\n`)
    renameSync(`${this.#file}.new`, this.#file)
  }
}

/** What the library leaves in shared memory when a process is killed. */
export const forgetClockOf = (pid: number): void => {
  for (const name of [`sem.faketime_sem_${pid}`, `faketime_shm_${pid}`]) rmSync(`/dev/shm/${name}`, { force: true })
}

/** The variant for programs with several threads. */
const name = "faketime/libfaketimeMT.so.1"

const below = (root: string): string | undefined =>
  globSync(["usr/lib", "usr/lib/*", "usr/local/lib", "usr/lib64"].map((path) => join(root, path, name)))[0]

const fetched = async (): Promise<string | undefined> => {
  const tree = join(cacheDirectory(), "libfaketime")
  const wanted = { name: "libfaketime", tree, packages: async () => ["libfaketime"] }
  if (below(tree) === undefined) await unpackPackages(wanted, async () => below(tree) !== undefined)
  return below(tree)
}

/** Path of the library. Rejects with `ServerMissing`, whose message says what was tried and what to do. */
const findFaketime = async (): Promise<string> => {
  const variable = "DUELINE_FAKETIME"
  const missing = (why: string) =>
    new ServerMissing(`libfaketime cannot be had: ${why}. Install libfaketime, or name its library in ${variable}.`)
  const named = process.env[variable]
  if (named !== undefined && named !== "") {
    if (existsSync(named)) return named
    throw missing(`${variable} names ${named}, which is not there`)
  }
  const found = below("/") ?? (await fetched().catch((cause: unknown) => cause))
  if (typeof found === "string") return found
  throw missing(`it is not installed; ${found instanceof Error ? found.message : "the package does not hold it"}`)
}

/** Null when it cannot be had, which is then said; an error with `CI=true`. */
export const faketimeIfAny = async (): Promise<string | null> => {
  try {
    return await findFaketime()
  } catch (cause) {
    if (!(cause instanceof ServerMissing)) throw cause
    notTested("chaos with wall clocks that are set", cause.message)
    return null
  }
}
