/** Where messages end that could not be delivered: kept with their history until somebody looks at them. */
import { Context, type Effect } from "effect"
import type { BusMessage } from "./EventBus.ts"
import type { StoreUnavailable } from "./Persistence.ts"

export interface DeadLetter {
  readonly message: BusMessage
  /** The consumers that could not take it. */
  readonly group: string
  /** Why each attempt failed, oldest first; the last one decided. At most the last 20 are kept. */
  readonly reasons: ReadonlyArray<string>
}

export class DeadLetters extends Context.Service<
  DeadLetters,
  {
    /** Durable when done. The same message of the same group a second time changes nothing. */
    readonly keep: (letter: DeadLetter) => Effect.Effect<void, StoreUnavailable>
  }
>()("@dueline/contracts/ports/DeadLetters") {}
