/** Valid customers, bins and orders for suites, and commits of them. Ids come from `Sample`, so that no two sentences share one. */
import { binFits, type BinRow } from "@dueline/contracts/bin/Bin"
import { customerActive, type CustomerRow } from "@dueline/contracts/customer/Customer"
import { BinId, CustomerId, EpochMillis, OrderId, ServiceCallId, StreamId, type TenantId } from "@dueline/contracts/Ids"
import type { OrderFacts, OrderRow } from "@dueline/contracts/order/Order"
import type { Commit } from "@dueline/contracts/ports/Persistence"
import type { Requirement } from "@dueline/contracts/StoreRule"
import { categoryOfRow, type OpsCategory, rowId, type RowOf } from "@dueline/contracts/kinds"
import * as Sample from "../Sample.ts"

export type OpsRow = RowOf<OpsCategory>

export const customerId = (): CustomerId => CustomerId.make(Sample.uuid())
export const binId = (): BinId => BinId.make(Sample.uuid())
export const orderId = (): OrderId => OrderId.make(Sample.uuid())

const at = EpochMillis.make(Sample.now)
const made = { version: 1, createdAt: at, updatedAt: at, correlationId: "0abc" }

export const customer = (tenantId: TenantId, changes: Partial<CustomerRow> = {}): CustomerRow => ({
  _tag: "CustomerRow",
  tenantId,
  customerId: customerId(),
  ...made,
  status: "Active",
  erasedAt: null,
  ...changes
})

/** In service, for anyone, with a serial number of its own. */
export const bin = (tenantId: TenantId, changes: Partial<BinRow> = {}): BinRow => {
  const id = binId()
  return {
    _tag: "BinRow",
    tenantId,
    binId: id,
    ...made,
    serialNumber: `SN-${id}`,
    category: "skip",
    sizeLitres: 1_100,
    capacityLitres: 1_000,
    status: "Active",
    location: { lat: 50.0875, lon: 14.4213 },
    customerId: null,
    ...changes
  }
}

/** Hours from a day of the sample: `hours(8, 10)` is from eight to ten. */
export const hours = (from: number, to: number): NonNullable<OrderFacts["window"]> => ({
  from: EpochMillis.make(Sample.now + from * 3_600_000),
  to: EpochMillis.make(Sample.now + to * 3_600_000)
})

/** Scheduled from eight to ten. */
export const order = (of: BinRow, customer: CustomerId, changes: Partial<OrderRow> = {}): OrderRow => ({
  _tag: "OrderRow",
  tenantId: of.tenantId,
  orderId: orderId(),
  ...made,
  customerId: customer,
  binId: of.binId,
  kind: "delivery",
  notifications: [{ url: "https://api.example.com/hooks/1", leadMs: 60_000 }],
  status: "Scheduled",
  window: hours(8, 10),
  items: [{ material: "gravel", quantity: 2, unit: "piece" }],
  endedAt: null,
  ...changes
})

/** Row and stream of an aggregate, as the helpers of `PersistenceProbe` name one. */
export const target = (row: OpsRow): Sample.Target => ({
  tenantId: row.tenantId,
  callId: ServiceCallId.make(rowId(row))
})

export type CommitChanges = Partial<Omit<Commit, "tenantId" | "streamId" | "category">>

/** One event that leaves the row as it is given; nothing is required unless asked for. */
export const commit = (row: OpsRow, changes: CommitChanges = {}): Commit => ({
  events: [Sample.event()],
  requires: [],
  snapshot: null,
  sealed: { _tag: "keep" },
  outbox: [],
  receipts: [],
  row,
  expectedVersion: row.version - 1,
  ...changes,
  tenantId: row.tenantId,
  streamId: StreamId.make(rowId(row)),
  category: categoryOfRow(row)
})

/** The row one version later. */
export const next = <Row extends OpsRow>(row: Row, changes: Partial<Row> = {}): Row => ({
  ...row,
  version: row.version + 1,
  ...changes
})

/** What an order asks of others when it takes hold of its bin. */
export const binding = ({ binId, customerId }: OrderRow): ReadonlyArray<Requirement> => [
  customerActive(customerId),
  binFits(binId, customerId)
]

export const placed = (row: OrderRow): Commit => commit(row, { requires: binding(row) })

/** A tenant's customer and a bin of it, both to be committed first. */
export const yard = (tenantId: TenantId = Sample.tenantId()) => ({
  tenantId,
  customer: customer(tenantId),
  bin: bin(tenantId)
})
