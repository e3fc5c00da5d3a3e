/**
 * The alarms that this process has scheduled at the server, for three questions: is this one scheduled already, is there a newer
 * revision, and what must be scheduled again when the server has lost everything. Bounded; what is forgotten costs a stale wake-up or a
 * repeat, both of which are harmless.
 */
import { ShortLivedMap } from "@dueline/contracts/ShortLived"
import type { Alarm } from "@dueline/contracts/ports/Timer"

interface Entry {
  readonly alarm: Alarm
  /** Whether the server has this revision, or is being given it. */
  readonly scheduled: boolean
  /** Epoch milliseconds until which an older revision may still ring. */
  readonly keepUntil: number
}

/** Milliseconds for which an alarm that is over is remembered: its wake-up may come late. */
const graceMs = 5_000

const keyOf = ({ callId, tenantId }: Alarm): string => `${tenantId}/${callId}`

export class ScheduledAtBroker {
  /** The oldest entry first. */
  private readonly entries = new ShortLivedMap<string, Entry>()
  private readonly limit: number

  constructor(limit: number) {
    this.limit = limit
  }

  /** A newer revision of its call has been armed here. */
  isOutdated(alarm: Alarm): boolean {
    return (this.entries.get(keyOf(alarm))?.alarm.revision ?? 0) > alarm.revision
  }

  /** The server has it already. */
  has(alarm: Alarm): boolean {
    const entry = this.entries.get(keyOf(alarm))
    return entry !== undefined && entry.scheduled && entry.alarm.revision === alarm.revision
  }

  add(alarm: Alarm): void {
    const before = this.entries.get(keyOf(alarm))
    const keepUntil = Math.max(before?.keepUntil ?? 0, alarm.dueAt + graceMs)
    this.entries.set(keyOf(alarm), { alarm, scheduled: true, keepUntil })
    if (this.entries.size <= this.limit) return
    const [oldest] = this.entries.keys()
    if (oldest !== undefined) this.entries.delete(oldest)
  }

  /** The alarm waits somewhere else: what the server has of its call is out of date. */
  supersede(alarm: Alarm): void {
    const before = this.entries.get(keyOf(alarm))
    if (before !== undefined && before.alarm.revision < alarm.revision)
      this.entries.set(keyOf(alarm), { ...before, alarm, scheduled: false })
  }

  /** The server did not take it after all. */
  remove(alarm: Alarm): void {
    const entry = this.entries.get(keyOf(alarm))
    if (entry !== undefined && entry.alarm.revision === alarm.revision)
      this.entries.set(keyOf(alarm), { ...entry, scheduled: false })
  }

  /** Everything that the server should still have, which is then no longer known to be there. */
  takeBack(now: number): ReadonlyArray<Alarm> {
    const lost: Array<Alarm> = []
    for (const [key, entry] of this.entries) {
      if (!entry.scheduled || entry.alarm.dueAt + graceMs < now) continue
      lost.push(entry.alarm)
      this.entries.set(key, { ...entry, scheduled: false })
    }
    return lost
  }

  forget(now: number): void {
    for (const [key, { keepUntil }] of this.entries) if (keepUntil < now) this.entries.delete(key)
  }

  get size(): number {
    return this.entries.size
  }
}
