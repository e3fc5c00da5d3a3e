/** Specifications as SQL conditions: the meaning of `satisfies`, always true or false, with every value as a parameter. */
import { isStorableText } from "@dueline/contracts/api/Wire"
import type { FieldType, Predicate, Specification } from "@dueline/contracts/specification/Specification"

/** How to read a field of a row. `sql` is of type text, boolean, or a number that a double holds exactly. */
export interface SqlField {
  readonly type: FieldType
  readonly sql: string
}

export type SqlFields = Readonly<Record<string, SqlField>>

/**
 * A condition on the row that the fields read. Each value is appended to `parameters` and named by its place there, so these are the
 * statement's parameters from $1 on.
 */
export const specificationSql = (
  fields: SqlFields,
  specification: Specification,
  parameters: Array<unknown>
): string => {
  const part = (inner: Specification) => specificationSql(fields, inner, parameters)
  switch (specification._tag) {
    case "And":
      return specification.all.length === 0 ? "true" : `(${specification.all.map(part).join(" and ")})`
    case "Or":
      return specification.any.length === 0 ? "false" : `(${specification.any.map(part).join(" or ")})`
    case "Not":
      return `not ${part(specification.not)}`
    default:
      return predicateSql(fields, specification, (value) => `$${parameters.push(value)}`)
  }
}

const predicateSql = (fields: SqlFields, predicate: Predicate, bind: (value: unknown) => string): string => {
  const field = Object.hasOwn(fields, predicate.field) ? fields[predicate.field] : undefined
  if (predicate._tag === "Missing") return field === undefined ? "true" : `(${field.sql} is null)`
  if (field === undefined) return "false"
  const { sql, type } = field
  switch (predicate._tag) {
    case "Equals":
      return comparable(type, predicate.value)
        ? total(`${read(field)} = ${bind(predicate.value)}::${sqlTypes[type]}`)
        : "false"
    case "OneOf": {
      const values = predicate.values.filter((value) => comparable(type, value))
      const list = values.map((value) => `${bind(value)}::${sqlTypes[type]}`)
      return list.length === 0 ? "false" : total(`${read(field)} in (${list.join(", ")})`)
    }
    case "Below":
    case "Above": {
      if (sqlTypes[type] !== "float8" || Number.isNaN(predicate.value)) return "false"
      return total(`${sql} ${predicate._tag === "Below" ? "<" : ">"} ${bind(predicate.value)}::float8`)
    }
    case "Contains":
    case "StartsWith": {
      if (!comparable("text", predicate.part) || type !== "text") return "false"
      const part = `${bind(predicate.part)}::text`
      return total(predicate._tag === "Contains" ? `strpos(${sql}, ${part}) > 0` : `starts_with(${sql}, ${part})`)
    }
  }
}

/** Any other type would change a value on its way: a double is what a number was before. */
const sqlTypes: Readonly<Record<FieldType, string>> = {
  text: "text",
  number: "float8",
  instant: "float8",
  boolean: "boolean"
}

/** Texts by code unit, not by what some language holds equal. */
const read = ({ sql, type }: SqlField): string => (type === "text" ? `(${sql}) collate "C"` : sql)

const total = (comparison: string): string => `coalesce(${comparison}, false)`

/** Whether a stored value of this type could be equal to it. The database would not take the texts that this is false for. */
const comparable = (type: FieldType, value: string | number | boolean): boolean =>
  type === "text"
    ? typeof value === "string" && isStorableText(value)
    : type === "boolean"
      ? typeof value === "boolean"
      : typeof value === "number" && Number.isFinite(value)
