/** The read models: which table holds the rows of which aggregates, and what a row is as JSON. */
import type { Category } from "@dueline/contracts/kinds"
import { callJson } from "./callJson.ts"
import { binJson, customerJson, orderJson } from "./fieldRows.ts"

export interface RowTable {
  readonly category: Category
  readonly table: string
  /** The column of the aggregate's id. */
  readonly id: string
  /** SQL for a row that goes by `alias`. */
  readonly json: (alias: string) => string
}

export const rowTables: ReadonlyArray<RowTable> = [
  { category: "service-call", table: "service_calls", id: "call_id", json: callJson },
  { category: "customer", table: "customers", id: "customer_id", json: customerJson },
  { category: "bin", table: "bins", id: "bin_id", json: binJson },
  { category: "order", table: "orders", id: "order_id", json: orderJson }
]
