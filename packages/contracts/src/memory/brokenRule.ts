/** The rules between aggregates, over plain rows: what a database keeps with constraints and locks. */
import type { BinRow } from "../bin/Row.ts"
import type { OrderRow } from "../order/Row.ts"
import type { Commit } from "../ports/Persistence.ts"
import type { Requirement, StoreRule } from "../StoreRule.ts"
import { rowId, type ReadModelRow } from "../kinds.ts"
import { keyOf, type MemoryState } from "./MemoryState.ts"

/** What the rows will be once the batch is stored. */
type Rows = ReadonlyMap<string, ReadModelRow>

/** The first rule that the batch would break, or null. Nothing of it has been stored yet. `unkept` rules are not looked at. */
export const brokenRule = (
  state: MemoryState,
  batch: ReadonlyArray<Commit>,
  unkept: ReadonlyArray<StoreRule> = []
): StoreRule | null => {
  const counts = (rule: StoreRule | null) => rule !== null && !unkept.includes(rule)
  const concerned = batch.filter(
    ({ requires, row }) => requires.length > 0 || row?._tag === "BinRow" || row?._tag === "OrderRow"
  )
  if (concerned.length === 0) return null
  const rows = new Map(state.rows)
  for (const { row, tenantId } of batch) if (row !== null) rows.set(keyOf(tenantId, rowId(row)), row)
  for (const { requires, row, tenantId } of concerned) {
    const ofRow = row?._tag === "BinRow" ? serial(rows, row) : row?._tag === "OrderRow" ? windows(rows, row) : null
    if (counts(ofRow)) return ofRow
    for (const requirement of requires) {
      const broken = broke(rows, tenantId, requirement)
      if (counts(broken)) return broken
    }
  }
  return null
}

const ordersOf = (rows: Rows, tenantId: string): ReadonlyArray<OrderRow> =>
  [...rows.values()].filter(
    (row): row is OrderRow =>
      row._tag === "OrderRow" && row.tenantId === tenantId && (row.status === "Scheduled" || row.status === "Confirmed")
  )

const serial = (rows: Rows, { binId, serialNumber, tenantId }: BinRow): StoreRule | null => {
  for (const other of rows.values()) {
    if (other._tag !== "BinRow" || other.tenantId !== tenantId || other.binId === binId) continue
    if (other.serialNumber === serialNumber) return "serial_taken"
  }
  return null
}

const windows = (rows: Rows, { binId, orderId, status, tenantId, window }: OrderRow): StoreRule | null => {
  if (window === null || (status !== "Scheduled" && status !== "Confirmed")) return null
  const taken = ordersOf(rows, tenantId).some(
    (other) =>
      other.binId === binId &&
      other.orderId !== orderId &&
      other.window !== null &&
      other.window.from < window.to &&
      window.from < other.window.to
  )
  return taken ? "window_taken" : null
}

const broke = (rows: Rows, tenantId: string, requirement: Requirement): StoreRule | null => {
  switch (requirement._tag) {
    case "CustomerActive": {
      const customer = rows.get(keyOf(tenantId, requirement.customerId))
      if (customer?._tag !== "CustomerRow") return "customer_missing"
      return customer.status === "Erased" ? "customer_erased" : null
    }
    case "CustomerFree": {
      const { customerId } = requirement
      return ordersOf(rows, tenantId).some((order) => order.customerId === customerId) ? "customer_in_use" : null
    }
    case "BinFits": {
      const bin = rows.get(keyOf(tenantId, requirement.binId))
      if (bin?._tag !== "BinRow") return "bin_missing"
      if (bin.status !== "Active") return bin.status === "Retired" ? "bin_retired" : "bin_in_maintenance"
      return bin.customerId === null || bin.customerId === requirement.customerId ? null : "bin_of_another_customer"
    }
    case "BinFree": {
      const { binId, except } = requirement
      const inUse = ordersOf(rows, tenantId).some((order) => order.binId === binId && order.customerId !== except)
      return inUse ? "bin_in_use" : null
    }
  }
}
