/**
 * How many of the places a tenant may hold: the more it holds, the more must stay free for others. A threshold that follows what is free
 * (Choudhury and Hahne, Dynamic Queue Length Thresholds, 1998), here with a root in place of a line. Plain data structure.
 */

/** Weights beyond these decide whose turn it is, and not how much is left to others. */
const [lightest, heaviest] = [0.25, 4]

export class Room {
  readonly #total: () => number
  #places: number
  /** Places that are taken, by all tenants together. */
  taken = 0

  /** `total`: places there are, for all tenants together; positive infinity when nothing limits them. */
  constructor(total: () => number) {
    this.#total = total
    this.#places = total()
  }

  get free(): number {
    return this.#places - this.taken
  }

  /** Looks again how many places there are. Answers whether their number has changed. */
  refresh(): boolean {
    const places = this.#total()
    if (places === this.#places) return false
    this.#places = places
    return true
  }

  /**
   * How many places must be free for a tenant that holds `held` to take one more: that one, and those that stay free after it, which are
   * the lesser of a quarter of all and √(places × held / 2 × weight). A tenant that holds none may take the last one. Of 256 places a
   * tenant alone may hold 192; if all its calls hang, a second one may hold 17 of the other 64, a third 11, and so on: when twelve let
   * everything hang, the thirteenth still finds a place at once. Those that hold more than an eighth need the same, so that weights decide.
   */
  needed(held: number, weight: number): number {
    if (held === 0) return 1
    const share = held / Math.min(heaviest, Math.max(lightest, weight))
    return 1 + Math.ceil(Math.min(this.#places / 4, Math.sqrt((this.#places * share) / 2)))
  }

  admits(held: number, weight: number): boolean {
    return this.#places === Number.POSITIVE_INFINITY || this.free >= this.needed(held, weight)
  }
}
