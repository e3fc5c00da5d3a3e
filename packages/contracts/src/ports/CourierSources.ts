/** Courier sources by their address, for requests that have no tenant until their source is found. */
import { Context, type Effect } from "effect"
import type { CourierSourceId, CourierSourceRow } from "../courierSource/CourierSource.ts"
import type { StoreUnavailable } from "./Persistence.ts"

export interface AddressedSource {
  readonly row: CourierSourceRow
  /** `<secret id>:<sealed>` of each secret, joined by commas; null once the source is disabled. */
  readonly sealed: string | null
}

export class CourierSources extends Context.Service<
  CourierSources,
  {
    /** Null when no tenant has such a source. Asks the store each time, so that a secret ends when it should. */
    readonly find: (id: CourierSourceId) => Effect.Effect<AddressedSource | null, StoreUnavailable>
  }
>()("@dueline/contracts/ports/CourierSources") {}
