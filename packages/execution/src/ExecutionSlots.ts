/** Which attempts wait, which are on the wire and which are being recorded. Plain callbacks: one fiber per attempt and nothing else. */
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import type { Holding } from "@dueline/contracts/ports/Backlog"
import type { HandBackReason } from "@dueline/contracts/serviceCall/Spec"
import { Cause, Effect, Exit, Fiber } from "effect"
import { died, type Job, keyOf, makeJob } from "./Job.ts"
import type { Attempts } from "./makeAttempts.ts"
import { RecentAttempts, rememberedMs } from "./RecentAttempts.ts"

export interface SlotsOptions {
  readonly concurrency: number
  readonly queueLimit: number
  readonly recordingLimit: number
  readonly run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  /** Each of them whole; making one calls `sent` once its request is off the wire. */
  readonly attempts: Attempts
  /** Epoch milliseconds. */
  readonly now: () => number
  /** The time that only goes forward, in milliseconds. */
  readonly elapsed: () => number
}

/** How long a worker that stops waits for what it gives back to be stored, in milliseconds, beyond the time that it was given. */
const farewellMs = 1_000

export class ExecutionSlots {
  readonly #options: SlotsOptions
  /** In the order they were taken, which is the order of their age. */
  readonly #jobs = new Map<string, Job>()
  readonly #recent = new RecentAttempts()
  /** Attempts of which word never came: it is not taken any more. */
  readonly #disowned = new RecentAttempts()
  /** Attempts that ended without a record, by a defect: what they sent is not known. */
  readonly #unrecorded = new Set<string>()
  readonly #queue: Array<Job> = []
  readonly #listeners: Array<() => void> = []
  readonly #idle = new Set<() => void>()
  #sending = 0
  #recording = 0
  #draining = false
  #pumping = false

  constructor(options: SlotsOptions) {
    this.#options = options
  }

