/** What left, against what was said not to have left: nothing that is handed back was or will be sent under its epoch. */
import type { World } from "./World.ts"

export class Sendings {
  readonly #world: World
  readonly #left = new Set<string>()
  readonly #handedBack = new Set<string>()
  /** By call: the world's time at which it was last given a time to wait for. */
  readonly #waitsSince = new Map<string, number>()

  constructor(world: World) {
    this.#world = world
  }

  waits(callId: string): void {
    this.#waitsSince.set(callId, this.#world.time.now)
  }

  /** Epoch milliseconds. */
  waitsSince(callId: string): number {
    return this.#waitsSince.get(callId) ?? 0
  }

  left(callId: string, epoch: number): void {
    this.#left.add(`${callId} epoch ${epoch}`)
    this.#compare(`${callId} epoch ${epoch}`)
  }

  handedBack(callId: string, epoch: number): void {
    this.#handedBack.add(`${callId} epoch ${epoch}`)
    this.#compare(`${callId} epoch ${epoch}`)
  }

  #compare(name: string): void {
    if (this.#left.has(name) && this.#handedBack.has(name))
      this.#world.violate("what is handed back was never sent", name)
  }
}
