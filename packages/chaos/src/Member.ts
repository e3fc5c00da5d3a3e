/** One place in the cast: a process of the program with its roles, which is started again whenever it should be there and is not. */
import type { Role } from "@dueline/contracts/Role"
import { setTimeout as wait } from "node:timers/promises"
import { type Ending, NotStarted, type ProgramProcess, type ProgramStart, startProcess } from "./ProgramProcess.ts"
import type { Condition, Quitter } from "./ServerVictim.ts"
import type { WallClock } from "./WallClock.ts"

interface MemberOptions {
  readonly name: string
  readonly roles: ReadonlyArray<Role>
  readonly start: ProgramStart
  /** Null where no clock can be set. */
  readonly clock: WallClock | null
  /** It ended although nobody had asked it to. */
  readonly onCollapse: (ending: Ending) => void
}

/** Between two starts of one that does not come up, e.g. because a server that it needs is away. */
const againMs = 500
/** Longer than any server is away. */
const startLimitMs = 120_000

export class Member implements Quitter {
  readonly name: string
  readonly roles: ReadonlyArray<Role>
  /** Starts that failed. */
  failedStarts = 0
  #condition: Condition = "down"
  #process: ProgramProcess | undefined
  #starting: Promise<void> | undefined
  #born = 0
  /** Counts lives, so that an end is attributed to the life that it ended. */
  #life = 0
  readonly #options: MemberOptions

  constructor(options: MemberOptions) {
    this.name = options.name
    this.roles = options.roles
    this.#options = options
  }

  get clock(): WallClock | null {
    return this.#options.clock
  }

  get condition(): Condition {
    return this.#condition
  }

  /** Of the latest life. */
  get pid(): number {
    return this.#process?.pid ?? 0
  }

  /** Where it listens; null when it does not live. */
  get address(): string | null {
    return this.#process === undefined || this.#process.isOver() ? null : this.#process.address
  }

  start(): Promise<void> {
    if (this.#condition === "up" || this.#condition === "paused") return Promise.resolve()
    this.#starting ??= this.#insist().finally(() => (this.#starting = undefined))
    return this.#starting
  }

  async #insist(): Promise<void> {
    const until = Date.now() + startLimitMs
    const life = ++this.#life
    this.#condition = "starting"
    while (this.#life === life) {
      try {
        const started = await startProcess(this.#options.start, (pid) => (this.#born = pid))
        return this.#up(started, life)
      } catch (cause) {
        if (this.#life !== life) return
        if (!(cause instanceof NotStarted) || Date.now() > until) throw cause
        this.failedStarts += 1
        await wait(againMs)
      }
    }
  }

  #up(started: ProgramProcess, life: number): void {
    if (this.#life !== life) return started.signal("SIGKILL")
    this.#process = started
    this.#condition = "up"
    void this.#attend(started, life)
  }

  /** An end that nobody had asked for is told, and put right. */
  async #attend({ ended }: ProgramProcess, life: number): Promise<void> {
    const ending = await ended
    if (this.#life !== life) return
    this.#condition = "down"
    this.#options.onCollapse(ending)
    // Should it not come up, then whoever heals everything in the end is told so.
    await this.start().catch(() => undefined)
  }

  async kill(): Promise<void> {
    this.#life += 1
    this.#condition = "down"
    if (this.#starting !== undefined) {
      signalTo(this.#born, "SIGKILL")
      await this.#starting.catch(() => undefined)
    }
    this.#process?.signal("SIGKILL")
    await this.#process?.ended
  }

  async quit(): Promise<number | null> {
    await this.start()
    const leaving = this.#process
    this.#life += 1
    this.#condition = "down"
    leaving?.signal("SIGTERM")
    return (await leaving?.ended)?.code ?? null
  }

  pause(): void {
    if (this.#condition !== "up") return
    this.#process?.signal("SIGSTOP")
    this.#condition = "paused"
  }

  resume(): void {
    if (this.#condition !== "paused") return
    this.#process?.signal("SIGCONT")
    this.#condition = "up"
  }
}

const signalTo = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal)
  } catch {
    // It is gone already.
  }
}
