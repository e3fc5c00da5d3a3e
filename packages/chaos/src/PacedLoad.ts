/** Requests at an even rate, by a bounded number of senders that each wait for one before the next; and what all who report events share. */
import type { Dice } from "@dueline/simulation/world/Dice"
import { setTimeout as wait } from "node:timers/promises"
import type { Api } from "./Api.ts"

export abstract class PacedLoad {
  readonly #rate: number
  readonly #senders: number
  #stopped = false
  #givenUp = false

  /** `rate`: requests begun per second, all senders together. */
  constructor(rate: number, senders: number) {
    this.#rate = rate
    this.#senders = senders
  }

  get stopped(): boolean {
    return this.#stopped
  }

  /** Until `stop`, and then until what was begun is answered. */
  async run(): Promise<void> {
    const everyMs = 1_000 / this.#rate
    let next = performance.now()
    const sender = async () => {
      while (!this.#stopped) {
        // Who was held up by a fault does not make up for it with a flood.
        const slot = Math.max(next, performance.now() - everyMs * this.#senders)
        next = slot + everyMs
        const early = slot - performance.now()
        if (early > 0) await wait(early)
        if (!this.#stopped) await this.send()
      }
    }
    await Promise.all(Array.from({ length: this.#senders }, sender))
  }

  /** Nothing more is begun. */
  stop(): void {
    this.#stopped = true
  }

  /** What is not answered by now stays without an answer. */
  giveUp(): void {
    this.#givenUp = true
  }

  /** One request, until it is answered. */
  protected abstract send(): Promise<void>

  protected readonly isGivenUp = (): boolean => this.#givenUp
}

/** Of those who report events beside the clients. */
export interface ReportingOptions {
  readonly seed: number
  readonly api: Api
  /** Names and tokens. */
  readonly tenants: ReadonlyMap<string, string>
  /** Requests a second, of all who report together. */
  readonly rate: number
}

/** Requests under way at once. */
export const reportingSenders = 8
const repeatShare = 0.25
/** A repeat is of one of so many latest events. */
const remembered = 30

/** What is reported next: one of `recent` again, or a fresh one, which is among those from then on. */
export const drawReported = <Event>(recent: Array<Event>, dice: Dice, fresh: () => Event): Event => {
  const [latest, ...others] = recent
  if (latest !== undefined && dice.chance(repeatShare)) return dice.pick([latest, ...others])
  const event = fresh()
  recent.unshift(event)
  recent.splice(remembered)
  return event
}
