/** Warns of a disk that is going to be full, before it is: of the home, where the embedded database lies. */
import { Effect, Schedule } from "effect"
import { realpathSync } from "node:fs"
import { statfs } from "node:fs/promises"
import { type Check, type Finding, fatal, warning } from "./Finding.ts"

const gibibyte = 2 ** 30
/** Below this many bytes, or this part of the whole, whichever is more. */
const leastBytes = gibibyte
const leastShare = 0.05

const mebibytes = (bytes: number): string => `${Math.floor(bytes / 2 ** 20).toLocaleString("en")} MiB`

export interface DiskFacts {
  readonly free: number
  readonly whole: number
}

export const judgeDisk = (directory: string, { free, whole }: DiskFacts): ReadonlyArray<Finding> =>
  free >= Math.max(leastBytes, whole * leastShare)
    ? []
    : [
        warning(
          "disk",
          `${mebibytes(free)} of ${mebibytes(whole)} are free on the disk of ${directory}`,
          "make room, or move the home to a larger disk: without space nothing is accepted and no result is kept"
        )
      ]

const look = async (directory: string): Promise<ReadonlyArray<Finding>> => {
  const { bavail, blocks, bsize } = await statfs(realpathSync(directory))
  return judgeDisk(directory, { free: bavail * bsize, whole: blocks * bsize })
}

/** `directory` is where the database's files are. */
export const diskCheck = (directory: string): Check => ({
  name: "disk",
  run: Effect.tryPromise(() => look(directory)).pipe(
    Effect.catch(({ cause }) =>
      Effect.succeed([
        fatal("disk", `${directory} cannot be looked at`, `see to it that it is there (${String(cause)})`)
      ])
    )
  )
})

/** Looks now and then for as long as the scope is open; says when it becomes scarce, and when there is enough again. */
export const watchDisk = (directory: string) =>
  Effect.gen(function* () {
    let scarce = false
    const round = Effect.gen(function* () {
      const [found] = yield* diskCheck(directory).run
      if (found !== undefined && !scarce) yield* Effect.logWarning(`${found.detail}: ${found.advice}`)
      if (found === undefined && scarce) yield* Effect.logInfo(`there is room again on the disk of ${directory}`)
      scarce = found !== undefined
    })
    yield* Effect.forkScoped(Effect.repeat(round, Schedule.spaced("30 seconds")))
  })
