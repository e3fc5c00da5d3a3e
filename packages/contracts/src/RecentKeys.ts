/** Keys that were seen lately, to recognise what comes again. */

/**
 * Remembers at least the latest `count` keys, and at most twice as many. Two halves, of which the older one goes as a whole: a set that
 * loses its oldest key with each new one steps over a growing number of holes to find the next.
 */
export class RecentKeys<Key> {
  readonly #count: number
  #older = new Set<Key>()
  #newer = new Set<Key>()

  constructor(count: number) {
    this.#count = count
  }

  has(key: Key): boolean {
    return this.#newer.has(key) || this.#older.has(key)
  }

  add(key: Key): void {
    if (this.#newer.size >= this.#count) {
      this.#older = this.#newer
      this.#newer = new Set()
    }
    this.#newer.add(key)
  }

  clear(): void {
    this.#older.clear()
    this.#newer.clear()
  }
}
