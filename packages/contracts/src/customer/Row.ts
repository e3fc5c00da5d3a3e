/** The read model of a customer: one row, in step with the events. Knows no personal data. */
import type { CustomerId, EpochMillis, TenantId } from "../Ids.ts"
import type { CustomerStatus } from "./Spec.ts"

export interface CustomerRow {
  readonly _tag: "CustomerRow"
  readonly tenantId: TenantId
  readonly customerId: CustomerId
  readonly version: number
  readonly status: CustomerStatus
  readonly createdAt: EpochMillis
  readonly updatedAt: EpochMillis
  readonly erasedAt: EpochMillis | null
  readonly correlationId: string
}
