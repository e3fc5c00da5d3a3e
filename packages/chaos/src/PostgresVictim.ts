/** The database as a victim: ended without a shutdown, and again while it recovers. */
import { startPostgres } from "@dueline/test-servers/startPostgres"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { ServerVictim } from "./ServerVictim.ts"

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
const stopTree = (pid: number): ReadonlyArray<number> => {
  signalTo(pid, "SIGSTOP")
  const children = childrenOf(pid)
  for (const child of children) signalTo(child, "SIGSTOP")
  return [pid, ...children]
}

/** The parent last, so that it finds its children as it left them. */
const continueTree = (pids: ReadonlyArray<number>): void => {
  for (const pid of pids.toReversed()) signalTo(pid, "SIGCONT")
}

/** SIGQUIT is PostgreSQL's immediate mode: no checkpoint, recovery at the next start. SIGKILL takes the postmaster alone. */
export type Blow = "SIGQUIT" | "SIGKILL"

export interface PostgresVictim {
  readonly name: string
  readonly condition: ServerVictim["condition"]
  /** Resolves when the postmaster is gone. */
  readonly end: (blow: Blow) => Promise<void>
  /** Starts it and ends it again so many milliseconds later, in the middle of its recovery if that takes so long. */
  readonly endInRecovery: (afterMs: number, blow: Blow) => Promise<void>
  /** Until it answers. */
  readonly start: () => Promise<void>
  /** SIGSTOP to the postmaster and all its children. */
  readonly pause: () => void
  /** SIGCONT to them; without effect when it is not paused. */
  readonly resume: () => void
}

const stepMs = 5
const goneLimitMs = 10_000
const readyLimitMs = 60_000

/** What a server says about itself in its lock file: its process, and whether it answers. */
const lockFile = (data: string): { readonly pid: number; readonly ready: boolean } | undefined => {
  const file = join(data, "postmaster.pid")
  if (!existsSync(file)) return undefined
  const lines = readFileSync(file, "utf8").split("\n")
  return { pid: Number(lines[0]), ready: lines[7]?.trim() === "ready" }
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const strike = async (pid: number, blow: Blow): Promise<void> => {
  if (pid <= 0 || !isAlive(pid)) return
  process.kill(pid, blow)
  for (let waited = 0; isAlive(pid); waited += stepMs) {
    if (waited >= goneLimitMs) process.kill(pid, "SIGKILL")
    await wait(stepMs)
  }
}

/** Waits for a server with another process than `before`, ready if asked. */
const successor = async (data: string, before: number, ready: boolean): Promise<number> => {
  for (let waited = 0; waited < readyLimitMs; waited += stepMs) {
    const lock = lockFile(data)
    if (lock !== undefined && lock.pid !== before && isAlive(lock.pid) && (lock.ready || !ready)) return lock.pid
    await wait(stepMs)
  }
  throw new Error(`no PostgreSQL server came up in ${data}`)
}

/** A server that this process starts. */
export class PostgresServer extends ServerVictim implements PostgresVictim {
  readonly data: string
  #stopped: ReadonlyArray<number> = []

  constructor(directory: string) {
    super("postgres", (port) => startPostgres(port === undefined ? { directory } : { directory, port }))
    this.data = join(directory, "data")
  }

  override pause(): void {
    if (this.condition !== "up") return
    super.pause()
    this.#stopped = stopTree(this.pid)
  }

  override resume(): void {
    continueTree(this.#stopped)
    this.#stopped = []
    super.resume()
  }

  async end(blow: Blow): Promise<void> {
    await strike(this.pid, blow)
    await this.kill()
  }

  async endInRecovery(afterMs: number, blow: Blow): Promise<void> {
    const before = this.pid
    // It may come up before it is struck, or never: both are as they should be.
    const started = this.start().catch(() => undefined)
    const pid = await successor(this.data, before, false)
    await wait(afterMs)
    await strike(pid, blow)
    await started
    await this.kill()
  }
}

/** The server that the program keeps in its home and starts again by itself. */
export class EmbeddedPostgres implements PostgresVictim {
  readonly name = "postgres"
  readonly #data: string
  #last = 0
  #stopped: ReadonlyArray<number> = []

  constructor(home: string) {
    this.#data = join(home, "postgres", "data")
  }

  get condition(): ServerVictim["condition"] {
    const lock = lockFile(this.#data)
    return lock === undefined || !isAlive(lock.pid) ? "down" : lock.ready ? "up" : "starting"
  }

  pause(): void {
    const pid = lockFile(this.#data)?.pid ?? 0
    if (this.#stopped.length === 0 && pid > 0 && isAlive(pid)) this.#stopped = stopTree(pid)
  }

  resume(): void {
    continueTree(this.#stopped)
    this.#stopped = []
  }

  async end(blow: Blow): Promise<void> {
    this.#last = lockFile(this.#data)?.pid ?? 0
    await strike(this.#last, blow)
  }

  async endInRecovery(afterMs: number, blow: Blow): Promise<void> {
    const pid = await successor(this.#data, this.#last, false)
    await wait(afterMs)
    this.#last = pid
    await strike(pid, blow)
  }

  async start(): Promise<void> {
    await successor(this.#data, this.#last, true)
  }
}
