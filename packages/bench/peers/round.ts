/**
 * Systems that are up at the same time, measured in chunks by turns: whatever else the machine does for minutes falls on all of them alike.
 * A system that failed once has no further turns.
 */
import type { Target } from "../src/Target.ts"
import { during } from "./held.ts"
import { burst, type Figures, idleLatency, lateness, type Measured, recovery, warmUp } from "./measure.ts"
import type { Options, Part } from "./options.ts"
import type { Outcome } from "./report.ts"
import type { Running, System } from "./System.ts"

const secondClients = 16

type Say = (text: string) => void

const brief = (figures: Figures): string =>
  Object.entries(figures)
    .map(([name, value]) => `${name} ${value >= 1_000 ? Math.round(value) : Number(value.toPrecision(3))}`)
    .join(", ")

interface Step {
  readonly part: Part
  readonly run: (running: Running, target: Target) => Promise<Measured>
}

const steps = ({ calls, concurrency, samples, skip }: Options): ReadonlyArray<Step> => {
  const all: ReadonlyArray<Step> = [
    { part: "burst", run: (running, target) => burst(running, target, { calls, concurrency }) },
    { part: "second", run: (running, target) => burst(running, target, { calls, concurrency: secondClients }) },
    { part: "idle", run: (running, target) => idleLatency(running, target, samples) },
    { part: "timers", run: (running, target) => lateness(running, target, samples) }
  ]
  return all.filter(({ part }) => !skip.includes(part) && !(part === "second" && concurrency === secondClients))
}

const isIdle = (system: System, part: Part): boolean => part === "timers" && system.timers === false

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** What is known of one system so far. */
class Turns {
  readonly system: System
  running: Running | null = null
  readonly outcomes: Array<Outcome> = []
  failed: string | null = null

  constructor(system: System) {
    this.system = system
  }

  /** Runs `measure`, unless an earlier one failed; what it finds belongs to `round`. */
  async take(round: number, part: string, say: Say, measure: () => Promise<Measured>): Promise<void> {
    if (this.failed !== null) return
    const { name } = this.system
    try {
      const { figures, quiet } = await measure()
      this.outcomes.push({ round, system: name, figures, busy: quiet ? [] : [part] })
      say(`${name}, round ${round}, ${part}: ${brief(figures)}${quiet ? "" : "  [the machine was busy]"}`)
    } catch (error) {
      this.failed = reasonOf(error)
      this.outcomes.push({ round, system: name, figures: {}, busy: [], failed: this.failed })
      say(`${name}, round ${round}, ${part} FAILED: ${this.failed}`)
    }
  }
}

const start = async (
  turns: Turns,
  target: Target,
  { concurrency, warmUp: calls }: Options,
  say: Say
): Promise<void> => {
  say(`starting ${turns.system.name}`)
  await turns.take(0, "start", say, async () => {
    turns.running = await turns.system.start()
    await warmUp(turns.running, target, { calls, concurrency })
    return { figures: {}, quiet: true }
  })
}

/** All outcomes, one for each measurement. `target` is the one place that all of them call. */
export const measureInTurns = async (
  systems: ReadonlyArray<System>,
  target: Target,
  options: Options,
  say: Say
): Promise<ReadonlyArray<Outcome>> => {
  const all = systems.map((system) => new Turns(system))
  await during(async () => {
    const ahead = steps(options)
    if (ahead.length === 0) return
    for (const turns of all) await start(turns, target, options, say)
    for (let round = 1; round <= options.rounds; round++) {
      // Every second round the other way round: nobody always comes after the same one.
      const order = round % 2 === 1 ? all : all.toReversed()
      for (const { part, run } of ahead)
        for (const turns of order) {
          const { running, system } = turns
          if (running !== null && !isIdle(system, part)) await turns.take(round, part, say, () => run(running, target))
        }
    }
  })
  if (options.recovery)
    for (const turns of all)
      if (turns.system.recovers !== false)
        await turns.take(1, "recovery", say, () =>
          during(async () => ({ figures: await recovery(await turns.system.start(), target), quiet: true }))
        )
  return all.flatMap(({ outcomes }) => outcomes)
}
