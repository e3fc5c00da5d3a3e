/** The id of the aggregate a read-model row stands for. */
import type { ReadModelRow } from "./ports/Persistence.ts"

export const rowId = (row: ReadModelRow): string => {
  switch (row._tag) {
    case "ServiceCallRow":
      return row.callId
    case "CustomerRow":
      return row.customerId
    case "BinRow":
      return row.binId
    case "OrderRow":
      return row.orderId
  }
}
