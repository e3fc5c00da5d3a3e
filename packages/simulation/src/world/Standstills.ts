/**
 * Times at which the store stands still, as a database server that is stopped: what is asked of it waits, and so does what it was about to
 * answer. When it goes on, what had waited is done or not, and whoever asked is told or not.
 */
import type { World } from "./World.ts"

export class Standstills {
  readonly #world: World
  /** In the world's time; the past when it does not stand still. */
  #until = 0

  constructor(world: World) {
    this.#world = world
    const dice = world.dice.fork("standstills")
    for (let i = 0; i < world.faults.standstills; i++) {
      const forMs = dice.pick([2_000, 6_000, 12_000, 20_000])
      world.time.after(dice.between(0, world.setup.activeMs), () => this.#begin(forMs))
    }
  }

  #begin(forMs: number): void {
    const { time } = this.#world
    if (this.#world.quiet) return
    this.#world.note("store", `stands still for ${forMs} ms`)
    this.#until = Math.max(this.#until, time.now + forMs)
  }

  /** Milliseconds until it goes on; 0 when it does. */
  get leftMs(): number {
    return this.#world.quiet ? 0 : Math.max(0, this.#until - this.#world.time.now)
  }
}
