/** What waits for a writer, by turns of tenants, and the writer that sleeps until there is something. */
import type { TenantId } from "@dueline/contracts/Ids"
import { TenantLines } from "@dueline/contracts/TenantLines"
import { Deferred, Effect } from "effect"

export class Inbox<A> {
  readonly #lines: TenantLines<A>
  #sleeper: Deferred.Deferred<void> | null = null
  #closed = false

  /** `limit`: what may wait; of one tenant as much as there is room left. */
  constructor(limit: number) {
    this.#lines = new TenantLines(limit)
  }

  get size(): number {
    return this.#lines.size
  }

  /** False when there is no room for it, or nobody takes anything any more. Runs the sleeper on this very stack. */
  offer(tenantId: TenantId, one: A): boolean {
    if (this.#closed || !this.#lines.push(tenantId, one)) return false
    const sleeper = this.#sleeper
    this.#sleeper = null
    if (sleeper !== null) Deferred.doneUnsafe(sleeper, Effect.void)
    return true
  }

  /** Removes and answers up to `limit`, by turns of tenants; of each in the order they came. */
  take(limit: number): ReadonlyArray<A> {
    const taken: Array<A> = []
    while (taken.length < limit) {
      const one = this.#lines.shift()
      if (one === undefined) break
      taken.push(one)
    }
    return taken
  }

  /** Done when something waits. One sleeper at a time. */
  readonly filled: Effect.Effect<void> = Effect.suspend(() => {
    if (this.#lines.size > 0) return Effect.void
    const sleeper = Deferred.makeUnsafe<void>()
    this.#sleeper = sleeper
    return Deferred.await(sleeper)
  })

  /** Takes nothing more; answers what still waits. */
  close(): ReadonlyArray<A> {
    this.#closed = true
    return this.take(Number.POSITIVE_INFINITY)
  }
}
