/** The read model of a service order: one row, in step with the events. */
import type { OrderId, TenantId } from "../Ids.ts"
import type { OrderFacts } from "./Spec.ts"

export interface OrderRow extends OrderFacts {
  readonly _tag: "OrderRow"
  readonly tenantId: TenantId
  readonly orderId: OrderId
  readonly version: number
  readonly correlationId: string
}
