/** The due calls of one tenant to one target, in the order they came, and whether they may leave. Plain data structure. */
import type { Alarm } from "@dueline/contracts/ports/Timer"
import { Fifo } from "@dueline/contracts/Fifo"

export class TargetLane {
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
  /** Whether it stands in its tenant's line of lanes. */
  inLine = false
  /** When somebody will look at it again, epoch ms; null when nobody need. */
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

  /** Nothing of it need be remembered. */
  get isIdle(): boolean {
    return this.isQuiet && this.pausedUntil === null && !this.probing
  }

  push(alarm: Alarm, isCurrent: (alarm: Alarm) => boolean): void {
    // Replaced alarms leave when their turn comes, which in a lane that is paused it does not.
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

  /** An end that was set before is never moved forward: news of the same pause comes from every attempt that met it. */
  pause(until: number): void {
    this.pausedUntil = Math.max(until, this.pausedUntil ?? until)
    this.probing = false
  }

  pauseIsOver(): void {
    this.pausedUntil = null
    this.probing = true
  }
}
