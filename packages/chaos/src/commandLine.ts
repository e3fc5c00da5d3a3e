/** What `pnpm chaos` can be asked for. */
import { parseArgs } from "node:util"
import { faultKinds, type FaultKind, isFaultKind, kindsOn } from "./Plan.ts"
import { programFile } from "@dueline/test-servers/programFile"
import { sabotages } from "./sabotages.ts"
import { type CastName, isCast } from "./Stage.ts"

export const usage = `usage: pnpm chaos [--minutes N] [--seed S] [--cast NAME] [--rate R] [--only KIND,KIND] [--control NAME] [--keep]
       pnpm chaos --plan N [--seed S] …    prints the first N faults of the plan and does nothing
       pnpm chaos --judge FILE             judges a history that was kept
       pnpm chaos --controls               switches all mechanisms off at once: every checker must find its own

  --minutes   how long faults go on (default 5); coming to rest and judging take a little longer
  --seed      plan and load follow from it (default: drawn)
  --cast      split: 8 processes, NATS, PostgreSQL, Redis; halves: 4 processes, pair: 2 with all roles, and the same servers;
              all-in-one: one process with its own database (default split)
  --rate      operations that clients begin per second (default 40)
  --only      some of: ${faultKinds.join(", ")}
  --control   switches a mechanism off, one of: ${Object.keys(sabotages).join(", ")}
  --program   another program than this checkout's: its main.ts, or what it was put together to
  --keep      keeps history and logs also when nothing was found
`

export interface Wish {
  readonly seed: number
  readonly cast: CastName
  /** Operations per second. */
  readonly rate: number
  readonly minutes: number
  readonly kinds: ReadonlyArray<FaultKind>
  readonly control: string | undefined
  readonly controls: boolean
  readonly program: string
  readonly keep: boolean
  /** How many faults of the plan to print. */
  readonly plan: number | undefined
  /** File of a history to judge. */
  readonly judge: string | undefined
}

const options = {
  minutes: { type: "string", default: "5" },
  seed: { type: "string" },
  cast: { type: "string", default: "split" },
  rate: { type: "string", default: "40" },
  only: { type: "string" },
  control: { type: "string" },
  controls: { type: "boolean", default: false },
  program: { type: "string", default: programFile },
  plan: { type: "string" },
  judge: { type: "string" },
  keep: { type: "boolean", default: false },
  help: { type: "boolean", default: false }
} as const

/** A sentence when it cannot be had, and an empty one when only help was asked for. */
export const readWish = (args: ReadonlyArray<string>, drawn: number): Wish | string => {
  const { values } = parseArgs({ args: [...args], options })
  const { cast, control, controls, judge, keep, only, program } = values
  if (values.help) return ""
  if (!isCast(cast)) return `there is no cast ${cast}`
  const [seed, rate, minutes] = [Number(values.seed ?? drawn), Number(values.rate), Number(values.minutes)]
  if (!Number.isSafeInteger(seed) || !(rate > 0) || !(minutes >= 0)) return "--seed, --rate and --minutes take numbers"
  const here = kindsOn(cast)
  const names = only === undefined ? here : only.split(",").filter((name) => name !== "")
  const unknown = names.filter((name) => !isFaultKind(name) || !here.includes(name))
  if (unknown.length > 0) return `there is no fault ${unknown.join(", ")} with the cast ${cast}`
  if (control !== undefined && !(control in sabotages)) return `there is no control ${control}`
  const plan = values.plan === undefined ? undefined : Number(values.plan)
  const asked = { kinds: names.filter(isFaultKind), control, controls, program, keep, plan, judge }
  return { seed, cast, rate, minutes, ...asked }
}
