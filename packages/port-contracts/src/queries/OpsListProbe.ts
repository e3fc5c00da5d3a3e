/** One probe for each kind whose rows are documents: how its rows are made and drawn at random. A kind without one does not compile. */
import { ApiKeyId, type ApiKeyRow, ApiKeyStatus } from "@dueline/contracts/apiKey/ApiKey"
import { BinCategory, type BinRow, BinStatus } from "@dueline/contracts/bin/Bin"
import { CustomerStatus } from "@dueline/contracts/customer/Customer"
import {
  CourierSourceId,
  type CourierSourceRow,
  defaultToleranceMs,
  SourceStatus
} from "@dueline/contracts/courierSource/CourierSource"
import { schemePresets } from "@dueline/contracts/courierSource/SignatureScheme"
import type { EpochMillis, TenantId } from "@dueline/contracts/Ids"
import { BulkJobId, type BulkJobRow, BulkJobStatus } from "@dueline/contracts/bulkJob/BulkJob"
import type { OpsCategory, RowOf } from "@dueline/contracts/kinds"
import { IngestionId, type IngestionRow, IngestionStatus } from "@dueline/contracts/ingestion/Ingestion"
import { OrderKind, OrderStatus } from "@dueline/contracts/order/Order"
import { FlowId, type FlowRow, FlowStatus } from "@dueline/contracts/flow/Flow"
import { PauseId, PauseOf, type PauseRow, PauseStatus } from "@dueline/contracts/pause/Pause"
import { type ScheduleRow, ScheduleId, ScheduleStatus } from "@dueline/contracts/schedule/Schedule"
import { defaultRetryPolicy, defaultTimeoutMs } from "@dueline/contracts/serviceCall/Spec"
import { ShipmentId, type ShipmentRow, ShipmentStatus } from "@dueline/contracts/shipment/Shipment"
import { SubscriptionId, type SubscriptionRow, SubscriptionStatus } from "@dueline/contracts/subscription/Subscription"
import { type TenantRow, TenantStatus, WorkspaceId } from "@dueline/contracts/tenant/Tenant"
import { Schema } from "effect"
import * as OpsSample from "./OpsSample.ts"
import * as Sample from "../Sample.ts"

interface Parts<K extends OpsCategory, Drawn> {
  readonly row: (tenantId: TenantId, changes: { readonly createdAt?: EpochMillis }) => RowOf<K>
  /** Whatever the list can be filtered by. */
  readonly drawn: Schema.Codec<Drawn, unknown>
  /** `n` tells the drawn rows of one tenant apart. */
  readonly rowOf: (tenantId: TenantId, drawn: Drawn, n: number) => RowOf<K>
}

export interface ListProbe<K extends OpsCategory> {
  readonly kind: K
  readonly row: Parts<K, unknown>["row"]
  readonly drawn: Schema.Codec<unknown, unknown>
  /** Takes what `drawn` gives. */
  readonly rowOf: (tenantId: TenantId, drawn: never, n: number) => RowOf<K>
}

const probe = <K extends OpsCategory, Drawn>(kind: K, parts: Parts<K, Drawn>): ListProbe<K> => ({ kind, ...parts })

/** Customers that drawn rows have in common. */
export const ids = [OpsSample.customerId(), OpsSample.customerId()]

const moment = Schema.Literals([Sample.now - 1, Sample.now, Sample.now + 1]).pipe(Schema.brand("EpochMillis"))
const made = { version: Schema.Literals([1, 2, 3]), createdAt: moment, updatedAt: moment }

const drawnCustomer = Schema.Struct({ ...made, status: CustomerStatus, erasedAt: Schema.NullOr(moment) })

const customer = probe("customer", { row: OpsSample.customer, drawn: drawnCustomer, rowOf: OpsSample.customer })

const degrees = Schema.Literals([0, 90, -90, 0.1, 0.30000000000000004])

const drawnBin = Schema.Struct({
  ...made,
  category: BinCategory,
  status: BinStatus,
  sizeLitres: Schema.Literals([1, 2, 1_000_000]),
  capacityLitres: Schema.Literals([0, 1]),
  location: Schema.NullOr(Schema.Struct({ lat: degrees, lon: degrees })),
  customerId: Schema.NullOr(Schema.Literals(ids))
})

