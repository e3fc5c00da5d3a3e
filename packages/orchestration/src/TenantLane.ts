/** What waits of one tenant, in order of position, and what of it is on its way: never two entries of one stream. */
import type { OutboxEntry } from "@dueline/contracts/ports/Outbox"

export const streamOf = ({ streamId, tenantId }: OutboxEntry): string => `${tenantId}/${streamId}`

export class TenantLane {
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
