/** One executor of another process, as an orchestrator counts its places. Plain bookkeeping: times in epoch milliseconds. */
import type { WorkerId } from "@dueline/contracts/Ids"
import type { ExecutionRequested } from "@dueline/contracts/Intent"

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
  #heardAt = 0
  /** Given and not on the wire yet. */
  readonly #waiting: Array<ExecutionRequested> = []
  /** On the wire and not seen yet, by `sent` after them. */
  readonly #unseen = new Map<number, ReadonlyArray<ExecutionRequested>>()

  constructor(id: WorkerId) {
    this.id = id
  }

  /** Attempts it could begin at once, as far as is known. */
  get places(): number {
    return Math.max(0, this.#free - (this.#given - this.#seen))
  }

  give(intent: ExecutionRequested): void {
    this.#given += 1
    this.#waiting.push(intent)
  }

  /** The first `count` that were given are on the wire; answers how many were sent by now. */
  send(count: number): number {
    this.#sent += count
    this.#unseen.set(this.#sent, this.#waiting.splice(0, count))
    return this.#sent
  }

  /** It says how many places it has, and how many attempts it had seen by then. */
  hear(free: number, seen: number, now: number): void {
    // What was on the way for so long got lost: the calls' leases run out, and the places are not lost with them.
    const late = this.#seen < this.#sent && now - this.#heardAt > repairMs
    const until = late ? this.#sent : seen
    if (until > this.#seen || this.#seen === this.#given) this.#heardAt = now
    if (until > this.#seen) this.#seen = until
    for (const sent of this.#unseen.keys()) if (sent <= this.#seen) this.#unseen.delete(sent)
    this.#free = free
  }

  /** What the message held after which `sent` were sent, unless it was seen. */
  sentAs(sent: number): ReadonlyArray<ExecutionRequested> {
    return this.#unseen.get(sent) ?? []
  }

  /** What never went on the wire. */
  takeBack(): ReadonlyArray<ExecutionRequested> {
    return this.#waiting.splice(0)
  }
}
