/** Alarms by due time: a heap of milliseconds with the alarms of each, and at most one alarm per call. Plain data structure, no clock. */
import type { TenantId } from "@dueline/contracts/Ids"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import { MinHeap } from "./MinHeap.ts"

const keyOf = ({ tenantId, callId }: Alarm): string => `${tenantId}/${callId}`

/** Alarms of one millisecond. `taken` of them are gone: moving the rest up for each would be quadratic at a popular hour. */
interface Slot {
  readonly alarms: Array<Alarm>
  taken: number
}

export class AlarmHeap {
  /** The distinct due times in `slots`. */
  private readonly times = new MinHeap<number>()
  private readonly slots = new Map<number, Slot>()
  private readonly current = new Map<string, Alarm>()
  private readonly counts = new Map<TenantId, number>()

  /** Alarms that are waiting; replaced ones do not count. */
  get size(): number {
    return this.current.size
  }

  /** How many of them are the tenant's. */
  sizeOf(tenantId: TenantId): number {
    return this.counts.get(tenantId) ?? 0
  }

  /** Whether an alarm of the call waits, of whatever revision. */
  has(alarm: Alarm): boolean {
    return this.current.has(keyOf(alarm))
  }

  /** The earliest due time, or undefined when nothing waits. May belong to an alarm that was replaced meanwhile. */
  get earliest(): number | undefined {
    return this.times.first
  }

  /** A newer revision of a call replaces an older one; the same or an older revision changes nothing. Answers whether it did. */
  add(alarm: Alarm): boolean {
    const key = keyOf(alarm)
    const known = this.current.get(key)
    if (known !== undefined && known.revision >= alarm.revision) return false
    this.current.set(key, alarm)
    if (known === undefined) this.counts.set(alarm.tenantId, this.sizeOf(alarm.tenantId) + 1)
    const slot = this.slots.get(alarm.dueAt)
    if (slot !== undefined) slot.alarms.push(alarm)
    else {
      this.slots.set(alarm.dueAt, { alarms: [alarm], taken: 0 })
      this.times.push(alarm.dueAt, alarm.dueAt)
    }
    return true
  }

  /** Removes and answers up to `limit` alarms with `dueAt <= now`, earliest first. */
  take(now: number, limit: number): Array<Alarm> {
    const due: Array<Alarm> = []
    while (due.length < limit) {
      const time = this.times.first
      if (time === undefined || time > now) break
      const slot = this.slots.get(time)
      const alarm = slot?.alarms[slot.taken]
      if (slot !== undefined) slot.taken += 1
      if (alarm !== undefined && this.current.get(keyOf(alarm)) === alarm) {
        this.current.delete(keyOf(alarm))
        this.oneLess(alarm.tenantId)
        due.push(alarm)
      }
      if (slot === undefined || slot.taken >= slot.alarms.length) {
        this.slots.delete(time)
        this.times.pop()
      }
    }
    return due
  }

  private oneLess(tenantId: TenantId): void {
    const left = this.sizeOf(tenantId) - 1
    if (left > 0) this.counts.set(tenantId, left)
    else this.counts.delete(tenantId)
  }
}
