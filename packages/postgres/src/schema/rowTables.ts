/** The read models: which table holds the rows of which aggregates, and what a row is as JSON. */
import { type Category, categories, fieldsOf, type OpsCategory, opsCategories } from "@dueline/contracts/kinds"
import { callJson } from "./callColumns.ts"
import type { SqlFields } from "../read/specificationSql.ts"

const documents: ReadonlySet<string> = new Set(opsCategories)
export const isDocument = (category: string): category is OpsCategory => documents.has(category)

/** As `dueline.rows_table` says. */
export const rowsTable = (kind: OpsCategory): string => `${kind.replaceAll("-", "_")}_rows`

/** The name of a field in SQL: `serialNumber` is `serial_number`. */
export const columnOf = (field: string): string => field.replaceAll(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`)

/** The fields of a row that goes by `alias`. */
export const fieldColumns = (kind: OpsCategory, alias: string): SqlFields =>
  Object.fromEntries(
    Object.entries(fieldsOf(kind)).map(([name, { type, uuid }]) => {
      const column = `${alias}.${columnOf(name)}`
      return [name, { type, sql: uuid === true ? `${column}::text` : column }]
    })
  )

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