  get inFlight(): number {
    return this.#jobs.size
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
  get jobs(): Iterable<Job> {
    return this.#jobs.values()
  }

  find(holding: Holding): Job | undefined {
    return this.#jobs.get(keyOf(holding))
  }

  /**
   * Whether nothing was sent under this epoch, and nothing will be: word of the attempt never came here, and is not taken any more. False when
   * it is here, was here, or nobody knows any more.
   */
  disown(holding: Holding): boolean {
    const key = keyOf(holding)
    const elapsed = this.#options.elapsed()
    if (!this.#disowned.has(key)) {
      if (this.#jobs.has(key) || this.#recent.has(key) || this.#unrecorded.has(key)) return false
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
    // Also when draining: who is told no hands it back as never sent, and must not be told so of one that was.
    if (this.#jobs.has(key) || this.#recent.has(key)) return true
    const [now, elapsed] = [this.#options.now(), this.#options.elapsed()]
    if (this.#draining || (this.#queue.length >= this.#options.queueLimit && this.free === 0)) {
      // Nor may it be sent after that, should word of it come once more. What is older than that memory is left to the watchdog.
      this.#recent.add(key, elapsed)
      return now - intent.handedOverAt >= rememberedMs
    }
    const job = makeJob(intent, now, elapsed)
    this.#jobs.set(key, job)
    this.#queue.push(job)
    this.#pump()
    return true
  }

  /** The request is off the wire: its slot is free while its result is being recorded. */
  sent(job: Job): void {
    if (job.stage !== "sending") return
    job.stage = "recording"
    this.#sending--
    this.#recording++
    this.#slotFreed()
  }

  /** Interrupts a request that has outlived its time; what is left to do is to record that. */
  expire(job: Job): void {
    if (job.stage !== "sending" || job.overdue || job.sentAt === null) return
    job.overdue = true
    job.fiber?.interruptUnsafe()
  }

  /** Sees to it that nothing of it leaves, and gives it back. False when its first byte has left, or its end is being recorded. */
  withdraw(job: Job, reason: HandBackReason): boolean {
    if (job.sentAt !== null || (job.stage !== "waiting" && job.stage !== "sending")) return false
    if (job.withdrawn !== null) return true
    job.withdrawn = reason
    if (job.stage === "sending") job.fiber?.interruptUnsafe()
    else {
      this.#queue.splice(this.#queue.indexOf(job), 1)
      this.#giveBack(job)
    }
    return true
  }

  drain(graceMs: number): Effect.Effect<ReadonlyArray<ExecutionRequested>> {
    return Effect.suspend(() => {
      this.#draining = true
      const waiting = [...this.#queue]
      for (const job of waiting) this.withdraw(job, "draining")
      return this.#untilIdle.pipe(
        Effect.timeoutOption(graceMs),
        Effect.andThen(this.#withdrawAll(Math.min(graceMs, farewellMs))),
        Effect.map((cut) => [...new Set([...waiting, ...cut])].map(({ intent }) => intent))
      )
    })
  }

  readonly #untilIdle = Effect.callback<void>((resume) => {
    if (this.#jobs.size === 0) return resume(Effect.void)
    const wake = () => resume(Effect.void)
    this.#idle.add(wake)
    return Effect.sync(() => void this.#idle.delete(wake))
  })

  /** What has not left is given back, what is left then is cut off. */
  #withdrawAll(withinMs: number): Effect.Effect<ReadonlyArray<Job>> {
    return Effect.suspend(() => {
      const cut = [...this.#jobs.values()]
      const unsent = withinMs > 0 ? cut.filter((job) => this.withdraw(job, "draining")) : []
      const back =
        unsent.length === 0 ? Effect.void : Effect.timeoutOption(Effect.forEach(unsent, untilEnded), withinMs)
      return Effect.as(Effect.andThen(back, this.#interruptAll), cut)
    })
  }

  readonly #interruptAll = Effect.suspend(() =>
    Effect.forEach([...this.#jobs.values()], ({ fiber }) => (fiber === null ? Effect.void : Fiber.interrupt(fiber)), {
      discard: true
    })
  )

  /** A loop, not a recursion: an attempt that ends at once starts the next one from here and not from its own stack. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    const { concurrency, recordingLimit } = this.#options
    while (!this.#draining && this.#sending < concurrency && this.#recording < recordingLimit) {
      const job = this.#queue.shift()
      if (job === undefined) break
      this.#start(job)
    }
    this.#pumping = false
  }

  #start(job: Job): void {
    this.#recent.add(keyOf(job.intent), this.#options.elapsed())
    job.stage = "sending"
    this.#sending++
    this.#fork(job, "make")
  }

  #giveBack(job: Job): void {
    this.#recent.add(keyOf(job.intent), this.#options.elapsed())
    job.stage = "recording"
    job.givenBack = true
    this.#recording++
    this.#fork(job, "giveBack")
  }

  #fork(job: Job, what: keyof Attempts): void {
    job.fiber = this.#options.run(Effect.suspend(() => this.#options.attempts[what](job)))
    job.fiber.addObserver((exit) => this.#ended(job, exit))
    // Withdrawn while it was begun, in one turn, when there was no fiber to interrupt yet.
    if (what === "make" && job.withdrawn !== null && job.stage === "sending") job.fiber.interruptUnsafe()
  }

  #ended(job: Job, exit: Exit.Exit<void>): void {
    const wasRecording = job.stage === "recording"
    job.stage = "done"
    if (wasRecording) this.#recording--
    else this.#sending--
    if (!wasRecording && job.overdue && !this.#draining) return this.#start(job)
    if (!wasRecording && job.withdrawn !== null) {
      this.#giveBack(job)
      return this.#slotFreed()
    }
    this.#jobs.delete(keyOf(job.intent))
    const mishap = Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause) ? exit.cause : null
    if (Exit.isFailure(exit)) this.#unrecorded.add(keyOf(job.intent))
    if (mishap !== null) this.#options.run(died(job.intent, mishap))
    job.whole = Exit.isSuccess(exit)
    for (const tell of job.ended.splice(0)) tell()
    this.#slotFreed()
    if (this.#jobs.size === 0) for (const wake of this.#idle) wake()
  }

  #slotFreed(): void {
    this.#pump()
    if (this.free > 0) for (const listener of this.#listeners) listener()
  }
}

/** Whether it came to its end by itself, which is then durable. */
export const untilEnded = (job: Job): Effect.Effect<boolean> =>
  Effect.callback((resume) => {
    const tell = () => resume(Effect.succeed(job.whole))
    if (job.stage === "done") return tell()
    job.ended.push(tell)
    return Effect.sync(() => {
      const at = job.ended.indexOf(tell)
      if (at >= 0) job.ended.splice(at, 1)
    })
  })
