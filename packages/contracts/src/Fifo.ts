/** A queue whose first entry leaves without moving the others up: an array's own `shift` is slow when it is long. */
export class Fifo<A> {
  #entries: Array<A> = []
  #head = 0

  get length(): number {
    return this.#entries.length - this.#head
  }

  get first(): A | undefined {
    return this.#entries[this.#head]
  }

  push(entry: A): void {
    this.#entries.push(entry)
  }

  shift(): A | undefined {
    if (this.length === 0) return undefined
    const entry = this.#entries[this.#head]
    this.#head += 1
    if (this.#head === this.#entries.length) this.keep(() => false)
    else if (this.#head >= 1_024 && this.#head * 2 > this.#entries.length) this.keep(() => true)
    return entry
  }

  /** Lets go of all entries but these; the order stays. */
  keep(wanted: (entry: A) => boolean): void {
    const head = this.#head
    this.#entries = this.#entries.filter((entry, at) => at >= head && wanted(entry))
    this.#head = 0
  }
}
