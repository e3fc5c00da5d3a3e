/**
 * The Timer of the embedded default: alarms inside a horizon wait in memory and fire to the millisecond, never too early. Those that are
 * due are handed out by turns of tenants, so that one tenant's alarm does not wait behind a hundred thousand of another's.
 */
import { ShortLivedMap } from "@dueline/contracts/ShortLived"
import type { ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import { type Alarm, Timer } from "@dueline/contracts/ports/Timer"
import { Metrics } from "@dueline/contracts/telemetry/Metrics"
import { Clock, Deferred, Effect, Layer } from "effect"
import { MinHeap } from "./MinHeap.ts"

/** Alarms of one millisecond. `taken` of them are gone: moving the rest up for each would be quadratic at a popular hour. */
interface Slot {
  readonly alarms: Array<Alarm>
  taken: number
}

/** One tenant's alarms by due time, and at most one alarm per call. */
class TenantAlarms {
  /** When it is looked at next, in epoch ms; kept by the heap of all tenants. Positive infinity when it need not be. */
  turnAt = Number.POSITIVE_INFINITY

  /** The distinct due times in `slots`. */
  readonly #times = new MinHeap<number>()
  readonly #slots = new ShortLivedMap<number, Slot>()
  readonly #current = new ShortLivedMap<ServiceCallId, Alarm>()

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

/** Alarms of all tenants by due time; those that are due are handed out by turns, one of each tenant that has any. No clock. */
export class AlarmHeap {
  readonly #tenants = new Map<TenantId, TenantAlarms>()
  /** By when their turn comes. An entry whose time is not the tenant's `turnAt` says nothing any more. */
  #turns = new MinHeap<TenantAlarms>()
  #size = 0
  #now = 0

  /** Alarms that are waiting; replaced ones do not count. */
  get size(): number {
    return this.#size
  }

  /** How many of them are the tenant's. */
  sizeOf(tenantId: TenantId): number {
    return this.#tenants.get(tenantId)?.size ?? 0
  }

  /** Whether an alarm of the call waits, of whatever revision. */
  has(alarm: Alarm): boolean {
    return this.#tenants.get(alarm.tenantId)?.has(alarm) ?? false
  }

  /**
   * When to `take` next, or undefined when nothing waits: no later than the earliest due time, or than the last `take` if that left
   * something that was due. May be earlier, on behalf of an alarm that was replaced meanwhile.
   */
  get earliest(): number | undefined {
    return this.#turns.first === undefined ? undefined : this.#turns.firstKey
  }

  /** A newer revision of a call replaces an older one; the same or an older revision changes nothing. Answers whether it did. */
  add(alarm: Alarm): boolean {
    let tenant = this.#tenants.get(alarm.tenantId)
    if (tenant === undefined) {
      tenant = new TenantAlarms()
      this.#tenants.set(alarm.tenantId, tenant)
    }
    const before = tenant.size
    if (!tenant.add(alarm)) return false
    this.#size += tenant.size - before
    if (alarm.dueAt < tenant.turnAt) this.#queue(tenant, alarm.dueAt)
    return true
  }

  /** Removes and answers up to `limit` alarms with `dueAt <= now`, by turns of tenants, of each the earliest first. */
  take(now: number, limit: number): Array<Alarm> {
    // A tenant that was served waits for its next turn from then on: a time that must not lie ahead.
    if (now < this.#now) this.#requeue()
    this.#now = now
    const due: Array<Alarm> = []
    let round: ReadonlyArray<TenantAlarms> = []
    while (due.length < limit) {
      if (round.length === 0) round = this.#next(now, limit - due.length)
      if (round.length === 0) break
      const [again, left]: [Array<TenantAlarms>, Array<TenantAlarms>] = [[], []]
      for (const tenant of round) {
        if (due.length === limit) {
          left.push(tenant)
          continue
        }
        const alarm = tenant.take(now)
        if (alarm !== undefined) {
          this.#size -= 1
          due.push(alarm)
          if (tenant.size === 0) this.#tenants.delete(alarm.tenantId)
        }
        if (tenant.earliest <= now) again.push(tenant)
        else if (tenant.size > 0) this.#queue(tenant, tenant.earliest)
      }
      round = [...left, ...again]
    }
    // Behind those whose time came before this and who have not had a turn.
    for (const tenant of round) if (tenant.size > 0) this.#queue(tenant, now)
    return due
  }

  /** Up to `limit` tenants whose turn it is. */
  #next(now: number, limit: number): ReadonlyArray<TenantAlarms> {
    const next: Array<TenantAlarms> = []
    while (next.length < limit && this.#turns.firstKey <= now) {
      const at = this.#turns.firstKey
      const tenant = this.#turns.pop()
      if (tenant === undefined) break
      if (tenant.turnAt !== at) continue
      tenant.turnAt = Number.POSITIVE_INFINITY
      next.push(tenant)
    }
    this.#skipOld()
    return next
  }

  #queue(tenant: TenantAlarms, at: number): void {
    tenant.turnAt = at
    this.#turns.push(at, tenant)
  }

  #requeue(): void {
    this.#turns = new MinHeap()
    for (const tenant of this.#tenants.values()) this.#queue(tenant, tenant.earliest)
  }

  /** The first entry is one that counts. */
  #skipOld(): void {
    while (this.#turns.first !== undefined && this.#turns.first.turnAt !== this.#turns.firstKey) this.#turns.pop()
  }
}

export interface MemoryTimerOptions {
  /** Alarms further away than this are left to the sweep. */
  readonly horizonMs: number
  /** Alarms held at the most, and of one tenant as many as there is room left; the rest are left to the sweep too. */
  readonly alarmLimit: number
  /** How long before their due time alarms fire, in milliseconds, so that what is needed for the call can be prepared. Default 0. */
  readonly leadMs?: number
}

export const defaultMemoryTimerOptions: MemoryTimerOptions = { horizonMs: 60_000, alarmLimit: 200_000 }

/** A taker that waits until `wakeAt` unless an earlier alarm comes. */
interface Sleeper {
  readonly wakeAt: number
  readonly wake: Deferred.Deferred<void>
}

export const make = ({ leadMs = 0, ...options }: MemoryTimerOptions) =>
  Effect.map(Metrics, ({ alarms }) => {
    const heap = new AlarmHeap()
    alarms.read = () => heap.size
    const sleepers = new Set<Sleeper>()

    /** A tenant may have as many alarms here as there is room left, so that none fills it alone. */
    const hasRoom = (alarm: Alarm) => heap.sizeOf(alarm.tenantId) < options.alarmLimit - heap.size || heap.has(alarm)

    const arm = (alarms: ReadonlyArray<Alarm>) =>
      Clock.clockWith((clock) =>
        Effect.sync(() => {
          const now = clock.currentTimeMillisUnsafe()
          let earliest = Number.POSITIVE_INFINITY
          for (const alarm of alarms) {
            if (alarm.dueAt > now + options.horizonMs || !hasRoom(alarm)) continue
            // One that was known and is overdue wakes too: the clock may have been set forward under a sleeper.
            if (heap.add(alarm) || alarm.dueAt - leadMs <= now) earliest = Math.min(earliest, alarm.dueAt - leadMs)
          }
          for (const { wake, wakeAt } of [...sleepers]) {
            if (earliest < wakeAt || earliest <= now) Deferred.doneUnsafe(wake, Effect.void)
          }
        })
      )

    const sleep = (now: number) =>
      Effect.suspend(() => {
        const wakeAt = (heap.earliest ?? Number.POSITIVE_INFINITY) - leadMs
        const sleeper = { wakeAt, wake: Deferred.makeUnsafe<void>() }
        sleepers.add(sleeper)
        const woken = Deferred.await(sleeper.wake)
        // A machine's timer may ring up to two milliseconds early; the caller looks at the clock again, so that costs a turn and no more.
        const either = wakeAt === Number.POSITIVE_INFINITY ? woken : Effect.raceFirst(woken, Effect.sleep(wakeAt - now))
        return Effect.ensuring(
          either,
          Effect.sync(() => sleepers.delete(sleeper))
        )
      })

    const take = (limit: number): Effect.Effect<ReadonlyArray<Alarm>> =>
      Effect.gen(function* () {
        while (true) {
          const now = yield* Clock.currentTimeMillis
          const due = heap.take(now + leadMs, limit)
          if (due.length > 0) return due
          yield* sleep(now)
        }
      })

    return { timer: Timer.of({ arm, take }), size: () => heap.size }
  })

export const layer = (options: Partial<MemoryTimerOptions> = {}) =>
  Layer.effect(
    Timer,
    Effect.map(make({ ...defaultMemoryTimerOptions, ...options }), ({ timer }) => timer)
  )