const bin = probe("bin", {
  row: OpsSample.bin,
  drawn: drawnBin,
  rowOf: (tenantId, drawn, n): BinRow =>
    OpsSample.bin(tenantId, { ...drawn, serialNumber: `${n % 2 === 0 ? "a" : "A_"}${n}` })
})

const drawnOrder = Schema.Struct({
  ...made,
  kind: OrderKind,
  status: OrderStatus,
  customerId: Schema.Literals(ids),
  hasWindow: Schema.Boolean,
  endedAt: Schema.NullOr(moment)
})

const order = probe("order", {
  row: (tenantId, changes) => OpsSample.order(OpsSample.bin(tenantId), OpsSample.customerId(), changes),
  drawn: drawnOrder,
  rowOf: (tenantId, { customerId, hasWindow, ...drawn }, n) => {
    const holds = drawn.status === "Scheduled" || drawn.status === "Confirmed"
    const window = hasWindow || holds ? OpsSample.hours(n, n + 1) : null
    return OpsSample.order(OpsSample.bin(tenantId), customerId, { ...drawn, window })
  }
})

const courierSourceRow = (tenantId: TenantId, changes: Partial<CourierSourceRow> = {}): CourierSourceRow => {
  const id = CourierSourceId.make(Sample.uuid())
  return {
    _tag: "CourierSourceRow",
    tenantId,
    courierSourceId: id,
    version: 1,
    name: `source-${id}`,
    scheme: schemePresets.github,
    toleranceMs: defaultToleranceMs,
    status: "Active",
    secrets: [],
    createdAt: Sample.now as EpochMillis,
    updatedAt: Sample.now as EpochMillis,
    correlationId: "0abc",
    ...changes
  }
}

const courierSource = probe("courier-source", {
  row: courierSourceRow,
  drawn: Schema.Struct({ ...made, status: SourceStatus }),
  rowOf: (tenantId, drawn, n): CourierSourceRow =>
    courierSourceRow(tenantId, { ...drawn, name: `${n % 2 === 0 ? "a" : "a-"}${n}` })
})

const courierEvent = { type: "label.created", occurredAt: Sample.now as EpochMillis, orderId: null } as const

const ingestionRow = (tenantId: TenantId, changes: Partial<IngestionRow> = {}): IngestionRow => ({
  _tag: "IngestionRow",
  tenantId,
  ingestionId: IngestionId.make(Sample.uuid()),
  version: 1,
  courierSourceId: CourierSourceId.make(Sample.uuid()),
  status: "Received",
  bodyBytes: 2,
  event: null,
  delivery: null,
  rejection: null,
  failures: 0,
  attempts: [],
  createdAt: Sample.now as EpochMillis,
  updatedAt: Sample.now as EpochMillis,
  endedAt: null,
  correlationId: "0abc",
  ...changes
})

const payloadOf = (dueAt: EpochMillis | null): Partial<IngestionRow> => ({
  courierSourceId: null,
  dropbin: { reference: null, orderId: null, failure: null, dueAt }
})

const ingestion = probe("ingestion", {
  row: ingestionRow,
  drawn: Schema.Struct({
    ...made,
    status: IngestionStatus,
    hasEvent: Schema.Boolean,
    dueAt: Schema.Literals(["none", "ended", "due"]),
    endedAt: Schema.NullOr(moment)
  }),
  rowOf: (tenantId, { dueAt, hasEvent, ...drawn }, n): IngestionRow =>
    ingestionRow(tenantId, {
      ...drawn,
      ...(dueAt === "none" ? {} : payloadOf(dueAt === "due" ? (Sample.now as EpochMillis) : null)),
      event: hasEvent ? { ...courierEvent, eventId: `e-${n}`, trackingReference: `T${n % 3}` } : null,
      rejection: hasEvent ? null : { reason: "signature_wrong", unrecorded: n }
    })
})

const bulkJobRow = (tenantId: TenantId, changes: Partial<BulkJobRow> = {}): BulkJobRow => ({
  _tag: "BulkJobRow",
  tenantId,
  bulkJobId: BulkJobId.make(Sample.uuid()),
  version: 1,
  work: {
    _tag: "CancelCalls",
    filter: { status: "Scheduled", tags: [], dueFrom: null, dueTo: null, search: "hooks" }
  },
  plan: { at: Sample.now as EpochMillis, count: 1, exact: true },
  rate: 50,
  startedBy: "operator",
  status: "Completed",
  steps: 0,
  after: null,
  done: 0,
  failed: 0,
  skipped: 0,
  createdAt: Sample.now as EpochMillis,
  updatedAt: Sample.now as EpochMillis,
  endedAt: null,
  correlationId: "0abc",
  ...changes
})

