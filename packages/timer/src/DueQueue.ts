/**
 * Due calls before they start: those that a pause holds stand aside, the others in the fair queue. Plain data structure: times come in,
 * epoch ms.
 */
import type { AttemptEnded, ExecutionRequested } from "@dueline/contracts/Intent"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import { defaultFairQueueOptions, FairQueue, type FairQueueOptions } from "./FairQueue.ts"
import { HeldCalls } from "./HeldCalls.ts"
import { type Holds, noHolds } from "./Holds.ts"

export interface DueQueueOptions extends FairQueueOptions {
  /** Must answer the same object while nothing has changed. */
  readonly holds: () => Holds
}

export const defaultDueQueueOptions: DueQueueOptions = { ...defaultFairQueueOptions, holds: () => noHolds }

export class DueQueue {
  readonly #queue: FairQueue
  readonly #held: HeldCalls
  readonly #wanted: () => Holds
  #holds: Holds = noHolds

  constructor(options: DueQueueOptions) {
    this.#queue = new FairQueue(options)
    this.#held = new HeldCalls({ limit: options.alarmLimit, processes: options.processes })
    this.#wanted = options.holds
  }

  /** Calls that wait, for whatever. */
  get size(): number {
    return this.#queue.size + this.#held.size
  }

  /** Those of them that stand in the fair queue. */
  get ready(): number {
    return this.#queue.size
  }

  add(alarm: Alarm, now: number): void {
    this.#pass(now)
    if (!this.#queue.knows(alarm) && !this.#held.add(alarm, now)) this.#queue.add(alarm, now)
  }

  /** Removes and answers up to `limit` alarms whose calls may start now, in their order. Each counts as under way from here on. */
  take(now: number, limit: number): ReadonlyArray<Alarm> {
    this.#pass(now)
    return this.#queue.take(now, limit)
  }

  /** When something that waits may start without anything else happening: now, later, or positive infinity. */
  nextWakeAt(now: number): number {
    this.#pass(now)
    return Math.min(this.#queue.nextWakeAt(now), this.#held.nextWakeAt(now))
  }

  /** The asking for an alarm that was taken is over; its attempt, if any, was told of before. */
  answered(alarm: Alarm, hasStarted: boolean, now: number): void {
    this.#queue.answered(alarm, hasStarted, now)
  }

  /** An attempt is under way, also when another process asked for it. */
  started(intent: ExecutionRequested, now: number): void {
    this.#queue.started(intent, now)
  }

  /** An attempt is over. Told twice, it changes nothing. */
  ended(intent: AttemptEnded, now: number): void {
    this.#queue.ended(intent, now)
  }

  /** Time goes by: pauses begin and end, and what they held is released. */
  #pass(now: number): void {
    const holds = this.#wanted()
    if (holds !== this.#holds) this.#change(holds, now)
    for (const alarm of this.#held.release(now)) this.#queue.add(alarm, now)
  }

  #change(holds: Holds, now: number): void {
    this.#holds = holds
    for (const alarm of this.#held.change(holds, now)) this.#queue.add(alarm, now)
    // What was let go of already, at whatever rate, is not held back again by a release.
    const isHeld = (alarm: Alarm) => holds.of(alarm)?.release === null
    for (const tenantId of holds.tenants) {
      for (const alarm of this.#queue.withdraw(tenantId, isHeld)) this.#held.add(alarm, now)
    }
  }
}
