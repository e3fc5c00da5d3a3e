/** A server as a victim: killed, paused, and started again on the same port and directory. */
import type { RunningServer } from "@dueline/test-servers/ServerProcess"
import type { Condition, Victim } from "./Victim.ts"

export type StartServer = (port: number | undefined) => Promise<RunningServer>

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