const bulkJob = probe("bulk-job", {
  row: bulkJobRow,
  drawn: Schema.Struct({ ...made, status: BulkJobStatus, endedAt: Schema.NullOr(moment) }),
  rowOf: (tenantId, drawn, n): BulkJobRow => bulkJobRow(tenantId, { ...drawn, startedBy: `user-${n % 3}` })
})

const shipmentRow = (tenantId: TenantId, changes: Partial<ShipmentRow> = {}): ShipmentRow => ({
  _tag: "ShipmentRow",
  tenantId,
  shipmentId: ShipmentId.make(Sample.uuid()),
  version: 1,
  courierSourceId: CourierSourceId.make(Sample.uuid()),
  trackingReference: "T1",
  orderId: null,
  status: "LabelCreated",
  statusAt: Sample.now as EpochMillis,
  milestones: { label: null, pickup: null, moving: null, delivered: null, returned: null },
  createdAt: Sample.now as EpochMillis,
  updatedAt: Sample.now as EpochMillis,
  correlationId: "0abc",
  ...changes
})

const shipment = probe("shipment", {
  row: shipmentRow,
  drawn: Schema.Struct({ ...made, status: ShipmentStatus, statusAt: moment }),
  rowOf: (tenantId, drawn, n): ShipmentRow => shipmentRow(tenantId, { ...drawn, trackingReference: `T${n % 3}` })
})

const apiKeyRow = (tenantId: TenantId, changes: Partial<ApiKeyRow> = {}): ApiKeyRow => ({
  _tag: "ApiKeyRow",
  tenantId,
  apiKeyId: ApiKeyId.make(Sample.uuid()),
  version: 1,
  name: "web-shop",
  workspace: "default",
  scopes: ["ops:events.write"],
  expiresAt: null,
  digest: "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
  status: "Active",
  createdAt: Sample.now as EpochMillis,
  updatedAt: Sample.now as EpochMillis,
  correlationId: "0abc",
  ...changes
})

const tenantRow = (tenantId: TenantId, changes: Partial<TenantRow> = {}): TenantRow => ({
  _tag: "TenantRow",
  tenantId,
  workspaceId: WorkspaceId.make(Sample.uuid()),
  version: 1,
  workspace: `workspace-${tenantId}`,
  name: "A tenant",
  status: "Active",
  suspendedReason: null,
  createdAt: Sample.now as EpochMillis,
  updatedAt: Sample.now as EpochMillis,
  correlationId: "0abc",
  ...changes
})

const apiKey = probe("api-key", {
  row: apiKeyRow,
  drawn: Schema.Struct({
    ...made,
    status: ApiKeyStatus,
    workspace: Schema.Literals(["default", "shop"]),
    expiresAt: Schema.NullOr(moment)
  }),
  rowOf: (tenantId, drawn, n): ApiKeyRow => apiKeyRow(tenantId, { ...drawn, name: `key-${n % 3}` })
})

const tenant = probe("tenant", {
  row: tenantRow,
  drawn: Schema.Struct({ ...made, status: TenantStatus }),
  rowOf: (tenantId, drawn): TenantRow =>
    tenantRow(tenantId, { ...drawn, suspendedReason: drawn.status === "Active" ? null : "unpaid" })
})

export const flowRow = (tenantId: TenantId, changes: Partial<FlowRow> = {}): FlowRow => {
  const flowId = FlowId.make(Sample.uuid())
  return {
    _tag: "FlowRow",
    tenantId,
    flowId,
    version: 1,
    key: `flow-${flowId}`,
    concurrency: null,
    ratePerSecond: null,
    status: "Active",
    createdAt: Sample.now as EpochMillis,
    updatedAt: Sample.now as EpochMillis,
    correlationId: "0abc",
    ...changes
  }
}

const flow = probe("flow", {
  row: flowRow,
  drawn: Schema.Struct({ ...made, status: FlowStatus }),
  rowOf: (tenantId, drawn): FlowRow => flowRow(tenantId, drawn)
})

