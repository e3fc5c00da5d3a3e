/** What everything in a simulation shares: time, dice, faults, the trace, the machines, and the first invariant that broke. */
import { createHash } from "node:crypto"
import { Dice } from "./Dice.ts"
import { drawBlackout, drawFaults, drawSetup, type Faults, type Setup } from "../Faults.ts"
import { Machine } from "./Machine.ts"
import { VirtualTime, WallClock } from "./Clocks.ts"

/** What happened in a world, line by line, and a hash over all of it: two runs of one seed must agree on it. */
class Trace {
  readonly lines: Array<string> = []
  readonly #hash = createHash("sha256")
  readonly #keep: boolean
  count = 0

  /** `keep` keeps the lines for reading; the hash is made either way. */
  constructor(keep: boolean) {
    this.#keep = keep
  }

  /** `sinceMs` is virtual time since the world began. */
  write(sinceMs: number, who: string, what: string): void {
    const line = `${sinceMs} ${who} ${what}`
    this.count += 1
    this.#hash.update(line).update("\n")
    if (this.#keep) this.lines.push(line)
  }

  /** The hash so far, in hexadecimal. Call it once, at the end. */
  digest(): string {
    return this.#hash.digest("hex")
  }
}

export interface Violation {
  readonly invariant: string
  readonly detail: string
  /** Virtual milliseconds since the world began. */
  readonly at: number
}

/** When Berlin sets its clocks, both at 01:00 UTC; and a time at which nothing of that kind happens. */
const jumps = { winter: 1_800_000_000_000, spring: Date.UTC(2027, 2, 28, 1), autumn: Date.UTC(2027, 9, 31, 1) } as const
/** How long before that the world begins, in milliseconds. */
const before = 20_000

/** How far one look at a clock that trembles is off, in milliseconds. */
const trembleMs = 3

export interface WorldOptions {
  readonly seed: number
  readonly keepTrace: boolean
  readonly faults?: Partial<Faults>
  readonly setup?: Partial<Setup>
  /** A process dies at the crossing with this number, counted from 1 over all processes. */
  readonly dieAtCrossing?: number
}

export class World {
  readonly seed: number
  readonly dice: Dice
  readonly faults: Faults
  readonly setup: Setup
  readonly time: VirtualTime
  readonly trace: Trace
  readonly machines: Array<Machine> = []
  /** When clocks are set, or, if they are not, about when the world began. */
  readonly jumpAt: number
  readonly #beginning: number
  readonly #startedAt = new Map<string, number>()
  readonly #slept = new Set<string>()
  #steps = 0
  /** No fault happens any more: from here on everything accepted has to come to its end. */
  quiet = false
  /** Machines that stood still or lost word of something: their calls may rightly be given to others. */
  readonly #troubled = new Set<string>()
  /** Points passed at which a process can die: before and after each call that leaves it. */
  crossings = 0
  /** The furthest that any clock was behind and ahead, in milliseconds. */
  #ahead: readonly [number, number] = [0, 0]
  readonly #dieAtCrossing: number
  #violation: Violation | null = null

