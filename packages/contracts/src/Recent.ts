/** What was seen lately, by its key. */
import { ShortLivedMap } from "./ShortLived.ts"

/**
 * Remembers at least what was set under the latest `count` keys and was not deleted, and less than twice as much. Two halves, of which
 * the older one goes as a whole: a map that loses its oldest key with each new one steps over a growing number of holes to find the next.
 */
export class Recent<Key extends string | number, Value extends {} | null> {
  readonly #count: number
  #older = new ShortLivedMap<Key, Value>()
  #newer = new ShortLivedMap<Key, Value>()

  constructor(count: number) {
    this.#count = count
  }

  get size(): number {
    return this.#newer.size + this.#older.size
  }

  has(key: Key): boolean {
    return this.#newer.has(key) || this.#older.has(key)
  }

  get(key: Key): Value | undefined {
    const newer = this.#newer.get(key)
    return newer === undefined ? this.#older.get(key) : newer
  }

  /** What was set under the key; made and set when there is nothing. */
  getOrMake(key: Key, make: (key: Key) => Value): Value {
    const known = this.get(key)
    if (known !== undefined) return known
    const value = make(key)
    this.set(key, value)
    return value
  }

  /** True when the newer half is full by it, so that the older one was dropped. */
  set(key: Key, value: Value): boolean {
    this.#older.delete(key)
    this.#newer.set(key, value)
    if (this.#newer.size < this.#count) return false
    this.dropOlder()
    return true
  }

  /** Forgets the older half and begins a new one. */
  dropOlder(): void {
    this.#older = this.#newer
    this.#newer = new ShortLivedMap()
  }

  delete(key: Key): void {
    this.#newer.delete(key)
    this.#older.delete(key)
  }

  keys(): ReadonlyArray<Key> {
    return [...this.#older.keys(), ...this.#newer.keys()]
  }

  clear(): void {
    this.#newer.clear()
    this.#older.clear()
  }
}
