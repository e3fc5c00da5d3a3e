/** The machine: whether it is quiet enough to measure on, and what it is. Linux only. */
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { cpus, totalmem } from "node:os"
import { dirname } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { main } from "./starts/dueline.ts"
import { natsVersion } from "./stores/nats.ts"
import { postgresVersion } from "./stores/postgres.ts"
import { redisVersion } from "./stores/redis.ts"

/** Share of the processors' time that must be idle before a measurement starts. */
const quiet = 0.88
const windowMs = 500

const processorTime = (): { readonly idle: number; readonly all: number } => {
  const [, ...fields] = (readFileSync("/proc/stat", "utf8").split("\n", 1)[0] ?? "").split(/\s+/u)
  const ticks = fields.slice(0, 8).map(Number)
  return { idle: (ticks[3] ?? 0) + (ticks[4] ?? 0), all: ticks.reduce((a, b) => a + b, 0) }
}

const idleShare = async (): Promise<number> => {
  const before = processorTime()
  await pause(windowMs)
  const after = processorTime()
  return (after.idle - before.idle) / Math.max(1, after.all - before.all)
}

/** Waits for two quiet windows in a row, for `limitMs` at the most; false when they did not come. */
export const settle = async (limitMs: number): Promise<boolean> => {
  let inARow = 0
  for (const from = performance.now(); performance.now() - from < limitMs; ) {
    inARow = (await idleShare()) >= quiet ? inARow + 1 : 0
    if (inARow === 2) return true
  }
  return false
}

export const machine = (): string =>
  `${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`

/** Exact versions of everything that took part. */
const { dependencies } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8")) as {
  readonly dependencies: Readonly<Record<string, string>>
}

const revision = (): string => {
  try {
    const described = execFileSync("git", ["describe", "--always", "--dirty"], {
      cwd: dirname(main),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"]
    })
    return described.trim()
  } catch {
    return "unknown"
  }
}

const absent = () => "absent"

export const versions = async (): Promise<Readonly<Record<string, string>>> => ({
  dueline: revision(),
  node: process.version,
  postgresql: postgresVersion(),
  redis: await redisVersion().catch(absent),
  nats: await natsVersion().catch(absent),
  ...dependencies
})
