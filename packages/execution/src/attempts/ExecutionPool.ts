/**
 * Which attempts wait, which are on the wire and which are being recorded. Plain callbacks and one object for each attempt: thousands pass
 * through here every second.
 */
import { ShortLivedMap } from "@dueline/contracts/ShortLived"
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import type { Holding } from "@dueline/contracts/ports/Backlog"
import type { HandBackReason } from "@dueline/contracts/serviceCall/Spec"
import { Effect } from "effect"
import { type Attempt, keyOf, makeAttempt, RecentAttempts, UnrecordedAttempts } from "./Attempt.ts"

/** What is done with an attempt. It tells the pool when the request is off the wire (`sent`) and when all is done (`ended`). */
export interface AttemptRunner {
  readonly make: (attempt: Attempt) => void
  /** For one of which nothing left and nothing will. */
  readonly giveBack: (attempt: Attempt) => void
  /** For one whose request was stopped because it outlived its time. */
  readonly cutOff: (attempt: Attempt) => void
  /** Ends what is under way for it, wherever it is: nothing more leaves, and nothing more is heard of it. */
  readonly stop: (attempt: Attempt) => void
}

interface PoolOptions {
  readonly concurrency: number
  readonly queueLimit: number
  readonly recordingLimit: number
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
  readonly #attempts = new ShortLivedMap<string, Attempt>()
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
      // Nor may it be sent after that, should it be offered again. What was handed over before that memory begins may have been here and sent:
      // it is left to the watchdog.
      this.#recent.add(key, elapsed)
      return elapsed - (now - intent.handedOverAt) <= this.#recent.completeSince
    }
    const attempt = makeAttempt(key, intent, now, elapsed)
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

  /** It has come to its end: by itself (`whole`), or by a defect or a stop, so that it has no record. */
  ended(attempt: Attempt, whole: boolean): void {
    const { key, stage } = attempt
    if (stage === "done") return
    attempt.stage = "done"
    attempt.whole = whole
    if (stage === "recording") this.#recording--
    else if (stage === "sending") this.#sending--
    this.#attempts.delete(key)
    if (!whole) this.#unrecorded.add(key)
    for (const tell of attempt.ended.splice(0)) tell()
    this.#slotFreed()
    if (this.#attempts.size === 0) for (const wake of this.#idle) wake()
  }

  /** Stops a request that has outlived its time; what is left to do is to record that. */
  expire(attempt: Attempt): void {
    if (attempt.stage !== "sending" || attempt.sentAt === null) return
    const { cutOff, stop } = this.#options.runner
    stop(attempt)
    cutOff(attempt)
  }

  /** Sees to it that nothing of it leaves, and gives it back. False when its first byte has left, or its end is being recorded. */
  withdraw(attempt: Attempt, reason: HandBackReason): boolean {
    const { stage } = attempt
    if (attempt.sentAt !== null || (stage !== "waiting" && stage !== "sending")) return false
    attempt.withdrawn = reason
    if (stage === "waiting") {
      this.#queue.splice(this.#queue.indexOf(attempt), 1)
      this.#recent.add(attempt.key, this.#options.elapsed())
    } else {
      this.#options.runner.stop(attempt)
      this.#sending--
    }
    attempt.stage = "recording"
    attempt.givenBack = true
    this.#recording++
    this.#options.runner.giveBack(attempt)
    if (stage === "sending") this.#slotFreed()
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
      return Effect.as(Effect.andThen(back, this.#stopAll), cut)
    })
  }

  readonly #stopAll = Effect.sync(() => {
    for (const attempt of [...this.#attempts.values()]) {
      this.#options.runner.stop(attempt)
      this.ended(attempt, false)
    }
  })

  /** A loop, not a recursion: an attempt that ends at once starts the next one from here and not from its own stack. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    const { concurrency, recordingLimit, runner } = this.#options
    while (!this.#draining && this.#sending < concurrency && this.#recording < recordingLimit) {
      const attempt = this.#queue.shift()
      if (attempt === undefined) break
      this.#recent.add(attempt.key, this.#options.elapsed())
      attempt.stage = "sending"
      this.#sending++
      runner.make(attempt)
    }
    this.#pumping = false
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
