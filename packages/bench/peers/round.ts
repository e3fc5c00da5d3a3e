/** One system's turn in a round: a fresh store and fresh processes, warmed up, measured, and put away. */
import type { Target } from "../src/Target.ts"
import { during } from "./held.ts"
import { burst, type Figures, idleLatency, lateness, type Measured, warmUp } from "./measure.ts"
import type { Options, Part } from "./options.ts"
import { recovery } from "./recovery.ts"
import type { Outcome } from "./report.ts"
import type { Running, System } from "./System.ts"

const secondBurst = { calls: 3_000, concurrency: 16 }

type Say = (text: string) => void

const brief = (figures: Figures): string =>
  Object.entries(figures)
    .map(([name, value]) => `${name} ${value >= 1_000 ? Math.round(value) : Number(value.toPrecision(3))}`)
    .join(", ")

interface Step {
  readonly part: Part
  readonly run: (running: Running, target: Target) => Promise<Measured>
}

const steps = (system: System, { calls, concurrency, samples, skip }: Options): ReadonlyArray<Step> => {
  const second = { ...secondBurst, calls: Math.min(calls, secondBurst.calls) }
  const all: ReadonlyArray<Step> = [
    { part: "burst", run: (running, target) => burst(running, target, { calls, concurrency }) },
    { part: "second", run: (running, target) => burst(running, target, second) },
    { part: "idle", run: (running, target) => idleLatency(running, target, samples) },
    { part: "timers", run: (running, target) => lateness(running, target, samples) }
  ]
  const idle = (part: Part) =>
    (part === "timers" && system.timers === false) || (part === "second" && concurrency === second.concurrency)
  return all.filter(({ part }) => !skip.includes(part) && !idle(part))
}

export const takeTurn = async (
  system: System,
  target: Target,
  round: number,
  options: Options,
  say: Say
): Promise<Outcome> => {
  const figures: Record<string, number> = {}
  const busy: Array<string> = []
  const note = (part: string, found: Figures, quiet = true) => {
    Object.assign(figures, found)
    if (!quiet) busy.push(part)
    say(`${part}: ${brief(found)}${quiet ? "" : "  [the machine was busy]"}`)
  }
  try {
    const ahead = steps(system, options)
    await during(async () => {
      if (ahead.length === 0) return
      const running = await system.start()
      await warmUp(running, target, { calls: options.warmUp, concurrency: options.concurrency })
      for (const { part, run } of ahead) {
        const { figures: found, quiet } = await run(running, target)
        note(part, found, quiet)
      }
    })
    if (options.recovery && system.recovers !== false)
      await during(async () => note("recovery", await recovery(await system.start(), target)))
    return { round, system: system.name, figures, busy }
  } catch (error) {
    const failed = error instanceof Error ? error.message : String(error)
    say(`FAILED: ${failed}`)
    return { round, system: system.name, figures, busy, failed }
  }
}
