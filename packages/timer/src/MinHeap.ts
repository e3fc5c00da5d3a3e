/** Values by a number, the smallest first; of equal ones the one that came first. */
interface Entry<A> {
  readonly key: number
  readonly order: number
  readonly value: A
}

const before = <A>(a: Entry<A>, b: Entry<A>): boolean => a.key < b.key || (a.key === b.key && a.order < b.order)

export class MinHeap<A> {
  #entries: Array<Entry<A>> = []
  #count = 0

  get size(): number {
    return this.#entries.length
  }

  get first(): A | undefined {
    return this.#entries[0]?.value
  }

  /** The smallest key; positive infinity when there is none. */
  get firstKey(): number {
    return this.#entries[0]?.key ?? Number.POSITIVE_INFINITY
  }

  push(key: number, value: A): void {
    const entries = this.#entries
    this.#count += 1
    const entry = { key, order: this.#count, value }
    let at = entries.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = entries[parent]
      if (above === undefined || !before(entry, above)) break
      entries[at] = above
      at = parent
    }
    entries[at] = entry
  }

  pop(): A | undefined {
    const entries = this.#entries
    const [root] = entries
    const last = entries.pop()
    if (root === undefined || last === undefined || entries.length === 0) return root?.value
    let at = 0
    while (true) {
      const left = entries[2 * at + 1]
      const right = entries[2 * at + 2]
      if (left === undefined) break
      const [child, place] = right !== undefined && before(right, left) ? [right, 2 * at + 2] : [left, 2 * at + 1]
      if (!before(child, last)) break
      entries[at] = child
      at = place
    }
    entries[at] = last
    return root.value
  }

  clear(): void {
    this.#entries = []
  }
}
