/** The read models: which table holds the rows of which aggregates, and what a row is as JSON. */
import { type Category, categories } from "@dueline/contracts/kinds"
import { callJson } from "./callColumns.ts"
import { isDocument, rowsTable } from "./opsRows.ts"

export interface RowTable {
  readonly category: Category
  readonly table: string
  /** The column of the aggregate's id. */
  readonly id: string
  /** SQL for a row that goes by `alias`. */
  readonly json: (alias: string) => string
}

const tableOf = (category: Category): RowTable =>
  isDocument(category)
    ? { category, table: rowsTable(category), id: "id", json: (alias) => `${alias}.row` }
    : { category, table: "service_calls", id: "call_id", json: callJson }

export const rowTables: ReadonlyArray<RowTable> = categories.map(tableOf)
