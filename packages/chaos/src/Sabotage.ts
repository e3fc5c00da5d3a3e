/** What a negative control does to a run, so that a mechanism is missing and its checker has something to find. */
import type { Request } from "./Api.ts"
import type { Draft } from "./Drafts.ts"
import type { Run } from "./Run.ts"
import type { Stage } from "./Stage.ts"

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
