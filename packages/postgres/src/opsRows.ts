/**
 * How rows that are documents lie in the database: each kind of aggregate has a table of them, named after it, in which a migration declares
 * a column for every field that can be asked for, generated from the document (`dueline.make_rows_table`).
 */
import { fieldsOf, type OpsCategory, opsCategories } from "@dueline/contracts/kinds"
import type { SqlFields } from "./specificationSql.ts"

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
