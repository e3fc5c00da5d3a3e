/** Which run of the database server this is: another one after a restart, a restore, or when another server has taken over. */
import { Context, type Effect } from "effect"
import type { StoreUnavailable } from "./Persistence.ts"

export class StoreRun extends Context.Service<
  StoreRun,
  { readonly current: Effect.Effect<string, StoreUnavailable> }
>()("@dueline/contracts/ports/StoreRun") {}