export const pauseRow = (tenantId: TenantId, changes: Partial<PauseRow> = {}): PauseRow => ({
  _tag: "PauseRow",
  tenantId,
  pauseId: PauseId.make(Sample.uuid()),
  version: 1,
  of: "target",
  key: "example.com",
  reason: "they are moving",
  pausedBy: "operator",
  status: "Active",
  resumedAt: null,
  resumedBy: null,
  releasePerSecond: null,
  createdAt: Sample.now as EpochMillis,
  updatedAt: Sample.now as EpochMillis,
  correlationId: "0abc",
  ...changes
})

const pause = probe("pause", {
  row: pauseRow,
  drawn: Schema.Struct({
    ...made,
    status: PauseStatus,
    of: PauseOf,
    key: Schema.NullOr(Schema.Literals(["example.com", "stripe"]))
  }),
  rowOf: (tenantId, drawn): PauseRow => pauseRow(tenantId, drawn)
})

export const scheduleRow = (tenantId: TenantId, changes: Partial<ScheduleRow> = {}): ScheduleRow => ({
  _tag: "ScheduleRow",
  tenantId,
  scheduleId: ScheduleId.make(Sample.uuid()),
  version: 1,
  name: "nightly",
  timing: { _tag: "Cron", expression: "@daily", zone: "Europe/Prague", missingHour: "shift", repeatedHour: "auto" },
  from: null,
  until: null,
  jitterMs: 0,
  offsetMs: 0,
  overlap: "skip",
  missed: { _tag: "Skip" },
  call: {
    request: { method: "GET", url: "https://example.com/", headers: {}, bodyBytes: 0, bodySnippet: null },
    timeoutMs: defaultTimeoutMs,
    retry: defaultRetryPolicy,
    tags: []
  },
  doneUntil: Sample.now as EpochMillis,
  nextAt: null,
  zoneData: "2026c",
  waiting: [],
  lookAt: null,
  looks: 0,
  status: "Active",
  pausedReason: null,
  revision: 1,
  last: null,
  fired: 0,
  lastSkip: null,
  createdAt: Sample.now as EpochMillis,
  updatedAt: Sample.now as EpochMillis,
  correlationId: "0abc",
  wakeAt: null,
  ...changes
})

const schedule = probe("schedule", {
  row: scheduleRow,
  drawn: Schema.Struct({
    ...made,
    status: ScheduleStatus,
    zone: Schema.Literals(["UTC", "Europe/Prague"]),
    nextAt: Schema.NullOr(moment)
  }),
  rowOf: (tenantId, { zone, ...drawn }, n): ScheduleRow =>
    scheduleRow(tenantId, {
      ...drawn,
      name: n % 3 === 0 ? null : `n-${n % 3}`,
      timing: { _tag: "Every", everyMs: 1_000, anchor: Sample.now as EpochMillis, zone }
    })
})

export const subscriptionRow = (tenantId: TenantId, changes: Partial<SubscriptionRow> = {}): SubscriptionRow => ({
  _tag: "SubscriptionRow",
  tenantId,
  subscriptionId: SubscriptionId.make(Sample.uuid()),
  version: 1,
  name: "warehouse",
  url: "https://example.com/hooks",
  topics: ["ops.>"],
  filter: null,
  status: "Active",
  pausedReason: null,
  disabledReason: null,
  secrets: [],
  failingSince: null,
  lastFailure: null,
  redelivery: null,
  tests: 0,
  createdAt: Sample.now as EpochMillis,
  updatedAt: Sample.now as EpochMillis,
  correlationId: "0abc",
  ...changes
})

const subscription = probe("subscription", {
  row: subscriptionRow,
  drawn: Schema.Struct({ ...made, status: SubscriptionStatus }),
  rowOf: (tenantId, drawn, n): SubscriptionRow =>
    subscriptionRow(tenantId, { ...drawn, name: n % 3 === 0 ? null : `n-${n % 3}` })
})

export const probes: { readonly [K in OpsCategory]: ListProbe<K> } = {
  customer,
  bin,
  order,
  "courier-source": courierSource,
  ingestion,
  shipment,
  "api-key": apiKey,
  tenant,
  "bulk-job": bulkJob,
  flow,
  pause,
  schedule,
  subscription
}
