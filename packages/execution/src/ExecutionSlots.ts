/** Which attempts wait, which are on the wire and which are being recorded. Plain callbacks: one fiber per attempt and nothing else. */
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import { Cause, Effect, Exit, Fiber } from "effect"
import { died, firstLeaseUntil, type Job, keyOf, makeJob } from "./Job.ts"
import type { Attempts } from "./makeAttempts.ts"
import { RecentAttempts } from "./RecentAttempts.ts"

export interface SlotsOptions {
  readonly concurrency: number
  readonly queueLimit: number
  readonly recordingLimit: number
  readonly run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  /** Each of them whole; making one calls `sent` once its request is off the wire. */
  readonly attempts: Attempts
  readonly now: () => number
}

export class ExecutionSlots {
  readonly #options: SlotsOptions
  /** In the order they were taken, which is the order of their age. */
  readonly #jobs = new Map<string, Job>()
  readonly #recent = new RecentAttempts()
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

  get free(): number {
    const { concurrency, recordingLimit } = this.#options
    if (this.#draining || this.#recording >= recordingLimit) return 0
    return Math.max(0, concurrency - this.#sending - this.#queue.length)
  }

  /** Every attempt taken and not yet recorded, oldest first. */
  get jobs(): Iterable<Job> {
    return this.#jobs.values()
  }

  onFree(listener: () => void): void {
    this.#listeners.push(listener)
  }

  offer(intent: ExecutionRequested): boolean {
    const key = keyOf(intent)
    // Also when draining: who is told no hands it back as never sent, and must not be told so of one that was.
    if (this.#jobs.has(key) || this.#recent.has(key)) return true
    const takenAt = this.#options.now()
    if (this.#draining || (this.#queue.length >= this.#options.queueLimit && this.free === 0)) {
      const leaseUntil = firstLeaseUntil(intent)
      // Nor may it be sent after that, should word of it come once more. What is older than that memory is left to the watchdog.
      this.#recent.add(key, leaseUntil, takenAt)
      return takenAt >= leaseUntil
    }
    const job = makeJob(intent, takenAt)
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

  /** Interrupts a request that has outlived its deadline; what is left to do is to record that. */
  expire(job: Job): void {
    if (job.stage !== "sending" || job.overdue) return
    job.overdue = true
    job.fiber?.interruptUnsafe()
  }

  drain(graceMs: number): Effect.Effect<ReadonlyArray<ExecutionRequested>> {
    return Effect.suspend(() => {
      this.#draining = true
      const waiting = this.#queue.splice(0)
      for (const job of waiting) {
        job.stage = "recording"
        this.#recording++
        this.#fork(job, "giveBack")
      }
      return this.#untilIdle.pipe(
        Effect.timeoutOption(graceMs),
        Effect.andThen(this.#interruptAll),
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

  readonly #interruptAll = Effect.suspend(() => {
    const cut = [...this.#jobs.values()]
    return Effect.forEach(cut, ({ fiber }) => (fiber === null ? Effect.void : Fiber.interrupt(fiber)), {
      discard: true
    }).pipe(Effect.as(cut))
  })

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
    this.#recent.add(keyOf(job.intent), firstLeaseUntil(job.intent), this.#options.now())
    job.stage = "sending"
    this.#sending++
    this.#fork(job, "make")
  }

  #fork(job: Job, what: keyof Attempts): void {
    job.fiber = this.#options.run(Effect.suspend(() => this.#options.attempts[what](job)))
    job.fiber.addObserver((exit) => this.#ended(job, exit))
  }

  #ended(job: Job, exit: Exit.Exit<void>): void {
    const wasRecording = job.stage === "recording"
    job.stage = "done"
    if (wasRecording) this.#recording--
    else this.#sending--
    if (job.overdue && !wasRecording && !this.#draining) return this.#start(job)
    this.#jobs.delete(keyOf(job.intent))
    const mishap = Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause) ? exit.cause : null
    if (mishap !== null) this.#options.run(died(job.intent, mishap))
    this.#slotFreed()
    if (this.#jobs.size === 0) for (const wake of this.#idle) wake()
  }

  #slotFreed(): void {
    this.#pump()
    if (this.free > 0) for (const listener of this.#listeners) listener()
  }
}
