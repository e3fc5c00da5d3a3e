/** One executor of another process, as an orchestrator counts its places. Plain bookkeeping: times in epoch milliseconds. */
import type { WorkerId } from "@dueline/contracts/Ids"

/** A worker speaks twice a second. What it has still not seen after this long never came. */
const repairMs = 5_000

export class RemoteWorker {
  readonly id: WorkerId
  /** As it said last. */
  #free = 0
  /** Attempts given to it by now, how many of them are on the wire, and how many it had seen when it spoke last. */
  #given = 0
  #sent = 0
  #seen = 0
  /** When it last said that it had seen more, or all. */
  #reportedAt = 0

  constructor(id: WorkerId) {
    this.id = id
  }

  /** Attempts it could begin at once, as far as is known. */
  get places(): number {
    return Math.max(0, this.#free - (this.#given - this.#seen))
  }

  /** One more attempt is for it. */
  give(): void {
    this.#given += 1
  }

  /** So many of them are on the wire now; answers how many were sent in all. */
  send(count: number): number {
    this.#sent += count
    return this.#sent
  }

  /** A report of the worker: its free places, and how many attempts it had received by then. */
  report(free: number, seen: number, now: number): void {
    // What was on the way for so long got lost: the calls' leases run out, and the places are not lost with them.
    const late = this.#seen < this.#sent && now - this.#reportedAt > repairMs
    const until = late ? this.#sent : seen
    if (until > this.#seen || this.#seen === this.#given) this.#reportedAt = now
    if (until > this.#seen) this.#seen = until
    this.#free = free
  }
}
