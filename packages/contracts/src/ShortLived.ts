/**
 * A map and a set for what comes and goes thousands of times a second (ADR-0055).
 *
 * V8 writes the entries of its own into a table, begins another one when it is full, counting those that were taken out, and lets the old one point at
 * the new one, for whoever still walks over it. A table that has come into the old generation keeps all that its successors ever held from being
 * collected with the young one. Here tables hold nothing but keys and cells, and a cell is emptied when its entry goes.
 */

interface Cell<V> {
  value: V | undefined
}

/** In the order in which keys came. Keys are small: they alone live on in old tables. */
export class ShortLivedMap<K extends string | number, V extends {} | null> {
  readonly #cells = new Map<K, Cell<V>>()

  get size(): number {
    return this.#cells.size
  }

  has(key: K): boolean {
    return this.#cells.has(key)
  }

  get(key: K): V | undefined {
    return this.#cells.get(key)?.value
  }

  set(key: K, value: V): this {
    const cell = this.#cells.get(key)
    if (cell === undefined) this.#cells.set(key, { value })
    else cell.value = value
    return this
  }

  /** Whether it was in it. */
  delete(key: K): boolean {
    const cell = this.#cells.get(key)
    if (cell === undefined) return false
    cell.value = undefined
    return this.#cells.delete(key)
  }

  clear(): void {
    for (const cell of this.#cells.values()) cell.value = undefined
    this.#cells.clear()
  }

  keys(): IterableIterator<K> {
    return this.#cells.keys()
  }

  *values(): Generator<V> {
    for (const { value } of this.#cells.values()) if (value !== undefined) yield value
  }

  *[Symbol.iterator](): Generator<readonly [K, V]> {
    for (const [key, { value }] of this.#cells) if (value !== undefined) yield [key, value]
  }
}

/** Of objects, in the order in which they came. Each must be extensible. */
export class ShortLivedSet<A extends object> {
  readonly #members = new ShortLivedMap<number, A>()
  /** Where a member keeps its key. */
  readonly #key = Symbol("key")
  #last = 0

  get size(): number {
    return this.#members.size
  }

  has(member: A): boolean {
    return this.#keyOf(member) !== undefined
  }

  add(member: A): this {
    if (this.#keyOf(member) !== undefined) return this
    this.#last += 1
    this.#keep(member, this.#last)
    this.#members.set(this.#last, member)
    return this
  }

  /** Whether it was in it. */
  delete(member: A): boolean {
    const key = this.#keyOf(member)
    if (key === undefined) return false
    this.#keep(member, undefined)
    return this.#members.delete(key)
  }

  [Symbol.iterator](): Generator<A> {
    return this.#members.values()
  }

  #keyOf(member: A): number | undefined {
    return (member as { [key: symbol]: number | undefined })[this.#key]
  }

  #keep(member: A, key: number | undefined): void {
    ;(member as { [key: symbol]: number | undefined })[this.#key] = key
  }
}
