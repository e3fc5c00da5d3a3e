/**
 * Due calls that wait for a pause to be over, each with the hold that it waits for, in the order they came. Calls that are released at a
 * rate leave from here. Plain data structure: times come in, epoch ms.
 */
import { ShortLivedMap } from "@dueline/contracts/ShortLived"
import type { ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import { Fifo } from "@dueline/contracts/TenantShares"
import { type Hold, type Holds, noHolds } from "./Holds.ts"
import { TokenBucket } from "./TokenBucket.ts"

/** Calls that wait for one hold. Its line may hold some that have gone meanwhile. */
class Group {
  readonly hold: Hold
  readonly line = new Fifo<Alarm>()
  /** Null while it holds. */
  readonly #bucket: TokenBucket | null

  /** A tenth of a second's worth may leave at once, so that a high rate is kept whatever the timer's grain. */
  constructor(hold: Hold, processes: number, now: number) {
    this.hold = hold
    const perSecond = (hold.release?.perSecond ?? 0) / processes
    this.#bucket = hold.release === null ? null : new TokenBucket(perSecond, Math.max(1, perSecond / 10), now)
  }

  /** When the next one may leave: now, later, or positive infinity. */
  readyAt(now: number): number {
    return this.line.length === 0 ? Number.POSITIVE_INFINITY : (this.#bucket?.readyAt(now) ?? Number.POSITIVE_INFINITY)
  }

  take(): Alarm | undefined {
    return this.line.shift()
  }

  /** One has left. */
  count(): void {
    this.#bucket?.take()
  }
}

interface HeldCallsOptions {
  /** Calls that may wait here. A tenant may have as many as there is room left; the rest are left to the sweep. */
  readonly limit: number
  /** Processes that divide the rates between them, at least 1. */
  readonly processes: () => number
}

export class HeldCalls {
  readonly #options: HeldCallsOptions
  #holds: Holds = noHolds
  #groups = new Map<string, Group>()
  #current = new ShortLivedMap<ServiceCallId, Alarm>()
  #ofTenant = new Map<TenantId, number>()
  #processes = 1

  constructor(options: HeldCallsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#current.size
  }

  /**
   * True when the call has to wait: it does so here, or if there is no room, it is left to the sweep. A newer revision of a call takes the
   * place of an older one.
   */
  add(alarm: Alarm, now: number): boolean {
    const hold = this.#holds.of(alarm)
    if (hold === null) {
      // Of a call that has been moved meanwhile the older revision would only be refused.
      this.#forget(alarm)
      return false
    }
    const known = this.#current.get(alarm.callId)
    if (known !== undefined && known.revision >= alarm.revision) return true
    const own = this.#ofTenant.get(alarm.tenantId) ?? 0
    if (known === undefined && own >= this.#options.limit - this.size) return true
    if (known === undefined) this.#ofTenant.set(alarm.tenantId, own + 1)
    this.#current.set(alarm.callId, alarm)
    this.#groupOf(hold, now).line.push(alarm)
    return true
  }

  /** Other holds from now on. Answers, in the order they came, the calls that nothing holds any more. */
  change(holds: Holds, now: number): ReadonlyArray<Alarm> {
    const waiting = [...this.#current.values()]
    this.#holds = holds
    this.#groups = new Map()
    this.#current = new ShortLivedMap()
    this.#ofTenant = new Map()
    return waiting.filter((alarm) => !this.add(alarm, now))
  }

  /** Removes and answers those whose release is due. */
  release(now: number): ReadonlyArray<Alarm> {
    this.#divide(now)
    const released: Array<Alarm> = []
    for (const [id, group] of this.#groups) {
      while (group.readyAt(now) <= now) {
        const alarm = group.take()
        if (alarm === undefined) break
        if (this.#current.get(alarm.callId) !== alarm) continue
        group.count()
        this.#forget(alarm)
        released.push(alarm)
      }
      // A group that releases is kept, since its rate is: a call of it that comes later waits for its turn.
      if (group.line.length === 0 && group.hold.release === null) this.#groups.delete(id)
    }
    return released
  }

  /** When the next one is released: now, later, or positive infinity. */
  nextWakeAt(now: number): number {
    let earliest = Number.POSITIVE_INFINITY
    for (const group of this.#groups.values()) earliest = Math.min(earliest, group.readyAt(now))
    return earliest
  }

  #groupOf(hold: Hold, now: number): Group {
    const known = this.#groups.get(hold.id)
    if (known !== undefined) return known
    const group = new Group(hold, this.#processes, now)
    this.#groups.set(hold.id, group)
    return group
  }

  #forget({ callId, revision, tenantId }: Alarm): void {
    const known = this.#current.get(callId)
    if (known === undefined || known.revision > revision) return
    this.#current.delete(callId)
    const left = (this.#ofTenant.get(tenantId) ?? 1) - 1
    if (left > 0) this.#ofTenant.set(tenantId, left)
    else this.#ofTenant.delete(tenantId)
  }

  /** Other processes, other parts of the rates. */
  #divide(now: number): void {
    const processes = Math.max(1, this.#options.processes())
    if (processes === this.#processes) return
    this.#processes = processes
    for (const [id, { hold, line }] of this.#groups) {
      const group = new Group(hold, processes, now)
      for (let alarm = line.shift(); alarm !== undefined; alarm = line.shift()) group.line.push(alarm)
      this.#groups.set(id, group)
    }
  }
}
