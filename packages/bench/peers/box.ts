/** The machine: whether it is quiet enough to measure on, and what it is. Linux only. */
import { readFileSync } from "node:fs"
import { cpus, totalmem } from "node:os"
import { setTimeout as pause } from "node:timers/promises"

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
