/** One tenant's due calls and what it has under way: which call is next, and whether it may start now. Plain data structure. */
import type { ServiceCallId } from "@dueline/contracts/Ids"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import type { Room } from "./Room.ts"
import { TargetLanes } from "./TargetLanes.ts"
import type { TenantLimit } from "./TenantLimits.ts"
import { TokenBucket } from "./TokenBucket.ts"
import { UnderWay } from "./UnderWay.ts"

export class TenantQueue {
  /** Virtual time from which on it may be served; kept by whoever shares out between tenants, like the two below. */
  pass = 0
  inLine = false
  hasWake = false

  readonly lanes = new TargetLanes()
  readonly #waiting = new Map<ServiceCallId, Alarm>()
  readonly #underWay: UnderWay
  #limit: TenantLimit
  #bucket: TokenBucket | null = null

  constructor(limit: TenantLimit, room: Room, now: number) {
    this.#limit = limit
    this.#underWay = new UnderWay(room, (lane) => this.lanes.changed(lane))
    this.limitTo(limit, now)
  }

  get weight(): number {
    return this.#limit.weight
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** Calls asked for or under way. */
  get running(): number {
    return this.#underWay.size
  }

  limitTo(limit: TenantLimit, now: number): void {
    const { burst, perTarget, ratePerSecond } = limit
    this.#limit = limit
    this.lanes.limitTo(perTarget ?? Number.POSITIVE_INFINITY)
    if (ratePerSecond === null || burst === null) this.#bucket = null
    else this.#bucket = this.#bucket?.become(ratePerSecond, burst, now) ?? new TokenBucket(ratePerSecond, burst, now)
  }

  /** Nothing waits and nothing is under way. */
  get isQuiet(): boolean {
    return this.waiting === 0 && this.running === 0
  }

  /** Quiet, and nothing is left to be remembered of its limits and targets. */
  isIdle(now: number): boolean {
    return this.isQuiet && this.lanes.size === 0 && (this.#bucket?.isFull(now) ?? true)
  }

  /** Whether an alarm of the call waits, of whatever revision. */
  has({ callId }: Alarm): boolean {
    return this.#waiting.has(callId)
  }

  /** Whether this revision or a newer one waits or is being asked for. */
  knows(alarm: Alarm): boolean {
    const known = this.#waiting.get(alarm.callId)
    return known === undefined ? this.#underWay.isAskedFor(alarm) : known.revision >= alarm.revision
  }

  /** It replaces an older one of its call. */
  add(alarm: Alarm): void {
    const older = this.#waiting.get(alarm.callId)
    this.#waiting.set(alarm.callId, alarm)
    const lane = this.lanes.of(alarm.target)
    lane.push(alarm, this.#isCurrent)
    this.lanes.changed(lane)
    const left = older === undefined ? undefined : this.lanes.find(older.target)
    if (left === undefined) return
    left.waiting -= 1
    this.lanes.changed(left)
  }

  /** When its next call may start, as far as time decides: now, later, or positive infinity. */
  readyAt(now: number): number {
    if (this.lanes.first === undefined || this.running >= (this.#limit.concurrency ?? Number.POSITIVE_INFINITY)) {
      return Number.POSITIVE_INFINITY
    }
    return this.#bucket?.readyAt(now) ?? now
  }

  /** To be called only when `readyAt` is now. The call counts as under way until it is `answered` or has `ended`. */
  next(): Alarm | undefined {
    return this.lanes.serve((lane) => {
      const alarm = lane.shift(this.#isCurrent)
      if (alarm === undefined) return undefined
      this.#waiting.delete(alarm.callId)
      this.#underWay.ask(alarm, lane)
      this.#bucket?.take()
      return alarm
    })
  }

  /** The asking for one that was given out is over: when no attempt came of it, its token is there again. */
  answered(alarm: Alarm, hasStarted: boolean): void {
    this.#underWay.answered(alarm)
    if (!hasStarted) this.#bucket?.giveBack()
  }

  started(callId: ServiceCallId, epoch: number, target: string, expiresAt: number): void {
    this.#underWay.started(callId, epoch, expiresAt, () => this.lanes.of(target))
  }

  ended(callId: ServiceCallId, epoch: number): void {
    this.#underWay.ended(callId, epoch)
  }

  /** A target that has answered is healthy, unless it was paused meanwhile. */
  hasAnswered(target: string): void {
    const lane = this.lanes.find(target)
    if (lane?.probing !== true) return
    lane.probing = false
    this.lanes.changed(lane)
  }

  /** Gives up on attempts whose end must have been lost. Answers when to look again. */
  expire(now: number, latest: number): number {
    return this.#underWay.expire(now, latest)
  }

  readonly #isCurrent = (alarm: Alarm): boolean => this.#waiting.get(alarm.callId) === alarm
}
