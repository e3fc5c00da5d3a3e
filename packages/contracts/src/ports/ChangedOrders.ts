/** Orders that changed, of all tenants, by when: for whoever makes up for messages that were lost. */
import { Context, type Effect } from "effect"
import type { OrderId, TenantId } from "../Ids.ts"
import type { StoreUnavailable } from "./Persistence.ts"

export interface ChangedOrder {
  readonly tenantId: TenantId
  readonly orderId: OrderId
  /** Epoch milliseconds. */
  readonly updatedAt: number
}

export class ChangedOrders extends Context.Service<
  ChangedOrders,
  {
    /** Those with notifications that were changed `before` (epoch milliseconds) at the latest, in order of that time, then id, behind `after`. */
    readonly changed: (options: {
      readonly after: Pick<ChangedOrder, "updatedAt" | "orderId">
      readonly before: number
      readonly limit: number
    }) => Effect.Effect<ReadonlyArray<ChangedOrder>, StoreUnavailable>
  }
>()("@dueline/contracts/ports/ChangedOrders") {}
