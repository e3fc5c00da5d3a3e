/** Which attempts wait, which are on the wire and which are being recorded. Plain callbacks: one fiber per attempt and nothing else. */
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import type { Holding } from "@dueline/contracts/ports/Backlog"
import { Recent } from "@dueline/contracts/Recent"
import { type HandBackReason, leadMs } from "@dueline/contracts/serviceCall/Spec"
import { Cause, Effect, Exit, Fiber } from "effect"
import type { AttemptRunner } from "./runAttempt.ts"

/** Recent attempts that are kept: more than a busy worker makes in that time; beyond it the oldest half is forgotten. */
const attemptLimit = 200_000

/**
 * How long an attempt is kept at least, in milliseconds: longer than a call counts as running under its epoch when its end is not
 * recorded.
 */
export const rememberedMs = 30_000

/**
 * Attempts that were made: a second intent for one may come, and it must not leave twice under one epoch. `elapsed` is the time that only
 * goes forward, in milliseconds.
 */
export class RecentAttempts {
  readonly #attempts = new Recent<string, true>(attemptLimit / 2)
  /** When the older half was dropped last: what is in the newer one was added since. */
  #droppedAt = Number.NEGATIVE_INFINITY

  has(key: string): boolean {
    return this.#attempts.has(key)
  }

