/**
 * The clients: a bounded number of them, each asking for one thing after the other at a common rate, and every operation asked again
 * under the same key until it is answered.
 */
import { Dice } from "@dueline/simulation/world/Dice"
import { type Api, answerOf, type Request } from "./Api.ts"
import { type Draft, type DraftOptions, Drafts } from "./Drafts.ts"
import { accepted } from "./Evidence.ts"
import type { Operation } from "./History.ts"
import { PacedLoad } from "./PacedLoad.ts"

export interface LoadOptions extends DraftOptions {
  readonly seed: number
  readonly api: Api
  /** Operations begun per second, all clients together. */
  readonly rate: number
  readonly clients: number
  /** May rewrite what is sent. */
  readonly meddle?: ((request: Request, draft: Draft) => Request) | undefined
}

export class Load extends PacedLoad {
  readonly operations: Array<Operation> = []
  readonly #options: LoadOptions
  readonly #dice: Dice
  readonly #drafts: Drafts
  #begun = 0

  constructor(options: LoadOptions) {
    super(options.rate, options.clients)
    this.#options = options
    this.#dice = new Dice(options.seed).fork("load")
    this.#drafts = new Drafts(options)
  }

  /** Operations begun so far. */
  get begun(): number {
    return this.#begun
  }

  protected async send(): Promise<void> {
    const number = this.#begun++
    const { api, meddle = (request) => request } = this.#options
    const draft = this.#drafts.draw(this.#dice.fork(`operation ${number}`), number)
    const invokedAt = Date.now()
    const { heard, tries } = await api.insist(meddle(draft.request, draft), this.isGivenUp)
    const answered =
      heard === null ? { completedAt: null, answer: null } : { completedAt: Date.now(), answer: answerOf(heard) }
    const operation: Operation = { ...draft.operation, invokedAt, tries, ...answered }
    this.operations.push(operation)
    if (heard !== null && accepted(operation)) this.#drafts.learn(draft, operation, heard)
  }
}
