/** What the parts of one run share, and how it is asked for. */
import type { Api } from "./Api.ts"
import type { Faults } from "./Faults.ts"
import type { Load } from "./Load.ts"
import type { Fault } from "./Plan.ts"
import type { Sabotage } from "./Sabotage.ts"
import type { Stage, StageOptions } from "./Stage.ts"
import type { Targets } from "./Targets.ts"

export interface RunOptions extends StageOptions {
  readonly seed: number
  /** Operations begun per second. */
  readonly rate: number
  /** Done in this order; the load ends when there is none left, or when the time is up. */
  readonly plan: Iterable<Fault>
  readonly untilMs?: number
  /** Operations begun before the first fault, and after the last. */
  readonly margin: number
  /** How long everything may take to come to rest after the last fault is healed, in milliseconds. */
  readonly restLimitMs: number
  readonly sabotage?: Sabotage
  readonly say: (line: string) => void
}

export interface Run {
  readonly options: RunOptions
  readonly stage: Stage
  readonly targets: Targets
  readonly api: Api
  readonly load: Load
  readonly faults: Faults
  /** Names and tokens. */
  readonly tenants: ReadonlyMap<string, string>
}
