/**
 * One process on virtual time: all its fibers run on its own scheduler and clock, so that it can be killed or stopped as a whole.
 *
 * A kill is `kill -9`: no finalizer runs, nothing is handed back, whatever was under way outside goes on without it. A paused
 * machine keeps all it knows and finds out about everything at once when it goes on, as after a long stop of the world.
 */
import { Clock, Context, Duration, Effect, type Fiber, Random, References, Scheduler } from "effect"
import type { Dice } from "./Dice.ts"
import type { VirtualTime, WallClock } from "./Clocks.ts"

/** Turns of one machine within one instant; more means that it runs in circles. */
const turnLimit = 20_000

export interface MachineOptions {
  readonly name: string
  readonly time: VirtualTime
  readonly wall: WallClock
  /** Elapsed time is read from the wall clock too. */
  readonly oneClock: boolean
  readonly dice: Dice
  /** Whether a sleep ends up to two milliseconds early, as timers of real machines do. */
  readonly earlyRing: () => boolean
}

export class Machine {
  readonly name: string
  /** What its programs take for the time of day. */
  readonly wall: WallClock
  /** Where its other clock began, so that nothing is gained by comparing the two. */
  readonly #bootedAt: number
  readonly #oneClock: boolean
  readonly #time: VirtualTime
  readonly #earlyRing: () => boolean
  #ready: Array<{ readonly task: () => void; readonly priority: number }> = []
  /** Not all that is ready has the same priority. */
  #mixed = false
  #state: "running" | "paused" | "dead" = "running"
  readonly #context: Context.Context<never>

  constructor({ dice, earlyRing, name, oneClock, time, wall }: MachineOptions) {
    this.name = name
    this.wall = wall
    this.#time = time
    this.#bootedAt = time.now - dice.between(0, 1_000_000_000)
    this.#oneClock = oneClock
    this.#earlyRing = earlyRing
    this.#context = Context.empty().pipe(
      Context.add(Scheduler.Scheduler, this.#scheduler()),
      Context.add(Clock.Clock, this.#clock()),
      Context.add(Random.Random, {
        nextDoubleUnsafe: () => dice.next(),
        nextIntUnsafe: () => dice.between(0, Number.MAX_SAFE_INTEGER - 1)
      }),
      Context.add(References.CurrentLoggers, new Set()),
      Context.add(References.TracerEnabled, false)
    ) as Context.Context<never>
  }

  get state(): "running" | "paused" | "dead" {
    return this.#state
  }

  get alive(): boolean {
    return this.#state !== "dead"
  }

  run<A, E>(effect: Effect.Effect<A, E>): Fiber.Fiber<A, E> {
    return Effect.runForkWith(this.#context)(Effect.andThen(Effect.yieldNow, effect))
  }

  /** Something from outside reaches the machine: at its next turn, or never if it is dead by then. */
  enter(task: () => void): void {
    if (this.#state !== "dead") this.#ready.push({ task, priority: 0 })
  }

  /** A call that leaves the process. `begin` may answer at any later time, or never. */
  call<A, E>(begin: (answer: (effect: Effect.Effect<A, E>) => void) => void | (() => void)): Effect.Effect<A, E> {
    return Effect.callback<A, E>((resume) => {
      const abandon = begin((effect) => this.enter(() => resume(effect)))
      return abandon === undefined ? undefined : Effect.sync(abandon)
    })
  }

  kill(): void {
    this.#state = "dead"
    this.#ready = []
  }

  pause(): void {
    if (this.#state === "running") this.#state = "paused"
  }

  resume(): void {
    if (this.#state === "paused") this.#state = "running"
  }

  /** Runs whatever can run now. Answers false when it never came to rest. */
  settle(): boolean {
    for (let turn = 0; turn < turnLimit; turn++) {
      if (this.state !== "running" || this.#ready.length === 0) return true
      const batch = this.#mixed ? this.#ready.sort((a, b) => a.priority - b.priority) : this.#ready
      this.#mixed = false
      this.#ready = []
      for (let i = 0; i < batch.length; i++) {
        batch[i]?.task()
        if (!this.alive) return true
        if (this.state !== "running") {
          this.#ready = [...batch.slice(i + 1), ...this.#ready]
          this.#mixed = true
          return true
        }
      }
    }
    return false
  }

  #scheduler(): Scheduler.Scheduler {
    return {
      executionMode: "async",
      shouldYield: (fiber) => fiber.currentOpCount >= fiber.cache.maxOpsBeforeYield,
      makeDispatcher: () => ({
        scheduleTask: (task, priority) => {
          if (this.#state === "dead") return
          if (priority !== 0) this.#mixed = true
          this.#ready.push({ task, priority })
        },
        flush: () => undefined
      })
    }
  }

  #clock(): Clock.Clock {
    const now = () => this.wall.read()
    const nanos = () => BigInt(now()) * 1_000_000n
    const elapsed = () => (this.#oneClock ? nanos() : BigInt(this.#time.now - this.#bootedAt) * 1_000_000n)
    return {
      currentTimeMillisUnsafe: now,
      currentTimeMillis: Effect.sync(now),
      currentTimeNanosUnsafe: nanos,
      currentTimeNanos: Effect.sync(nanos),
      monotonicTimeNanosUnsafe: elapsed,
      monotonicTimeNanos: Effect.sync(elapsed),
      sleep: (duration) => this.#sleep(Duration.toMillis(duration))
    }
  }

  #sleep(millis: number): Effect.Effect<void> {
    if (millis <= 0) return Effect.yieldNow
    if (!Number.isFinite(millis)) return Effect.never
    return this.call((answer) => {
      const early = millis > 2 && this.#earlyRing() ? 2 : 0
      return this.#time.after(Math.ceil(millis) - early, () => answer(Effect.void))
    })
  }
}
