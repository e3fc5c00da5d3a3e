/** Worked examples of the messages that leave the system: one pickup, from the registration of a customer to the emptied bin. */
import type { BinChanged } from "../bin/Topic.ts"
import type { CustomerChanged } from "../customer/Topic.ts"
import type { BinId, CorrelationId, CustomerId, EpochMillis, OrderId, ServiceCallId, TenantId } from "../Ids.ts"
import type { OrderChanged } from "../order/Topic.ts"
import type { ServiceCallEnded } from "../Topic.ts"

const tenantId = "5f0c9f57-3c1f-8a53-9d64-6b1f1f2f8a10" as TenantId
const customerId = "0198c0de-0c01-7000-8000-00000000c001" as CustomerId
const binId = "0198c0de-0b01-7000-8000-00000000b001" as BinId
const orderId = "0198c0de-0d01-7000-8000-00000000d001" as OrderId
const callId = "0f4c2a6e-5b1d-8c3a-9e7f-2d6b8a4c1e05" as ServiceCallId
const correlationId = "1y2p0ij32e8e7" as CorrelationId

const minute = 60_000
/** 2026-01-31T08:00:00Z, and so many minutes later. */
const at = (minutes: number): EpochMillis => (1_769_846_400_000 + minutes * minute) as EpochMillis

const common = { schemaVersion: 1, tenantId, correlationId } as const

const customer: CustomerChanged = {
  ...common,
  customerId,
  version: 1,
  status: "Active",
  fields: ["name", "email"],
  occurredAt: at(0)
}
const bin: BinChanged = {
  ...common,
  binId,
  version: 1,
  bin: {
    serialNumber: "SKIP-0042",
    category: "skip",
    sizeLitres: 7_000,
    location: { lat: 50.0875, lon: 14.4213 },
    customerId,
    capacityLitres: 7_000,
    status: "Active",
    createdAt: at(1),
    updatedAt: at(1)
  },
  occurredAt: at(1)
}
const drafted: OrderChanged = {
  ...common,
  orderId,
  version: 1,
  order: {
    customerId,
    binId,
    kind: "pickup",
    notifications: [{ url: "https://example.com/hooks/pickups", leadMs: 60 * minute }],
    status: "Draft",
    window: { from: at(24 * 60), to: at(26 * 60) },
    items: [],
    createdAt: at(2),
    updatedAt: at(2),
    endedAt: null
  },
  occurredAt: at(2)
}
const ended: ServiceCallEnded = {
  ...common,
  callId,
  status: "Succeeded",
  version: 3,
  attempt: 1,
  epoch: 1,
  httpStatus: 200,
  failureReason: null,
  endedAt: at(23 * 60)
}

const laterCustomer = (version: number, minutes: number, changes: Partial<CustomerChanged>): CustomerChanged => ({
  ...customer,
  version,
  occurredAt: at(minutes),
  ...changes
})
const laterBin = (version: number, minutes: number, changes: Partial<BinChanged["bin"]>): BinChanged => ({
  ...bin,
  version,
  bin: { ...bin.bin, ...changes, updatedAt: at(minutes) },
  occurredAt: at(minutes)
})
const laterOrder = (version: number, minutes: number, changes: Partial<OrderChanged["order"]>): OrderChanged => ({
  ...drafted,
  version,
  order: {
    ...drafted.order,
    items: [{ material: "mixed-rubble", quantity: 2_500, unit: "kilogram" }],
    ...changes,
    updatedAt: at(minutes)
  },
  occurredAt: at(minutes)
})
const moved = { from: at(48 * 60), to: at(50 * 60) }
const done = { status: "Completed", window: moved, endedAt: at(49 * 60) } as const

export const examples = {
  customerCreated: customer,
  customerUpdated: laterCustomer(2, 10, { fields: ["phone"] }),
  customerErased: laterCustomer(3, 99 * 60, { status: "Erased", fields: [] }),
  binCreated: bin,
  binUpdated: laterBin(2, 5, { location: { lat: 50.0755, lon: 14.4378 } }),
  binCapacityUpdated: laterBin(3, 6, { location: { lat: 50.0755, lon: 14.4378 }, capacityLitres: 5_500 }),
  binRetired: laterBin(4, 98 * 60, { capacityLitres: 5_500, status: "Retired" }),
  orderDrafted: drafted,
  orderChanged: laterOrder(2, 3, {}),
  orderScheduled: laterOrder(3, 4, { status: "Scheduled" }),
  orderMoved: laterOrder(4, 20, { status: "Scheduled", window: moved }),
  orderConfirmed: laterOrder(5, 30, { status: "Confirmed", window: moved }),
  orderCompleted: laterOrder(7, 49 * 60, done),
  orderCancelled: laterOrder(6, 40, { status: "Cancelled", window: moved, endedAt: at(40) }),
  pickupCompleted: laterOrder(7, 49 * 60, done),
  callSucceeded: ended,
  callFailed: {
    ...ended,
    status: "Failed",
    version: 16,
    attempt: 5,
    epoch: 5,
    httpStatus: 503,
    failureReason: "http_status"
  },
  callCancelled: { ...ended, status: "Cancelled", version: 2, attempt: 0, epoch: 0, httpStatus: null }
} as const satisfies Readonly<Record<string, CustomerChanged | BinChanged | OrderChanged | ServiceCallEnded>>
