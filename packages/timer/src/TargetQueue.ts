/**
 * The due calls of one tenant by target, and whose turn it is among the targets that may be served. Plain data structures, times in epoch
 * ms.
 */
import { Fifo } from "@dueline/contracts/TenantShares"
import type { Alarm } from "@dueline/contracts/ports/Timer"

/** The due calls of one tenant to one target, in the order they came, and whether they may leave. */
export class TargetQueue {
  readonly target: string
  readonly #alarms = new Fifo<Alarm>()
  /** Alarms that are current; the line may hold replaced ones too. */
  waiting = 0
  /** Calls asked for or under way. */
  running = 0
  /** Epoch ms; null while it is not paused. */
  pausedUntil: number | null = null
  /** Calls that may be under way at once. */
  cap: number
  /** After a pause one call goes at a time until the target has answered. */
  probing = false
  /** Whether it stands in its tenant's line of targets. */
  inLine = false
  /** When it is looked at again, epoch ms; null when it need not be. */
  wakeAt: number | null = null

  constructor(target: string, cap: number) {
    this.target = target
    this.cap = cap
  }

  get isOpen(): boolean {
    return (
      this.waiting > 0 && this.pausedUntil === null && this.running < (this.probing ? Math.min(1, this.cap) : this.cap)
    )
  }

  get isQuiet(): boolean {
    return this.waiting === 0 && this.running === 0
  }

  /** Nothing of it need be kept. */
  get isIdle(): boolean {
    return this.isQuiet && this.pausedUntil === null && !this.probing
  }

  push(alarm: Alarm, isCurrent: (alarm: Alarm) => boolean): void {
    // Replaced alarms leave when their turn comes, which in a queue that is paused it does not.
    if (this.#alarms.length > 2 * this.waiting + 64) this.#alarms.keep(isCurrent)
    this.#alarms.push(alarm)
    this.waiting += 1
  }

  shift(isCurrent: (alarm: Alarm) => boolean): Alarm | undefined {
    while (true) {
      const alarm = this.#alarms.shift()
      if (alarm === undefined) return undefined
      if (!isCurrent(alarm)) continue
      this.waiting -= 1
      return alarm
    }
  }

  /** An end that was set before is never moved forward: every attempt that met a pause reports it. */
  pause(until: number): void {
    this.pausedUntil = Math.max(until, this.pausedUntil ?? until)
    this.probing = false
  }

  pauseIsOver(): void {
    this.pausedUntil = null
    this.probing = true
  }
}

/** One tenant's targets, and the line of those that may be served: each in its turn, so that one target does not hold up another. */
export class TargetQueues {
  readonly #queues = new Map<string, TargetQueue>()
  readonly #line = new Fifo<TargetQueue>()
  #cap = Number.POSITIVE_INFINITY

  get size(): number {
    return this.#queues.size
  }

  get all(): Iterable<TargetQueue> {
    return this.#queues.values()
  }

  find(target: string): TargetQueue | undefined {
    return this.#queues.get(target)
  }

  of(target: string): TargetQueue {
    const known = this.#queues.get(target)
    if (known !== undefined) return known
    const queue = new TargetQueue(target, this.#cap)
    this.#queues.set(target, queue)
    return queue
  }

  /** Calls that may be under way at once to each target; positive infinity when nothing limits them. */
  limitTo(cap: number): void {
    if (cap === this.#cap) return
    this.#cap = cap
    for (const queue of this.#queues.values()) {
      queue.cap = cap
      this.changed(queue)
    }
  }

  /** The queue whose turn it is. */
  get first(): TargetQueue | undefined {
    while (this.#line.first?.isOpen === false) this.#leave()
    return this.#line.first
  }

  /** The queue whose turn it is goes out of the line, and stands at its end again if it may still be served once `serve` is done. */
  serve<A>(serve: (queue: TargetQueue) => A): A | undefined {
    if (this.first === undefined) return undefined
    const queue = this.#leave()
    if (queue === undefined) return undefined
    const served = serve(queue)
    this.changed(queue)
    return served
  }

  /** Must be called when a queue may have opened, or need not be kept any more. */
  changed(queue: TargetQueue): void {
    // A pause that is over may still know one that was let go of, in whose place there may be another by now.
    if (queue.isIdle && this.#queues.get(queue.target) === queue) this.#queues.delete(queue.target)
    if (queue.inLine || !queue.isOpen) return
    queue.inLine = true
    this.#line.push(queue)
  }

  #leave(): TargetQueue | undefined {
    const queue = this.#line.shift()
    if (queue !== undefined) queue.inLine = false
    return queue
  }
}
