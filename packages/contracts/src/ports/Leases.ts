/** Lets one process at a time do what must not be done by two at once, such as emptying the outbox; another takes over when it is gone. */
import { Context, type Effect } from "effect"
import type { StoreUnavailable } from "./Persistence.ts"

export class Leases extends Context.Service<
  Leases,
  {
    /**
     * Takes the lease, or extends one that `holder` has; true when it is `holder`'s for the next `ttlMs` milliseconds, counted from
     * before the asking. A holder that was paused may believe in it for longer: what is done under it must be harmless when it is done
     * twice.
     */
    readonly take: (options: {
      readonly name: string
      readonly holder: string
      readonly ttlMs: number
    }) => Effect.Effect<boolean, StoreUnavailable>
    /** Gives it back at once, so that nobody has to wait for its end. Without effect when another has it. */
    readonly release: (options: {
      readonly name: string
      readonly holder: string
    }) => Effect.Effect<void, StoreUnavailable>
  }
>()("@dueline/contracts/ports/Leases") {}
