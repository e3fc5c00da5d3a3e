/** Outbox entries in memory: those of one tenant in their order, and all that are claimed. Plain data structures. */
import type { OutboxEntry, Settlement } from "@dueline/contracts/ports/Outbox"

export const streamOf = ({ streamId, tenantId }: OutboxEntry): string => `${tenantId}/${streamId}`

/** What waits of one tenant, in order of position, and what of it is on its way: never two entries of one stream. */
export class TenantOutbox {
  readonly tenantId: string
  readonly #window: number
  #waiting: Array<OutboxEntry> = []
  readonly #onTheWay = new Set<string>()
  /** After an entry got no answer the others that are on their way are waited for, so that it does not fall further behind. */
  #halted = false

  constructor(tenantId: string, window: number) {
    this.tenantId = tenantId
    this.#window = window
  }

  get empty(): boolean {
    return this.#waiting.length === 0 && this.#onTheWay.size === 0
  }

  /** Entries come almost in order, so their place is near the end. */
  add(entry: OutboxEntry): void {
    const after = this.#waiting.findLastIndex(({ position }) => position < entry.position)
    this.#waiting.splice(after + 1, 0, entry)
  }

  /** The next entry in order, now on its way. Undefined when it has to wait for another of its stream, or for room. */
  next(): OutboxEntry | undefined {
    const first = this.#waiting[0]
    if (first === undefined || this.#halted || this.#onTheWay.size >= this.#window) return undefined
    return this.#onTheWay.has(streamOf(first)) ? undefined : this.send(first)
  }

  /** Entries that could leave now if order within the tenant did not matter: the first of each stream, no more than the window holds. */
  ready(): ReadonlyArray<OutboxEntry> {
    const streams = new Set(this.#onTheWay)
    return this.#waiting.slice(0, this.#window).filter((entry) => {
      const first = !streams.has(streamOf(entry))
      streams.add(streamOf(entry))
      return first
    })
  }

  /** Puts a waiting entry on its way. */
  send(entry: OutboxEntry): OutboxEntry {
    this.#waiting.splice(this.#waiting.indexOf(entry), 1)
    this.#onTheWay.add(streamOf(entry))
    return entry
  }

  arrived(entry: OutboxEntry): void {
    this.#onTheWay.delete(streamOf(entry))
    if (this.#onTheWay.size === 0) this.#halted = false
  }

  /** Back in its place, ahead of what stands behind it. */
  returned(entry: OutboxEntry): void {
    this.arrived(entry)
    this.add(entry)
    this.#halted = this.#onTheWay.size > 0
  }

  /** Takes away and answers what waits of one stream. */
  letGo(stream: string): ReadonlyArray<OutboxEntry> {
    const gone = this.#waiting.filter((entry) => streamOf(entry) === stream)
    if (gone.length > 0) this.#waiting = this.#waiting.filter((entry) => streamOf(entry) !== stream)
    return gone
  }
}

/** The entries that this dispatcher has claimed from the outbox and not settled yet. */
export class ClaimedEntries {
  /** With the id of each entry's event, in the order they were claimed. */
  readonly #positions = new Map<number, string>()
  readonly #unsettled: Array<Settlement> = []
  /** Streams with a failure that is not settled yet: until it is, a claim may show what has to wait behind it. */
  readonly #failing = new Set<string>()

  get size(): number {
    return this.#positions.size
  }

  get positions(): ReadonlyArray<number> {
    return [...this.#positions.keys()]
  }

  /** The id of the event that was claimed first. */
  get oldest(): string | undefined {
    return this.#positions.values().next().value
  }

  /** Outcomes that have to be stored, oldest first. */
  get unsettled(): ReadonlyArray<Settlement> {
    return [...this.#unsettled]
  }

  /** False when the entry is here already, or has to wait behind a failure. */
  take(entry: OutboxEntry): boolean {
    if (this.#positions.has(entry.position) || this.#failing.has(streamOf(entry))) return false
    this.#positions.set(entry.position, entry.eventId)
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

  /** Forgets the first `count` outcomes: they are stored. */
  settled(count: number): void {
    for (const { _tag, entry } of this.#unsettled.splice(0, count)) {
      this.#positions.delete(entry.position)
      if (_tag === "Failed") this.#failing.delete(streamOf(entry))
    }
  }
}
