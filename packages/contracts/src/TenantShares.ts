/** How tenants share what there is too little of: places for what is under way, and lines for what waits. */
import type { TenantId } from "./Ids.ts"

/** A queue whose first entry leaves without moving the others up: an array's own `shift` is slow when it is long. */
export class Fifo<A> {
  #entries: Array<A | undefined> = []
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
    // Else it would live until the queue is empty.
    this.#entries[this.#head] = undefined
    this.#head += 1
    if (this.#head === this.#entries.length) this.keep(() => false)
    else if (this.#head >= 1_024 && this.#head * 2 > this.#entries.length) this.keep(() => true)
    return entry
  }

  /** Lets go of all entries but these; the order stays. */
  keep(wanted: (entry: A) => boolean): void {
    const head = this.#head
    this.#entries = this.#entries.filter((entry, at) => at >= head && wanted(entry as A))
    this.#head = 0
  }
}

interface Line<A, Name> {
  readonly tenantId: Name
  readonly waiting: Fifo<A>
}

export class TenantLines<A, Name extends string = TenantId> {
  readonly #limit: number
  readonly #lines = new Map<Name, Line<A, Name>>()
  /** Lines in which somebody waits, in the order of their turns. */
  readonly #turns = new Fifo<Line<A, Name>>()
  #size = 0

  /** `limit`: how much may wait, of all tenants together. */
  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#size
  }

  /** False when there is no room for one more of this tenant. */
  push(tenantId: Name, entry: A): boolean {
    const known = this.#lines.get(tenantId)
    if ((known?.waiting.length ?? 0) >= this.#limit - this.#size) return false
    const line = known ?? { tenantId, waiting: new Fifo<A>() }
    if (known === undefined) {
      this.#lines.set(tenantId, line)
      this.#turns.push(line)
    }
    line.waiting.push(entry)
    this.#size += 1
    return true
  }

  /** The first of the tenant whose turn it is, for whom `mayGo`; the turn of one who may not passes. Asks each tenant once at the most. */
  shift(mayGo: (tenantId: Name) => boolean = () => true): A | undefined {
    for (let left = this.#turns.length; left > 0; left -= 1) {
      const line = this.#turns.shift()
      if (line === undefined) return undefined
      if (!mayGo(line.tenantId)) {
        this.#turns.push(line)
        continue
      }
      const entry = line.waiting.shift()
      this.#size -= 1
      if (line.waiting.length > 0) this.#turns.push(line)
      else this.#lines.delete(line.tenantId)
      return entry
    }
    return undefined
  }
}

/** So many of all holders, and of one holder as many as there is room left, so that none has all of them. */
export class Places<Holder = TenantId> {
  readonly #limit: number
  readonly #held = new Map<Holder, number>()
  #taken = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Null when there is no place for one more of the holder; otherwise what gives the place back. Done twice, that is done once. */
  enter(holder: Holder): (() => void) | null {
    const held = this.#held.get(holder) ?? 0
    if (held >= this.#limit - this.#taken) return null
    this.#taken += 1
    this.#held.set(holder, held + 1)
    let gone = false
    return () => {
      if (gone) return
      gone = true
      this.#taken -= 1
      const left = (this.#held.get(holder) ?? 0) - 1
      if (left > 0) this.#held.set(holder, left)
      else this.#held.delete(holder)
    }
  }
}
