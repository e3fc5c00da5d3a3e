/** Lets one process after the other do a piece of work: two test runs that start together must not fetch the same server at once. */
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { setTimeout as wait } from "node:timers/promises"

const stepMs = 100
const limitMs = 10 * 60_000

/**
 * Holds the file `lock`, which names this process, while `work` runs. Rejects when others hold it for longer than ten minutes.
 * Should two find the lock of a dead process at the very same moment, both may work: the work has to bear that.
 */
export const oneAtATime = async <A>(lock: string, work: () => Promise<A>): Promise<A> => {
  mkdirSync(dirname(lock), { recursive: true })
  for (let waited = 0; !taken(lock); waited += stepMs) {
    if (waited >= limitMs) throw new Error(`process ${holderOf(lock) ?? "?"} holds ${lock} and does not come to an end`)
    await wait(stepMs)
  }
  try {
    return await work()
  } finally {
    rmSync(lock, { force: true })
  }
}

/** A link appears with its contents or not at all: a lock always names its holder. */
const taken = (lock: string): boolean => {
  const mine = `${lock}.${process.pid}`
  writeFileSync(mine, String(process.pid))
  try {
    linkSync(mine, lock)
    return true
  } catch (cause) {
    if (!hasCode(cause, "EEXIST")) throw cause
    const holder = holderOf(lock)
    if (holder !== undefined && !isAlive(holder)) rmSync(lock, { force: true })
    return false
  } finally {
    rmSync(mine, { force: true })
  }
}

const holderOf = (lock: string): number | undefined => {
  try {
    return Number(readFileSync(lock, "utf8"))
  } catch {
    return undefined
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return hasCode(cause, "EPERM")
  }
}

const hasCode = (cause: unknown, code: string): boolean =>
  cause instanceof Error && "code" in cause && cause.code === code