  add(key: string, elapsed: number): void {
    if (elapsed - this.#droppedAt >= rememberedMs) {
      this.#attempts.dropOlder()
      this.#droppedAt = elapsed
    }
    if (this.#attempts.set(key, true)) this.#droppedAt = elapsed
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

/** One attempt on its way through the executor. Elapsed time is that of the clock that only goes forward, in milliseconds. */
export interface Attempt {
  readonly intent: ExecutionRequested
  /** When it was taken, in elapsed time. */
  readonly takenAt: number
  /** The last moment, in elapsed time, at which the call was known to be this worker's. */
  confirmedAt: number
  stage: "waiting" | "sending" | "recording" | "done"
  fiber: Fiber.Fiber<void> | null
  /** When its first byte left, in epoch milliseconds; null: none has. From then on the attempt counts. */
  sentAt: number | null
  /** For how long its request has been on the wire, without the time in which this process stood still. */
  onWireMs: number
  /** Why nothing of it leaves any more. Never set when its first byte has left. */
  withdrawn: HandBackReason | null
  /** What is being recorded is that nothing left. */
  givenBack: boolean
  /** Its request went on past its time and was interrupted: only the record is left to make. */
  overdue: boolean
  /** Called when the next heartbeat has confirmed the lease; null when nothing waits for that. */
  confirmed: (() => void) | null
  /** When it is done: whether it came to its end by itself, so that its record is durable. */
  whole: boolean
  /** Called when it is done. */
  readonly ended: Array<() => void>
}

/** The same call may be here in two epochs at once: a stale attempt that has not ended, and the one that replaced it. */
const keyOf = ({ callId, epoch, tenantId }: Pick<ExecutionRequested, "callId" | "epoch" | "tenantId">): string =>
  `${tenantId}/${callId}/${epoch}`

/** How old the handing over of an attempt may be for its lease to need no confirming, in milliseconds. */
const freshMs = 2_000

/** How long ago the lease may have been confirmed when the first byte leaves. Below the time for which the watchdog looks on. */
export const confirmedMs = 4_000

/**
 * `now` in epoch milliseconds, `elapsed` as above. Whether something stood still between the handing over and here only the wall clock
 * can tell; one that disagrees costs a heartbeat and nothing else.
 */
const makeAttempt = (intent: ExecutionRequested, now: number, elapsed: number): Attempt => {
  const age = now - intent.handedOverAt
  return {
    intent,
    takenAt: elapsed,
    confirmedAt: age >= -leadMs && age < freshMs ? elapsed - Math.max(0, age) : Number.NEGATIVE_INFINITY,
    stage: "waiting",
    fiber: null,
    sentAt: null,
    onWireMs: 0,
    withdrawn: null,
    givenBack: false,
    overdue: false,
    confirmed: null,
    whole: false,
    ended: []
  }
}

/** A defect ends an attempt unrecorded; its lease runs out and the watchdog decides. It must not pass unseen. */
const died = ({ callId, epoch, tenantId }: ExecutionRequested, cause: Cause.Cause<never>) =>
  Effect.logError("an attempt died", cause, { tenantId, serviceCallId: callId, epoch })

interface PoolOptions {
  readonly concurrency: number
  readonly queueLimit: number
  readonly recordingLimit: number
  readonly run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  /** Each of them whole; making one calls `sent` once its request is off the wire. */
  readonly runner: AttemptRunner
  /** Epoch milliseconds. */
  readonly now: () => number
  /** The time that only goes forward, in milliseconds. */
  readonly elapsed: () => number
}

/** How long a worker that stops waits until what it gives back is stored, in milliseconds, beyond the grace it was given. */
const handBackMs = 1_000

export class ExecutionPool {
  readonly #options: PoolOptions
  /** In the order they were taken, which is the order of their age. */
  readonly #attempts = new Map<string, Attempt>()
  readonly #recent = new RecentAttempts()
  /** Attempts that were asked about before word of them came: they are not taken any more. */
  readonly #disowned = new RecentAttempts()
  readonly #unrecorded = new UnrecordedAttempts()
  readonly #queue: Array<Attempt> = []
  readonly #listeners: Array<() => void> = []
  readonly #idle = new Set<() => void>()
  #sending = 0
  #recording = 0
  #draining = false
  #pumping = false

  constructor(options: PoolOptions) {
    this.#options = options
  }

  get inFlight(): number {
    return this.#attempts.size
  }

  get draining(): boolean {
    return this.#draining
  }

  get free(): number {
    const { concurrency, recordingLimit } = this.#options
    if (this.#draining || this.#recording >= recordingLimit) return 0
    return Math.max(0, concurrency - this.#sending - this.#queue.length)
  }

  /** Every attempt taken and not yet recorded, oldest first. */
  get attempts(): Iterable<Attempt> {
    return this.#attempts.values()
  }

  find(holding: Holding): Attempt | undefined {
    return this.#attempts.get(keyOf(holding))
  }

  /**
   * Whether nothing was sent under this epoch, and nothing will be: word of the attempt never came here, and is not taken any more. False
   * when it is here, was here, or that is not known any more.
   */
  disown(holding: Holding): boolean {
    const key = keyOf(holding)
    const elapsed = this.#options.elapsed()
    if (!this.#disowned.has(key)) {
      if (this.#attempts.has(key) || this.#recent.has(key) || this.#unrecorded.mayHave(key)) return false
      this.#disowned.add(key, elapsed)
    }
    this.#recent.add(key, elapsed)
    return true
  }

  onFree(listener: () => void): void {
    this.#listeners.push(listener)
  }

  offer(intent: ExecutionRequested): boolean {
    const key = keyOf(intent)
    // Also when draining: a refused attempt is handed back as never sent, which must not happen to one that was sent.
    if (this.#attempts.has(key) || this.#recent.has(key)) return true
    const [now, elapsed] = [this.#options.now(), this.#options.elapsed()]
    if (this.#draining || (this.#queue.length >= this.#options.queueLimit && this.free === 0)) {
      // Nor may it be sent after that, should it be offered again. What is older than that memory is left to the watchdog.
      this.#recent.add(key, elapsed)
      return now - intent.handedOverAt >= rememberedMs
    }
    const attempt = makeAttempt(intent, now, elapsed)
    this.#attempts.set(key, attempt)
    this.#queue.push(attempt)
    this.#pump()
    return true
  }

  /** The request is off the wire: its slot is free while its result is being recorded. */
  sent(attempt: Attempt): void {
    if (attempt.stage !== "sending") return
    attempt.stage = "recording"
    this.#sending--
    this.#recording++
    this.#slotFreed()
  }

  /** Interrupts a request that has outlived its time; what is left to do is to record that. */
  expire(attempt: Attempt): void {
    if (attempt.stage !== "sending" || attempt.overdue || attempt.sentAt === null) return
    attempt.overdue = true
    attempt.fiber?.interruptUnsafe()
  }

  /** Sees to it that nothing of it leaves, and gives it back. False when its first byte has left, or its end is being recorded. */
  withdraw(attempt: Attempt, reason: HandBackReason): boolean {
    if (attempt.sentAt !== null || (attempt.stage !== "waiting" && attempt.stage !== "sending")) return false
    if (attempt.withdrawn !== null) return true
    attempt.withdrawn = reason
    if (attempt.stage === "sending") attempt.fiber?.interruptUnsafe()
    else {
      this.#queue.splice(this.#queue.indexOf(attempt), 1)
      this.#giveBack(attempt)
    }
    return true
  }

  drain(graceMs: number): Effect.Effect<ReadonlyArray<ExecutionRequested>> {
    return Effect.suspend(() => {
      this.#draining = true
      const waiting = [...this.#queue]
      for (const attempt of waiting) this.withdraw(attempt, "draining")
      return this.#untilIdle.pipe(
        Effect.timeoutOption(graceMs),
        Effect.andThen(this.#withdrawAll(Math.min(graceMs, handBackMs))),
        Effect.map((cut) => [...new Set([...waiting, ...cut])].map(({ intent }) => intent))
      )
    })
  }

  readonly #untilIdle = Effect.callback<void>((resume) => {
    if (this.#attempts.size === 0) return resume(Effect.void)
    const wake = () => resume(Effect.void)
    this.#idle.add(wake)
    return Effect.sync(() => void this.#idle.delete(wake))
  })

  /** What has not left is given back, what is left then is cut off. */
  #withdrawAll(withinMs: number): Effect.Effect<ReadonlyArray<Attempt>> {
    return Effect.suspend(() => {
      const cut = [...this.#attempts.values()]
      const unsent = withinMs > 0 ? cut.filter((attempt) => this.withdraw(attempt, "draining")) : []
      const back =
        unsent.length === 0 ? Effect.void : Effect.timeoutOption(Effect.forEach(unsent, untilEnded), withinMs)
      return Effect.as(Effect.andThen(back, this.#interruptAll), cut)
    })
  }

  readonly #interruptAll = Effect.suspend(() =>
    Effect.forEach(
      [...this.#attempts.values()],
      ({ fiber }) => (fiber === null ? Effect.void : Fiber.interrupt(fiber)),
      {
        discard: true
      }
    )
  )

  /** A loop, not a recursion: an attempt that ends at once starts the next one from here and not from its own stack. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    const { concurrency, recordingLimit } = this.#options
    while (!this.#draining && this.#sending < concurrency && this.#recording < recordingLimit) {
      const attempt = this.#queue.shift()
      if (attempt === undefined) break
      this.#start(attempt)
    }
    this.#pumping = false
  }

  #start(attempt: Attempt): void {
    this.#recent.add(keyOf(attempt.intent), this.#options.elapsed())
    attempt.stage = "sending"
    this.#sending++
    this.#fork(attempt, "make")
  }

  #giveBack(attempt: Attempt): void {
    this.#recent.add(keyOf(attempt.intent), this.#options.elapsed())
    attempt.stage = "recording"
    attempt.givenBack = true
    this.#recording++
    this.#fork(attempt, "giveBack")
  }

  #fork(attempt: Attempt, what: keyof AttemptRunner): void {
    attempt.fiber = this.#options.run(Effect.suspend(() => this.#options.runner[what](attempt)))
    attempt.fiber.addObserver((exit) => this.#ended(attempt, exit))
    // Withdrawn while it was begun, in one turn, when there was no fiber to interrupt yet.
    if (what === "make" && attempt.withdrawn !== null && attempt.stage === "sending") attempt.fiber.interruptUnsafe()
  }

  #ended(attempt: Attempt, exit: Exit.Exit<void>): void {
    const wasRecording = attempt.stage === "recording"
    attempt.stage = "done"
    if (wasRecording) this.#recording--
    else this.#sending--
    if (!wasRecording && attempt.overdue && !this.#draining) return this.#start(attempt)
    if (!wasRecording && attempt.withdrawn !== null) {
      this.#giveBack(attempt)
      return this.#slotFreed()
    }
    this.#attempts.delete(keyOf(attempt.intent))
    const mishap = Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause) ? exit.cause : null
    if (Exit.isFailure(exit)) this.#unrecorded.add(keyOf(attempt.intent))
    if (mishap !== null) this.#options.run(died(attempt.intent, mishap))
    attempt.whole = Exit.isSuccess(exit)
    for (const tell of attempt.ended.splice(0)) tell()
    this.#slotFreed()
    if (this.#attempts.size === 0) for (const wake of this.#idle) wake()
  }

  #slotFreed(): void {
    this.#pump()
    if (this.free > 0) for (const listener of this.#listeners) listener()
  }
}

/** Whether it came to its end by itself, which is then durable. */
export const untilEnded = (attempt: Attempt): Effect.Effect<boolean> =>
  Effect.callback((resume) => {
    const tell = () => resume(Effect.succeed(attempt.whole))
    if (attempt.stage === "done") return tell()
    attempt.ended.push(tell)
    return Effect.sync(() => {
      const at = attempt.ended.indexOf(tell)
      if (at >= 0) attempt.ended.splice(at, 1)
    })
  })
