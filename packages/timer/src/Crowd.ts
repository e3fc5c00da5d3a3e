/** Tenants that wait until so many places are free. Plain data structure: one entry for each tenant, in the order they came. */
import { MinHeap } from "./MinHeap.ts"

export class Crowd<Tenant> {
  readonly #needs = new Map<Tenant, number>()
  readonly #waiting = new Map<number, Set<Tenant>>()
  /** The numbers in `waiting`, each once. */
  readonly #numbers = new MinHeap<number>()

  /** In place of whatever it waited for before. */
  add(tenant: Tenant, needed: number): void {
    if (this.#needs.get(tenant) === needed) return
    this.delete(tenant)
    this.#needs.set(tenant, needed)
    const waiting = this.#waiting.get(needed)
    if (waiting !== undefined) waiting.add(tenant)
    else {
      this.#waiting.set(needed, new Set([tenant]))
      this.#numbers.push(needed, needed)
    }
  }

  delete(tenant: Tenant): void {
    const needed = this.#needs.get(tenant)
    if (needed === undefined) return
    this.#needs.delete(tenant)
    this.#waiting.get(needed)?.delete(tenant)
  }

  /** Removes and answers the one that needs least, if so many places are enough for it. */
  take(free: number): Tenant | undefined {
    while (true) {
      const needed = this.#numbers.first
      if (needed === undefined || needed > free) return undefined
      const [tenant] = this.#waiting.get(needed) ?? []
      if (tenant !== undefined) {
        this.delete(tenant)
        return tenant
      }
      this.#waiting.delete(needed)
      this.#numbers.pop()
    }
  }

  clear(): void {
    this.#needs.clear()
    this.#waiting.clear()
    this.#numbers.clear()
  }
}
