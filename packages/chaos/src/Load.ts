/**
 * The clients: a bounded number of them, each asking for one thing after the other at a common rate, and every operation asked again
 * under the same key until it is answered.
 */
import { Dice } from "@dueline/simulation/world/Dice"
import { setTimeout as wait } from "node:timers/promises"
import { type Api, answerOf, type Request } from "./Api.ts"
import { type Draft, type DraftOptions, Drafts } from "./Drafts.ts"
import { accepted } from "./Evidence.ts"
import type { Operation } from "./History.ts"

export interface LoadOptions extends DraftOptions {
  readonly seed: number
  readonly api: Api
  /** Operations begun per second, all clients together. */
  readonly rate: number
  readonly clients: number
  /** May rewrite what is sent. */
  readonly meddle?: ((request: Request, draft: Draft) => Request) | undefined
}

export class Load {
  readonly operations: Array<Operation> = []
  readonly #options: LoadOptions
  readonly #dice: Dice
  readonly #drafts: Drafts
  #begun = 0
  #stopped = false
  #givenUp = false

  constructor(options: LoadOptions) {
    this.#options = options
    this.#dice = new Dice(options.seed).fork("load")
    this.#drafts = new Drafts(options)
  }

  /** Operations begun so far. */
  get begun(): number {
    return this.#begun
  }

  get stopped(): boolean {
    return this.#stopped
  }

  /** Until `stop`, and then until what was begun is answered. */
  async run(): Promise<void> {
    const { clients, rate } = this.#options
    const everyMs = 1_000 / rate
    let next = performance.now()
    const client = async () => {
      while (!this.#stopped) {
        // Who was held up by a fault does not make up for it with a flood.
        const slot = Math.max(next, performance.now() - everyMs * clients)
        next = slot + everyMs
        const early = slot - performance.now()
        if (early > 0) await wait(early)
        if (!this.#stopped) await this.#operate(this.#begun++)
      }
    }
    await Promise.all(Array.from({ length: clients }, client))
  }

  /** Nothing more is begun. */
  stop(): void {
    this.#stopped = true
  }

  /** What is not answered by now stays without an answer. */
  giveUp(): void {
    this.#givenUp = true
  }

  async #operate(number: number): Promise<void> {
    const { api, meddle = (request) => request } = this.#options
    const draft = this.#drafts.draw(this.#dice.fork(`operation ${number}`), number)
    const invokedAt = Date.now()
    const { heard, tries } = await api.insist(meddle(draft.request, draft), () => this.#givenUp)
    const answered =
      heard === null ? { completedAt: null, answer: null } : { completedAt: Date.now(), answer: answerOf(heard) }
    const operation: Operation = { ...draft.operation, invokedAt, tries, ...answered }
    this.operations.push(operation)
    if (heard !== null && accepted(operation)) this.#drafts.learn(draft, operation, heard)
  }
}
