/** A server as a victim: killed, paused, and started again on the same port and directory. */
import type { RunningServer } from "@dueline/test-servers/ServerProcess"

export type Condition = "down" | "starting" | "up" | "paused"

/** Whatever can be hurt: a process of the program, or a server. */
interface Victim {
  readonly name: string
  readonly condition: Condition
  /** Until it is of use again. Without effect when it is. */
  readonly start: () => Promise<void>
  /** `kill -9`; resolves when it is gone. */
  readonly kill: () => Promise<void>
  /** SIGSTOP. */
  readonly pause: () => void
  /** SIGCONT; without effect when it is not paused. */
  readonly resume: () => void
}

export interface Quitter extends Victim {
  /** SIGTERM; resolves with the exit code when it is gone, null when a signal ended it. */
  readonly quit: () => Promise<number | null>
}

type StartServer = (port: number | undefined) => Promise<RunningServer>

export class ServerVictim implements Victim {
  readonly name: string
  #condition: Condition = "down"
  #server: RunningServer | undefined
  readonly #start: StartServer

  constructor(name: string, start: StartServer) {
    this.name = name
    this.#start = start
  }

  get condition(): Condition {
    return this.#condition
  }

  /** The same over restarts. Throws before the first start. */
  get url(): string {
    if (this.#server === undefined) throw new Error(`${this.name} was never started`)
    return this.#server.url
  }

  get pid(): number {
    return this.#server?.pid ?? 0
  }

  async start(): Promise<void> {
    if (this.#condition === "up" || this.#condition === "paused") return
    this.#condition = "starting"
    try {
      this.#server = await this.#start(this.#server?.port)
      this.#condition = "up"
    } catch (cause) {
      this.#condition = "down"
      throw cause
    }
  }

  async kill(): Promise<void> {
    this.#condition = "down"
    await this.#server?.kill()
  }

  /** Asked in its own way, and waited for. */
  async stop(): Promise<void> {
    this.resume()
    this.#condition = "down"
    await this.#server?.stop()
  }

  pause(): void {
    if (this.#condition !== "up") return
    process.kill(this.pid, "SIGSTOP")
    this.#condition = "paused"
  }

  resume(): void {
    if (this.#condition !== "paused") return
    process.kill(this.pid, "SIGCONT")
    this.#condition = "up"
  }
}
