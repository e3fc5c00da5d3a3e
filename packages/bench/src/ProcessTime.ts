/** Processor time of processes as the kernel counts it, from /proc; Linux only. */
import { readdirSync, readFileSync } from "node:fs"

/** One tick of /proc/PID/stat, in microseconds: USER_HZ is 100 on every Linux Node runs on. */
const tickMicros = 10_000

interface Stat {
  readonly parent: number
  /** Own time, user and system, in microseconds. */
  readonly own: number
  /** Time of children that have ended and were waited for. */
  readonly reaped: number
}

const statOf = (pid: number): Stat | null => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8")
    const fields = text
      .slice(text.lastIndexOf(")") + 2)
      .split(" ")
      .map(Number)
    const at = (i: number) => fields[i] ?? 0
    return { parent: at(1), own: (at(11) + at(12)) * tickMicros, reaped: (at(13) + at(14)) * tickMicros }
  } catch {
    return null
  }
}

/** Microseconds of one process alone. */
export const timeOf = (pid: number): number => statOf(pid)?.own ?? 0

/** Microseconds of a process with its children, those that have ended included. */
export const timeOfFamily = (pid: number): number => {
  const head = statOf(pid)
  if (head === null) return 0
  const children = readdirSync("/proc")
    .filter((name) => /^\d+$/u.test(name))
    .map((name) => statOf(Number(name)))
  return children.reduce((sum, child) => sum + (child?.parent === pid ? child.own : 0), head.own + head.reaped)
}

/** Microseconds of the children of a process, by what they call themselves: a PostgreSQL session by its role. */
export const timeByTitle = (pid: number): ReadonlyMap<string, number> => {
  const sums = new Map<string, number>()
  for (const name of readdirSync("/proc")) {
    const stat = /^\d+$/u.test(name) ? statOf(Number(name)) : null
    if (stat?.parent !== pid) continue
    try {
      const title = /^postgres: (\S+(?: \D\S+)?)/u.exec(readFileSync(`/proc/${name}/cmdline`, "utf8"))?.[1] ?? "another"
      sums.set(title, (sums.get(title) ?? 0) + stat.own)
    } catch {
      // It has just ended.
    }
  }
  return sums
}

/** Resident memory in MiB: proportional share, so that what PostgreSQL's processes share counts once. */
export const memoryOf = (pid: number): number => {
  try {
    const pss = /^Pss:\s+(\d+) kB/mu.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1]
    return Number(pss ?? 0) / 1024
  } catch {
    return 0
  }
}

export const memoryOfFamily = (pid: number): number =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/u.test(name) && (Number(name) === pid || statOf(Number(name))?.parent === pid))
    .reduce((sum, name) => sum + memoryOf(Number(name)), 0)
