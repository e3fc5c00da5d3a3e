/** What the fair queue must allow and forbid, in the plainest words: lists that are searched, nothing remembered that can be computed. */
import type { Alarm } from "@dueline/contracts/ports/Timer"
import type { TenantLimit } from "../src/TenantLimits.ts"

interface Busy {
  readonly tenantId: string
  readonly target: string
  /** Revisions that were asked for and not answered. */
  asks: Array<number>
  epoch: number
  expiresAt: number
}

interface Circuit {
  pausedUntil: number
  probing: boolean
}

export class FairQueueModel {
  readonly limit: TenantLimit
  readonly places: number
  /** In the order they came. */
  waiting: Array<Alarm> = []
  readonly busy = new Map<string, Busy>()
  readonly circuits = new Map<string, Circuit>()
  /** Tenants' tokens, and when they were counted. */
  readonly tokens = new Map<string, { count: number; at: number }>()

  constructor(limit: TenantLimit, places: number) {
    this.limit = limit
    this.places = places
  }

  private readonly circuitOf = ({ target, tenantId }: { readonly target: string; readonly tenantId: string }) => {
    const key = `${tenantId} ${target}`
    const known = this.circuits.get(key) ?? { pausedUntil: 0, probing: false }
    this.circuits.set(key, known)
    return known
  }

  tokensOf(tenantId: string, now: number): number {
    const { burst, ratePerSecond } = this.limit
    if (ratePerSecond === null || burst === null) return Number.POSITIVE_INFINITY
    const { at, count } = this.tokens.get(tenantId) ?? { count: burst, at: now }
    const tokens = { count: Math.min(burst, count + ((now - at) * ratePerSecond) / 1_000), at: now }
    this.tokens.set(tenantId, tokens)
    return tokens.count
  }

  private spend(tenantId: string, count: number, now: number): void {
    if (this.limit.burst === null) return
    this.tokens.set(tenantId, { count: Math.min(this.limit.burst, this.tokensOf(tenantId, now) - count), at: now })
  }

  runningOf(tenantId: string): number {
    return [...this.busy.values()].filter((busy) => busy.tenantId === tenantId).length
  }

  /** When the alarm may start if nothing but time happens: now, later, or positive infinity. */
  readyAt(alarm: Alarm, now: number): number {
    const { concurrency, perTarget, ratePerSecond } = this.limit
    const overdue = (among: (busy: Busy) => boolean) =>
      [...this.busy.values()].filter(among).map(({ asks, expiresAt }) => (asks.length > 0 ? Infinity : expiresAt))
    const times = [now]
    const { tenantId, target } = alarm
    if (this.runningOf(tenantId) >= (concurrency ?? Infinity)) {
      times.push(Math.min(...overdue((busy) => busy.tenantId === tenantId)))
    }
    const tokens = this.tokensOf(tenantId, now)
    if (tokens < 1 - 1e-6) times.push(now + ((1 - tokens) / (ratePerSecond ?? 1)) * 1_000)
    const { pausedUntil, probing } = this.circuitOf(alarm)
    times.push(pausedUntil)
    const room = this.places - this.busy.size - 1
    const held = this.runningOf(tenantId)
    if (room < Math.min(this.places / 4, Math.sqrt((this.places * held) / 2)))
      times.push(Math.min(...overdue(() => true)))
    const rivals = (busy: Busy) => busy.tenantId === tenantId && busy.target === target
    if ([...this.busy.values()].filter(rivals).length >= (perTarget ?? Infinity))
      times.push(Math.min(...overdue(rivals)))
    if (probing && [...this.busy.values()].some(rivals)) times.push(Math.max(...overdue(rivals)))
    return Math.max(...times)
  }

  pass(now: number): void {
    for (const circuit of this.circuits.values()) {
      if (circuit.pausedUntil === 0 || circuit.pausedUntil > now) continue
      circuit.pausedUntil = 0
      circuit.probing = true
    }
    for (const [callId, busy] of this.busy) if (busy.epoch > 0 && busy.expiresAt <= now) this.over(callId, busy)
  }

  add(alarm: Alarm): void {
    const known = this.waiting.find(({ callId }) => callId === alarm.callId)
    if (known !== undefined && known.revision >= alarm.revision) return
    const asked = this.busy.get(alarm.callId)?.asks ?? []
    if (known === undefined && asked.some((revision) => revision >= alarm.revision)) return
    this.waiting = [...this.waiting.filter((other) => other !== known), alarm]
  }

  take(alarm: Alarm, now: number): void {
    this.waiting = this.waiting.filter((other) => other !== alarm)
    this.spend(alarm.tenantId, 1, now)
    this.occupy(alarm).asks.push(alarm.revision)
  }

  answered({ callId, revision, tenantId }: Alarm, hasStarted: boolean, now: number): void {
    const busy = this.busy.get(callId)
    if (!hasStarted) this.spend(tenantId, -1, now)
    if (busy === undefined) return
    busy.asks.splice(busy.asks.indexOf(revision), 1)
    if (busy.asks.length === 0 && busy.epoch === 0) this.busy.delete(callId)
  }

  started(alarm: Alarm, epoch: number, expiresAt: number): void {
    const busy = this.occupy(alarm)
    if (busy.epoch >= epoch) return
    busy.epoch = epoch
    busy.expiresAt = expiresAt
  }

  ended(alarm: Alarm, epoch: number, answered: boolean, pausedUntil: number | null): void {
    const circuit = this.circuitOf(alarm)
    if (pausedUntil !== null) {
      circuit.pausedUntil = Math.max(pausedUntil, circuit.pausedUntil)
      circuit.probing = false
    }
    const busy = this.busy.get(alarm.callId)
    if (busy !== undefined && busy.epoch > 0 && busy.epoch <= epoch) this.over(alarm.callId, busy)
    if (answered) circuit.probing = false
  }

  private over(callId: string, busy: Busy): void {
    busy.epoch = 0
    if (busy.asks.length === 0) this.busy.delete(callId)
  }

  private occupy({ callId, target, tenantId }: Alarm): Busy {
    const known = this.busy.get(callId)
    if (known !== undefined) return known
    const busy = { tenantId, target, asks: [], epoch: 0, expiresAt: 0 }
    this.busy.set(callId, busy)
    return busy
  }
}
