/** What the parts of one run share, and how it is asked for. */
import type { Api, Request } from "./Api.ts"
import type { CourierLoad } from "./CourierLoad.ts"
import type { Draft } from "./Drafts.ts"
import type { Faults } from "./Faults.ts"
import type { Habits } from "./Habits.ts"
import type { Load } from "./Load.ts"
import type { Fault } from "./Plan.ts"
import type { ProductLoad } from "./ProductLoad.ts"
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
  readonly couriers: CourierLoad
  readonly products: ProductLoad
  readonly habits: Habits
  readonly faults: Faults
  /** Names and tokens. */
  readonly tenants: ReadonlyMap<string, string>
}

/** What a negative control does to a run, so that a mechanism is missing and its checker has something to find. */
export interface Sabotage {
  /** When the schema is there, and no process yet. */
  readonly before?: (stage: Stage) => Promise<void>
  /** Beside the faults; ends when the load has stopped, if not before. */
  readonly during?: (run: Run) => Promise<void>
  /** When all that can end has ended. */
  readonly atRest?: (run: Run) => Promise<void>
  /** Rewrites what clients send. */
  readonly meddle?: (request: Request, draft: Draft) => Request
}
