/** One tenant's alarms by due time, and at most one alarm per call. Plain data structure, no clock. */
import type { ServiceCallId } from "@dueline/contracts/Ids"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import { MinHeap } from "./MinHeap.ts"

/** Alarms of one millisecond. `taken` of them are gone: moving the rest up for each would be quadratic at a popular hour. */
interface Slot {
  readonly alarms: Array<Alarm>
  taken: number
}

export class TenantAlarms {
  /** When it is looked at next, in epoch ms; kept by whoever shares out between tenants. Positive infinity when it need not be. */
  turnAt = Number.POSITIVE_INFINITY

  /** The distinct due times in `slots`. */
  readonly #times = new MinHeap<number>()
  readonly #slots = new Map<number, Slot>()
  readonly #current = new Map<ServiceCallId, Alarm>()

  /** Alarms that are waiting; replaced ones do not count. */
  get size(): number {
    return this.#current.size
  }

  has({ callId }: Alarm): boolean {
    return this.#current.has(callId)
  }

  /** Positive infinity when nothing waits. May belong to an alarm that was replaced meanwhile. */
  get earliest(): number {
    return this.#times.firstKey
  }

  /** A newer revision of a call replaces an older one; the same or an older revision changes nothing. Answers whether it did. */
  add(alarm: Alarm): boolean {
    const known = this.#current.get(alarm.callId)
    if (known !== undefined && known.revision >= alarm.revision) return false
    this.#current.set(alarm.callId, alarm)
    const slot = this.#slots.get(alarm.dueAt)
    if (slot !== undefined) slot.alarms.push(alarm)
    else {
      this.#slots.set(alarm.dueAt, { alarms: [alarm], taken: 0 })
      this.#times.push(alarm.dueAt, alarm.dueAt)
    }
    return true
  }

  /** Removes and answers the earliest with `dueAt <= now`. */
  take(now: number): Alarm | undefined {
    while (true) {
      const time = this.#times.first
      if (time === undefined || time > now) return undefined
      const slot = this.#slots.get(time)
      const alarm = slot?.alarms[slot.taken]
      if (slot !== undefined) slot.taken += 1
      if (slot === undefined || slot.taken >= slot.alarms.length) {
        this.#slots.delete(time)
        this.#times.pop()
      }
      if (alarm === undefined || this.#current.get(alarm.callId) !== alarm) continue
      this.#current.delete(alarm.callId)
      return alarm
    }
  }
}
