/** The read model of a bin: one row, in step with the events. */
import type { BinId, TenantId } from "../Ids.ts"
import type { BinFacts } from "./Spec.ts"

export interface BinRow extends BinFacts {
  readonly _tag: "BinRow"
  readonly tenantId: TenantId
  readonly binId: BinId
  readonly version: number
  readonly correlationId: string
}
