/** A process and its children, stopped and continued together: what a stopped machine does to a server. */
import { readdirSync, readFileSync } from "node:fs"

/** The fourth field; the second is a name in parentheses, which may hold anything. */
const parentOf = (pid: string): number => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8")
    return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[1])
  } catch {
    // It has ended meanwhile.
    return 0
  }
}

const childrenOf = (pid: number): ReadonlyArray<number> =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/u.test(name) && parentOf(name) === pid)
    .map(Number)

const signalTo = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended meanwhile.
  }
}

/** The parent first, so that no child is made that goes on. Answers whom to continue. */
export const stopTree = (pid: number): ReadonlyArray<number> => {
  signalTo(pid, "SIGSTOP")
  const children = childrenOf(pid)
  for (const child of children) signalTo(child, "SIGSTOP")
  return [pid, ...children]
}

/** The parent last, so that it finds its children as it left them. */
export const continueTree = (pids: ReadonlyArray<number>): void => {
  for (const pid of pids.toReversed()) signalTo(pid, "SIGCONT")
}
