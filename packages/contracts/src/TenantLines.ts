/**
 * What waits for something that tenants share: a line for each tenant (or whatever else takes turns, by its name), served by turns. Each gets one before anybody gets a second one, and a
 * tenant may have as many waiting as there is room left, so that alone it fills half of the room and never all of it.
 */
import { Fifo } from "./Fifo.ts"
import type { TenantId } from "./Ids.ts"

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
