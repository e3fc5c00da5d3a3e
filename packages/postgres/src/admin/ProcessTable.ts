/** What the operating system knows about a process: enough to tell whether a recorded pid is still the process that was meant. */
import { execFileSync } from "node:child_process"
import { readdirSync, readFileSync, readlinkSync } from "node:fs"

export interface ProcessFacts {
  /** Differs between two processes that got the same pid one after the other. */
  readonly startedAt: string
  readonly commandLine: string
}

const fromProc = (pid: number): ProcessFacts | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    // The second field is the command's name in parentheses and may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    if (fields[0] === "Z" || fields[0] === "X") return null
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ").trim()
    return { startedAt: fields[19] ?? "", commandLine }
  } catch {
    return null
  }
}

const fromPs = (pid: number): ProcessFacts | null => {
  try {
    const ask = (column: string) =>
      execFileSync("ps", ["-ww", "-o", `${column}=`, "-p", String(pid)], { encoding: "utf8" }).trim()
    return { startedAt: ask("lstart"), commandLine: ask("command") }
  } catch {
    return null
  }
}

/** Null when there is no such process, or only its remains. */
export const processFacts = (pid: number): ProcessFacts | null =>
  process.platform === "linux" ? fromProc(pid) : fromPs(pid)

const workingDirectory = (pid: number): string => {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return ""
  }
}

/** Live processes that work in the directory, given without links; null where the system does not tell. */
export const processesIn = (directory: string): ReadonlyArray<number> | null =>
  process.platform === "linux"
    ? readdirSync("/proc")
        .filter((name) => /^\d+$/u.test(name))
        .map(Number)
        .filter((pid) => workingDirectory(pid) === directory && processFacts(pid) !== null)
    : null
