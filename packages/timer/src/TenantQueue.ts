/**
 * One tenant's due calls and what it has under way: which call is next, and whether it may start now. Plain data structures, times in epoch
 * ms.
 */
import { ShortLivedMap } from "@dueline/contracts/ShortLived"
import type { ServiceCallId } from "@dueline/contracts/Ids"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import type { PlaceThreshold } from "./FairOrder.ts"
import { type TargetQueue, TargetQueues } from "./TargetQueue.ts"
import type { TenantLimit } from "./TenantLimits.ts"
import { TokenBucket } from "./TokenBucket.ts"

interface Busy {
  readonly queue: TargetQueue
  /** Revisions of the alarms given out whose asking has not been answered: hardly ever more than one. */
  readonly asked: Array<number>
  /** The attempt under way; 0 when there is none. */
  epoch: number
  /** When its end must have been lost. */
  expiresAt: number
}

/**
 * The calls of one tenant that take up a place: from the moment they are asked for until their attempt is over. A call counts once, also
 * while the end of an earlier attempt of it is still missing.
 */
class UnderWay {
  readonly #calls = new ShortLivedMap<ServiceCallId, Busy>()
  readonly #threshold: PlaceThreshold
  readonly #left: (queue: TargetQueue) => void

  /** Counts what it takes up in `threshold`. `left` is told of each queue that has one call less under way. */
  constructor(threshold: PlaceThreshold, left: (queue: TargetQueue) => void) {
    this.#threshold = threshold
    this.#left = left
  }

  get size(): number {
    return this.#calls.size
  }

  isAskedFor({ callId, revision }: Alarm): boolean {
    return this.#calls.get(callId)?.asked.some((known) => known >= revision) ?? false
  }

  ask({ callId, revision }: Alarm, queue: TargetQueue): void {
    this.#occupy(callId, () => queue).asked.push(revision)
  }

  /** The asking is over. Without an attempt that is known, the call takes up no place any more. */
  answered({ callId, revision }: Alarm): void {
    const busy = this.#calls.get(callId)
    const at = busy?.asked.indexOf(revision) ?? -1
    if (busy === undefined || at < 0) return
    busy.asked.splice(at, 1)
    this.#settle(callId, busy)
  }

  /** An attempt that is known, or older than one that is known, changes nothing. */
  started(callId: ServiceCallId, epoch: number, expiresAt: number, queueOf: () => TargetQueue): void {
    const busy = this.#occupy(callId, queueOf)
    if (busy.epoch >= epoch) return
    busy.epoch = epoch
    busy.expiresAt = expiresAt
  }

  /** Told again, or of an attempt that a newer one has replaced, it changes nothing. */
  ended(callId: ServiceCallId, epoch: number): void {
    const busy = this.#calls.get(callId)
    if (busy === undefined || busy.epoch > epoch) return
    busy.epoch = 0
    this.#settle(callId, busy)
  }

  /** Gives up on attempts whose end is overdue; none is waited for beyond `latest`. Answers when to look again. */
  expire(now: number, latest: number): number {
    let earliest = Number.POSITIVE_INFINITY
    for (const [callId, busy] of this.#calls) {
      if (busy.epoch === 0) continue
      busy.expiresAt = Math.min(busy.expiresAt, latest)
      if (busy.expiresAt <= now) this.ended(callId, busy.epoch)
      else earliest = Math.min(earliest, busy.expiresAt)
    }
    return earliest
  }

  #occupy(callId: ServiceCallId, queueOf: () => TargetQueue): Busy {
    const known = this.#calls.get(callId)
    if (known !== undefined) return known
    const queue = queueOf()
    const busy = { queue, asked: [], epoch: 0, expiresAt: 0 }
    queue.running += 1
    this.#threshold.taken += 1
    this.#calls.set(callId, busy)
    return busy
  }

  #settle(callId: ServiceCallId, { asked, epoch, queue }: Busy): void {
    if (asked.length > 0 || epoch > 0) return
    this.#calls.delete(callId)
    queue.running -= 1
    this.#threshold.taken -= 1
    this.#left(queue)
  }
}

export class TenantQueue {
  readonly targets = new TargetQueues()
  readonly #waiting = new ShortLivedMap<ServiceCallId, Alarm>()
  readonly #underWay: UnderWay
  #limit: TenantLimit
  #bucket: TokenBucket | null = null

  constructor(limit: TenantLimit, threshold: PlaceThreshold, now: number) {
    this.#limit = limit
    this.#underWay = new UnderWay(threshold, (queue) => this.targets.changed(queue))
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
    this.targets.limitTo(perTarget ?? Number.POSITIVE_INFINITY)
    if (ratePerSecond === null || burst === null) this.#bucket = null
    else this.#bucket = this.#bucket?.become(ratePerSecond, burst, now) ?? new TokenBucket(ratePerSecond, burst, now)
  }

  /** Nothing waits and nothing is under way. */
  get isQuiet(): boolean {
    return this.waiting === 0 && this.running === 0
  }

  /** Quiet, and nothing need be kept of its limits and targets. */
  isIdle(now: number): boolean {
    return this.isQuiet && this.targets.size === 0 && (this.#bucket?.isFull(now) ?? true)
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
    const queue = this.targets.of(alarm.target)
    queue.push(alarm, this.#isCurrent)
    this.targets.changed(queue)
    const left = older === undefined ? undefined : this.targets.find(older.target)
    if (left === undefined) return
    left.waiting -= 1
    this.targets.changed(left)
  }

  /** Takes those out that wait and meet the test; answers them in the order they came. */
  withdraw(test: (alarm: Alarm) => boolean): ReadonlyArray<Alarm> {
    const withdrawn = [...this.#waiting.values()].filter(test)
    for (const { callId, target } of withdrawn) {
      this.#waiting.delete(callId)
      const queue = this.targets.find(target)
      if (queue === undefined) continue
      queue.waiting -= 1
      this.targets.changed(queue)
    }
    return withdrawn
  }

  /** When its next call may start, as far as time decides: now, later, or positive infinity. */
  readyAt(now: number): number {
    if (this.targets.first === undefined || this.running >= (this.#limit.concurrency ?? Number.POSITIVE_INFINITY)) {
      return Number.POSITIVE_INFINITY
    }
    return this.#bucket?.readyAt(now) ?? now
  }

  /** To be called only when `readyAt` is now. The call counts as under way until it is `answered` or has `ended`. */
  next(): Alarm | undefined {
    return this.targets.serve((queue) => {
      const alarm = queue.shift(this.#isCurrent)
      if (alarm === undefined) return undefined
      this.#waiting.delete(alarm.callId)
      this.#underWay.ask(alarm, queue)
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
    this.#underWay.started(callId, epoch, expiresAt, () => this.targets.of(target))
  }

  ended(callId: ServiceCallId, epoch: number): void {
    this.#underWay.ended(callId, epoch)
  }

  /** A target that has answered is healthy, unless it was paused meanwhile. */
  hasAnswered(target: string): void {
    const queue = this.targets.find(target)
    if (queue?.probing !== true) return
    queue.probing = false
    this.targets.changed(queue)
  }

  /** Gives up on attempts whose end must have been lost. Answers when to look again. */
  expire(now: number, latest: number): number {
    return this.#underWay.expire(now, latest)
  }

  readonly #isCurrent = (alarm: Alarm): boolean => this.#waiting.get(alarm.callId) === alarm
}
