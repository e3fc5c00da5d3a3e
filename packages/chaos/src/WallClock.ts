/**
 * The wall clock of one process of the program, which can be set forward and back while the process runs. The clock that only goes
 * forward is left alone, as on a machine whose time is corrected.
 */
import { renameSync, rmSync, writeFileSync } from "node:fs"

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
