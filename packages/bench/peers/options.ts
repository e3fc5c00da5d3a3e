/** The command line of `pnpm bench:peers`. */
import { parseArgs } from "node:util"

export const usage = `usage: pnpm bench:peers [--rounds N] [--calls N] [--concurrency N] [--only NAME,NAME] [--recovery] [--write]

  --rounds       how often every system is measured; all of them are up, and take turns (default 6)
  --calls        calls of a burst (default 3000)
  --concurrency  clients of the first burst (default 64); a second one has 16
  --samples      of the idle latency and of the timers (default 150)
  --warm-up      calls before anything is measured (default 3000)
  --only         some of the systems, by name
  --skip         parts to leave out: burst, second, idle, timers
  --recovery     also kill the workers; up to two minutes for each system and round
  --write        put the tables and all values into docs/benchmarks-peers.md and .json

Ratios are to the system dueline, which --only may leave out.
`

export const parts = ["burst", "second", "idle", "timers"] as const
export type Part = (typeof parts)[number]

export interface Options {
  readonly rounds: number
  readonly calls: number
  readonly concurrency: number
  readonly samples: number
  readonly warmUp: number
  readonly only: ReadonlyArray<string>
  readonly skip: ReadonlyArray<string>
  readonly recovery: boolean
  readonly write: boolean
  readonly help: boolean
}

const list = (text: string | undefined): ReadonlyArray<string> =>
  (text ?? "").split(",").flatMap((entry) => entry.trim() || [])

const number = (name: string, text: string, least: number): number => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least) throw new Error(`--${name} is a whole number from ${least} up`)
  return value
}

/** Throws an error that says what is wrong. */
export const options = (args: ReadonlyArray<string>): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: "string", default: "6" },
      calls: { type: "string", default: "3000" },
      concurrency: { type: "string", default: "64" },
      samples: { type: "string", default: "150" },
      "warm-up": { type: "string", default: "3000" },
      only: { type: "string" },
      skip: { type: "string" },
      recovery: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      help: { type: "boolean", default: false }
    }
  })
  const calls = number("calls", values.calls, 1)
  const skip = list(values.skip)
  const stranger = skip.find((name) => !parts.some((part) => part === name))
  if (stranger !== undefined) throw new Error(`--skip knows ${parts.join(", ")}, not ${stranger}`)
  return {
    rounds: number("rounds", values.rounds, 1),
    calls,
    concurrency: number("concurrency", values.concurrency, 1),
    samples: number("samples", values.samples, 1),
    warmUp: number("warm-up", values["warm-up"], 1),
    only: list(values.only),
    skip,
    recovery: values.recovery,
    write: values.write,
    help: values.help
  }
}
