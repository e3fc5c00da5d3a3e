/** One attempt on its way through the executor, and which attempts were made before: none leaves twice under one epoch. */
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import { Recent } from "@dueline/contracts/Recent"
import { type HandBackReason, leadMs } from "@dueline/contracts/serviceCall/Spec"
import type { ActiveSpan } from "@dueline/contracts/telemetry/Tracing"
import type { Permit } from "./Circuits.ts"

/** All that is kept of an attempt while it is here. Elapsed time is that of the clock that only goes forward, in milliseconds. */
export interface Attempt {
  readonly key: string
  readonly intent: ExecutionRequested
  /** When it was taken, in elapsed time. */
  readonly takenAt: number
  /** The last moment, in elapsed time, at which the call was known to be this worker's. */
  confirmedAt: number
  /** It goes forward only, and a callback that comes for an earlier stage does nothing. */
  stage: "waiting" | "sending" | "recording" | "done"
  /** Takes back what it waits for: a time, a lease, a connection, an answer, a pause between two tries to record. Harmless when over. */
  abandon: () => void
  /** While it is under way, where its trace is to be seen. */
  span: ActiveSpan | null
  /** Of its target's circuit, while that waits to hear what came of it. */
  permit: Permit | null
  /** When its first byte left, in epoch milliseconds; null: none has. From then on the attempt counts. */
  sentAt: number | null
  /** For how long its request has been on the wire, without the time in which this process stood still. */
  onWireMs: number
  /** Why nothing of it leaves any more. Never set when its first byte has left. */
  withdrawn: HandBackReason | null
  /** What is being recorded is that nothing left. */
  givenBack: boolean
  /** Called when the next heartbeat has confirmed the lease; null when nothing waits for that. */
  confirmed: (() => void) | null
  /** When it is done: whether it came to its end by itself, so that its record is durable. */
  whole: boolean
  /** Called when it is done. */
  readonly ended: Array<() => void>
}

export const nothing = (): void => undefined

/** The same call may be here in two epochs at once: a stale attempt that has not ended, and the one that replaced it. */
export const keyOf = ({ callId, epoch, tenantId }: Pick<ExecutionRequested, "callId" | "epoch" | "tenantId">): string =>
  `${tenantId}/${callId}/${epoch}`

/** How old the handing over of an attempt may be for its lease to need no confirming, in milliseconds. */
const freshMs = 2_000

/** How long ago the lease may have been confirmed when the first byte leaves. Below the time for which the watchdog looks on. */
export const confirmedMs = 4_000

/**
 * `now` in epoch milliseconds, `elapsed` as above. Whether something stood still between the handing over and here only the wall clock
 * can tell; one that disagrees costs a heartbeat and nothing else.
 */
export const makeAttempt = (key: string, intent: ExecutionRequested, now: number, elapsed: number): Attempt => {
  const age = now - intent.handedOverAt
  return {
    key,
    intent,
    takenAt: elapsed,
    confirmedAt: age >= -leadMs && age < freshMs ? elapsed - Math.max(0, age) : Number.NEGATIVE_INFINITY,
    stage: "waiting",
    abandon: nothing,
    span: null,
    permit: null,
    sentAt: null,
    onWireMs: 0,
    withdrawn: null,
    givenBack: false,
    confirmed: null,
    whole: false,
    ended: []
  }
}

/** Recent attempts that are kept: more than a busy worker makes in that time; beyond it the oldest half is forgotten. */
const attemptLimit = 200_000

/**
 * How long an attempt is kept at least, in milliseconds, unless there are too many: longer than a call counts as running under its epoch when
 * its end is not recorded, and than a command that begins an attempt is repeated while the store is away.
 */
export const rememberedMs = 120_000

/**
 * Attempts that were made: a second intent for one may come, and it must not leave twice under one epoch. `elapsed` is the time that only
 * goes forward, in milliseconds.
 */
export class RecentAttempts {
  readonly #attempts = new Recent<string, true>(attemptLimit / 2)
  /** When the older half was dropped last: what is in the newer one was added since. */
  #droppedAt = Number.NEGATIVE_INFINITY
  #completeSince = Number.NEGATIVE_INFINITY

  /** Whatever was added after this time is known, in elapsed time. */
  get completeSince(): number {
    return this.#completeSince
  }

  has(key: string): boolean {
    return this.#attempts.has(key)
  }

  add(key: string, elapsed: number): void {
    if (elapsed - this.#droppedAt >= rememberedMs) {
      this.#attempts.dropOlder()
      this.#dropped(elapsed)
    }
    if (this.#attempts.set(key, true)) this.#dropped(elapsed)
  }

  #dropped(elapsed: number): void {
    this.#completeSince = this.#droppedAt
    this.#droppedAt = elapsed
  }
}

/**
 * Attempts that ended without a record, by a defect: what they sent is not known, however long ago it was, since the watchdog may come
 * late. Once there are too many to keep, any attempt may have been one of them.
 */
export class UnrecordedAttempts {
  readonly #keys = new Set<string>()
  readonly #limit: number

  /** `limit`: attempts that are kept. Ten thousand are about a megabyte. */
  constructor(limit = 10_000) {
    this.#limit = limit
  }

  get size(): number {
    return this.#keys.size
  }

  add(key: string): void {
    if (this.#keys.size < this.#limit) this.#keys.add(key)
  }

  mayHave(key: string): boolean {
    return this.#keys.size >= this.#limit || this.#keys.has(key)
  }
}
