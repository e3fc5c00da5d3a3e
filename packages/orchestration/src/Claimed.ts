/** The entries that this dispatcher has taken from the outbox and that the outbox has not heard of again. */
import type { OutboxEntry, Settlement } from "@dueline/contracts/ports/Outbox"
import { streamOf } from "./TenantLane.ts"

export class Claimed {
  readonly #positions = new Set<number>()
  readonly #unsettled: Array<Settlement> = []
  /** Streams with a failure that the outbox does not know of yet: until it does, a claim may show what has to wait behind it. */
  readonly #failing = new Set<string>()

  get size(): number {
    return this.#positions.size
  }

  /** Outcomes that the outbox has to be told, oldest first. */
  get unsettled(): ReadonlyArray<Settlement> {
    return [...this.#unsettled]
  }

  /** False when the entry is here already, or has to wait behind a failure. */
  take(entry: OutboxEntry): boolean {
    if (this.#positions.has(entry.position) || this.#failing.has(streamOf(entry))) return false
    this.#positions.add(entry.position)
    return true
  }

  /** It will be claimed again. */
  drop(entry: OutboxEntry): void {
    this.#positions.delete(entry.position)
  }

  conclude(settlement: Settlement): void {
    if (settlement._tag === "Failed") this.#failing.add(streamOf(settlement.entry))
    this.#unsettled.push(settlement)
  }

  /** Forgets the first `count` outcomes: the outbox knows them now. */
  settled(count: number): void {
    for (const { _tag, entry } of this.#unsettled.splice(0, count)) {
      this.#positions.delete(entry.position)
      if (_tag === "Failed") this.#failing.delete(streamOf(entry))
    }
  }
}
