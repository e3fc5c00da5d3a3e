/** The rules between aggregates, over plain rows: what a database keeps with constraints and locks. */
import {
  type Category,
  categoryOfRow,
  fieldsOf,
  kinds,
  type OpsCategory,
  opsCategories,
  type ReadModelRow,
  rowId,
  type RowOf,
  rulesOf
} from "@dueline/contracts/kinds"
import type { Commit } from "@dueline/contracts/ports/Persistence"
import type { FieldValue, NoRow, RowIs, Rules, Test } from "@dueline/contracts/Rules"
import type { StoreRule } from "@dueline/contracts/StoreRule"
import { keyOf, type MemoryState } from "./MemoryState.ts"

/** What the rows will be once the batch is stored. */
type Rows = ReadonlyMap<string, ReadModelRow>
type OpsRow = RowOf<OpsCategory>

/** The first rule that the batch would break, or null. Nothing of it has been stored yet. `unkept` rules are not looked at. */
export const brokenRule = (
  state: MemoryState,
  batch: ReadonlyArray<Commit>,
  unkept: ReadonlyArray<StoreRule> = []
): StoreRule | null => {
  const concerned = batch.filter(({ requires, row }) => requires.length > 0 || (row !== null && isConstrained(row)))
  if (concerned.length === 0) return null
  const rows = new Map(state.rows)
  for (const { row, tenantId } of batch) if (row !== null) rows.set(keyOf(tenantId, rowId(row)), row)
  for (const { requires, row, tenantId } of concerned) {
    const constraints = row !== null && isConstrained(row) ? brokenConstraints(rows, row) : []
    const broken = [...constraints, ...requires.map((each) => unmet(rows, tenantId, each))].find(
      (rule) => rule !== null && !unkept.includes(rule)
    )
    if (broken !== undefined) return broken
  }
  return null
}

const isOps = (category: Category): category is OpsCategory => opsCategories.some((kind) => kind === category)

const isConstrained = (row: ReadModelRow): row is OpsRow => {
  const kind = categoryOfRow(row)
  if (!isOps(kind)) return false
  const { apart, unique }: Rules = rulesOf(kind)
  return unique.length + apart.length > 0
}

const valueOf = (kind: OpsCategory, row: OpsRow, field: string): FieldValue => {
  const known = fieldsOf<OpsCategory>(kind)[field]
  if (known === undefined) throw new Error(`a ${kind} has no field ${field}`)
  return known.read(row)
}

const passes = (kind: OpsCategory, row: OpsRow, test: Test): boolean => {
  const value = valueOf(kind, row, test.field)
  return "is" in test ? test.is.includes(value) : !test.isNot.includes(value)
}

const isOf = (kind: OpsCategory, tenantId: string, row: ReadModelRow): row is OpsRow =>
  row._tag === kinds[kind].rowTag && row.tenantId === tenantId

const brokenConstraints = (rows: Rows, row: OpsRow): ReadonlyArray<StoreRule | null> => {
  const kind = categoryOfRow(row) as OpsCategory
  const { apart, unique }: Rules<string, StoreRule> = rulesOf(kind)
  const others = [...rows.values()].filter(
    (other): other is OpsRow => isOf(kind, row.tenantId, other) && rowId(other) !== rowId(row)
  )
  const alike = (fields: ReadonlyArray<string>, other: OpsRow) =>
    fields.every((field) => {
      const value = valueOf(kind, row, field)
      return value !== null && value === valueOf(kind, other, field)
    })
  const overlap = (from: string, to: string, other: OpsRow) =>
    before(valueOf(kind, other, from), valueOf(kind, row, to)) &&
    before(valueOf(kind, row, from), valueOf(kind, other, to))
  return [
    ...unique.map(({ fields, rule }) => (others.some((other) => alike(fields, other)) ? rule : null)),
    ...apart.map(({ alike: by, from, rule, to, when }) =>
      passes(kind, row, when) &&
      others.some((other) => passes(kind, other, when) && alike(by, other) && overlap(from, to, other))
        ? rule
        : null
    )
  ]
}

const before = (a: FieldValue, b: FieldValue): boolean => typeof a === "number" && typeof b === "number" && a < b

type Asked = RowIs<OpsCategory, string, StoreRule> | NoRow<OpsCategory, string, StoreRule>

const unmet = (rows: Rows, tenantId: string, requirement: Asked): StoreRule | null => {
  const { kind } = requirement
  if (requirement._tag === "RowIs") {
    const row = rows.get(keyOf(tenantId, requirement.id))
    if (row === undefined || !isOf(kind, tenantId, row)) return requirement.missing
    return requirement.unless.find((test) => passes(kind, row, test))?.rule ?? null
  }
  const { rule, when, where } = requirement
  const matches = (row: ReadModelRow): boolean =>
    isOf(kind, tenantId, row) &&
    Object.entries(where).every(([field, value]) => valueOf(kind, row, field) === value) &&
    when.every((test) => passes(kind, row, test))
  return [...rows.values()].some(matches) ? rule : null
}