  constructor({ dieAtCrossing = 0, faults, keepTrace, seed, setup }: WorldOptions) {
    this.#dieAtCrossing = dieAtCrossing
    const dice = new Dice(seed)
    this.seed = seed
    this.setup = { ...drawSetup(dice.fork("setup")), ...setup }
    const blackoutMs = drawBlackout(dice.fork("blackout"), this.setup)
    this.faults = { ...drawFaults(dice.fork("faults")), blackoutMs, ...faults }
    this.jumpAt = jumps[this.setup.begins]
    this.#beginning = this.jumpAt - (this.setup.begins === "winter" ? 0 : before)
    this.time = new VirtualTime(this.#beginning, dice.fork("time"))
    this.trace = new Trace(keepTrace)
    this.dice = dice.fork("world")
  }

  get sinceMs(): number {
    return this.time.now - this.#beginning
  }

  /** How long faults happen, in milliseconds. */
  get activeMs(): number {
    return this.setup.activeMs + this.faults.blackoutMs
  }

  /** When no process runs from and until, in epoch milliseconds. */
  get darkAt(): number {
    return this.#beginning + this.setup.activeMs * 0.4
  }

  get backAt(): number {
    return this.darkAt + this.faults.blackoutMs
  }

  get isDark(): boolean {
    return this.faults.blackoutMs > 0 && this.time.now >= this.darkAt && this.time.now < this.backAt
  }

  get violation(): Violation | null {
    return this.#violation
  }

  note(who: string, what: string): void {
    this.trace.write(this.sinceMs, who, what)
  }

  /** The first violation ends the run: what comes after it may be its consequence. */
  violate(invariant: string, detail: string): void {
    if (this.#violation !== null) return
    this.#violation = { invariant, detail, at: this.sinceMs }
    this.note("VIOLATION", `${invariant}: ${detail}`)
  }

  /** Whether a fault with this chance happens now. */
  strikes(chance: number): boolean {
    return !this.quiet && this.dice.chance(chance)
  }

  /** Whether the process at this point dies here. */
  diesAtCrossing(): boolean {
    this.crossings += 1
    return this.crossings === this.#dieAtCrossing || this.strikes(this.faults.crash)
  }

  /** Milliseconds that something takes on its way; now and then much longer. */
  latency(slow = 0): number {
    if (!this.strikes(slow)) return this.dice.between(0, 3)
    return this.dice.chance(0.05) ? this.dice.between(1_500, 12_000) : this.dice.between(20, 1_500)
  }

  troubled(name: string): void {
    this.#troubled.add(name)
  }

  /** It stood still. */
  slept(name: string): void {
    this.#slept.add(name)
    this.troubled(name)
  }

  hasSlept(name: string): boolean {
    return this.#slept.has(name)
  }

  /** When the process of that name began, in epoch milliseconds. */
  startedAt(name: string): number {
    return this.#startedAt.get(name) ?? 0
  }

  /** Processes that began, and clocks that were set: after each of them a process may begin to count anew. */
  get startsAndSteps(): number {
    return this.#startedAt.size + this.#steps
  }

  /** Whether a machine lives, never stood still and never missed anything. */
  neverFailed(name: string): boolean {
    return !this.#troubled.has(name) && this.isAlive(name)
  }

  /** The clock of one host, right at first. */
  wallClock(host: string): WallClock {
    const dice = this.dice.fork(`clock of ${host}`)
    const tremble = () =>
      !this.quiet && dice.chance(this.faults.clockTrembles) ? dice.between(-trembleMs, trembleMs) : 0
    return new WallClock(() => this.time.now, tremble)
  }

  /** How far two looks at clocks can be apart though they were taken at one time, in milliseconds. */
  get clockSpan(): number {
    const [least, most] = this.#ahead
    return most - least + (this.faults.clockTrembles > 0 ? 2 * trembleMs : 0)
  }

  /** How far ahead the clock of this machine was since then (epoch milliseconds), and how far one look at it may be off. */
  aheadSince(machine: string, time: number): number {
    const wall = this.machines.find(({ name }) => name === machine)?.wall
    return (wall?.mostAheadSince(time) ?? 0) + (this.faults.clockTrembles > 0 ? trembleMs : 0)
  }

  setClock(host: string, clock: WallClock, aheadMs: number): void {
    this.note(host, `sets its clock ${aheadMs} ms ahead`)
    clock.set(aheadMs)
    this.#steps += 1
    this.#ahead = [Math.min(this.#ahead[0], aheadMs), Math.max(this.#ahead[1], aheadMs)]
  }

  isAlive(name: string): boolean {
    return this.machines.some((machine) => machine.name === name)
  }

  machine(name: string, wall: WallClock, oneClock: boolean): Machine {
    const earlyRing = () => this.strikes(this.faults.earlyRing)
    const machine = new Machine({ name, time: this.time, wall, oneClock, dice: this.dice.fork(name), earlyRing })
    this.machines.push(machine)
    this.#startedAt.set(name, this.time.now)
    return machine
  }

  /** The end of a machine: nothing of it ever runs again. */
  remove(machine: Machine): void {
    machine.kill()
    const place = this.machines.indexOf(machine)
    if (place >= 0) this.machines.splice(place, 1)
  }

  /** Lets happen what happens next; false when nothing does until `until` (virtual milliseconds since the beginning). */
  step(until: number): boolean {
    for (const machine of [...this.machines]) {
      if (!machine.settle()) this.violate("comes to rest", `${machine.name} runs in circles without time passing`)
    }
    if (this.#violation !== null) return false
    return this.time.step(this.#beginning + until)
  }
}
