/** What tests that go over all kinds need to know of each. A kind that is missing does not compile. */
import type { ApiKeyEvent } from "@dueline/contracts/apiKey/ApiKey"
import type { BinEvent } from "@dueline/contracts/bin/Bin"
import { type BulkJobEvent, BulkJobId } from "@dueline/contracts/bulkJob/BulkJob"
import { type CourierSourceEvent, CourierSourceId } from "@dueline/contracts/courierSource/CourierSource"
import { schemePresets } from "@dueline/contracts/courierSource/SignatureScheme"
import type { Category, Command } from "@dueline/contracts/kinds"
import type { CustomerEvent } from "@dueline/contracts/customer/Customer"
import type { OrderEvent } from "@dueline/contracts/order/Order"
import type { ServiceCallEvent } from "@dueline/contracts/serviceCall/Event"
import { type IngestionEvent, IngestionId } from "@dueline/contracts/ingestion/Ingestion"
import type { FlowEvent } from "@dueline/contracts/flow/Flow"
import type { PauseEvent } from "@dueline/contracts/pause/Pause"
import { type ScheduleEvent, ScheduleId } from "@dueline/contracts/schedule/Schedule"
import { ServiceCallId } from "@dueline/contracts/Ids"
import { type ShipmentEvent, ShipmentId } from "@dueline/contracts/shipment/Shipment"
import { type SubscriptionEvent, SubscriptionId } from "@dueline/contracts/subscription/Subscription"
import type { TenantEvent } from "@dueline/contracts/tenant/Tenant"
import * as Field from "./FieldSample.ts"
import * as FlowSteps from "./FlowSteps.ts"
import * as PauseSteps from "./PauseSteps.ts"
import * as Call from "./ServiceCallSample.ts"
import * as TenantSteps from "./TenantSteps.ts"

type Samples<E extends { readonly _tag: string }> = { readonly [Tag in E["_tag"]]: Extract<E, { readonly _tag: Tag }> }

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
const origin = { ...Call.origin, traceparent }
const response = { bodyBytes: 12, bodySnippet: '{"ok":true}', truncated: false }

const serviceCall: Samples<ServiceCallEvent> = {
  ServiceCallSubmitted: {
    _tag: "ServiceCallSubmitted",
    spec: Call.spec({ jitter: 0.2 }),
    dueAt: Call.dueAt,
    submittedAt: Call.t0,
    fingerprint: "f1",
    origin
  },
  ServiceCallReplaced: {
    _tag: "ServiceCallReplaced",
    spec: { ...Call.spec({ jitter: 0.2 }), pending: { key: "report" } },
    dueAt: Call.dueAt
  },
  CallbackWanted: { _tag: "CallbackWanted", revision: 2 },
  CallbackSettled: { _tag: "CallbackSettled", revision: 2, callbackId: null, reason: "egress_denied" },
  ServiceCallRescheduled: { _tag: "ServiceCallRescheduled", dueAt: Call.dueAt },
  ServiceCallCancelled: { _tag: "ServiceCallCancelled" },
  CancellationRequested: { _tag: "CancellationRequested", epoch: 1 },
  ExecutionStarted: {
    _tag: "ExecutionStarted",
    epoch: 2,
    attempt: 2,
    worker: Call.worker,
    startedAt: Call.dueAt,
    deadlineAt: Call.ms(Call.dueAt + 6_000)
  },
  ExecutionSucceeded: { _tag: "ExecutionSucceeded", epoch: 2, attempt: 2, status: 200, durationMs: 80, response },
  ExecutionFailed: {
    _tag: "ExecutionFailed",
    epoch: 1,
    attempt: 1,
    reason: "http_status",
    detail: "503 Service Unavailable",
    status: 503,
    durationMs: 80,
    response
  },
  ExecutionHandedBack: {
    _tag: "ExecutionHandedBack",
    epoch: 2,
    reason: "circuit_open",
    retryAt: Call.ms(Call.dueAt + 5_000)
  },
  RetryScheduled: { _tag: "RetryScheduled", attempt: 2, dueAt: Call.ms(Call.dueAt + 1_080) },
  ServiceCallFailed: { _tag: "ServiceCallFailed", reason: "attempts_exhausted" },
  ServiceCallRerun: { _tag: "ServiceCallRerun", dueAt: Call.ms(Call.dueAt + 900_000) },
  ExecutionSuperseded: { _tag: "ExecutionSuperseded", epoch: 1, currentEpoch: 2, outcome: "succeeded" }
}

const customer: Samples<CustomerEvent> = {
  CustomerRegistered: {
    _tag: "CustomerRegistered",
    fields: ["name", "email", "phone", "address", "notes"],
    registeredAt: Field.t0,
    fingerprint: "f1",
    origin
  },
  CustomerUpdated: { _tag: "CustomerUpdated", fields: ["address"] },
  CustomerErased: { _tag: "CustomerErased" }
}

const bin: Samples<BinEvent> = {
  BinCreated: {
    _tag: "BinCreated",
    bin: Field.description({ customerId: Field.customerId }),
    capacityLitres: 900,
    createdAt: Field.t0,
    fingerprint: "f1",
    origin
  },
  BinUpdated: {
    _tag: "BinUpdated",
    bin: Field.description({ location: null, serialNumber: "SN-2" }),
    status: "Maintenance",
    changed: ["serialNumber", "location", "status"]
  },
  BinCapacityUpdated: { _tag: "BinCapacityUpdated", capacityLitres: 1_000, previousLitres: 900 },
  BinRetired: { _tag: "BinRetired" }
}

const order: Samples<OrderEvent> = {
  OrderDrafted: {
    _tag: "OrderDrafted",
    terms: Field.terms({ kind: "swap", origin }),
    window: Field.hours(8, 10),
    items: [Field.item(3), { material: "oil", quantity: 200, unit: "litre" }],
    createdAt: Field.t0,
    fingerprint: "f1"
  },
  OrderItemsAdded: { _tag: "OrderItemsAdded", items: [{ material: "paper", quantity: 12, unit: "kilogram" }] },
  OrderScheduled: { _tag: "OrderScheduled", window: Field.hours(8, 10) },
  OrderMoved: { _tag: "OrderMoved", window: Field.hours(9, 12), previous: Field.hours(8, 10) },
  OrderConfirmed: { _tag: "OrderConfirmed" },
  OrderCancelled: { _tag: "OrderCancelled" },
  OrderCompleted: { _tag: "OrderCompleted" },
  PickupCompleted: { _tag: "PickupCompleted", binId: Field.binId }
}

const courierSourceId = CourierSourceId.make("00000000-0000-7000-8000-e00000000001")
const secretId = (n: number) => `00000000-0000-7000-8000-e1${n.toString(16).padStart(10, "0")}`
const source = { name: "north-express", scheme: schemePresets["standard-webhooks"], toleranceMs: 300_000 }

const courierSource: Samples<CourierSourceEvent> = {
  CourierSourceCreated: {
    _tag: "CourierSourceCreated",
    source,
    secretId: secretId(1),
    createdAt: Call.t0,
    fingerprint: "f1",
    origin
  },
  CourierSecretRotated: { _tag: "CourierSecretRotated", secretId: secretId(2), previousUntil: Call.ms(Call.t0 + 1) },
  CourierSourceDisabled: { _tag: "CourierSourceDisabled" }
}

const ingestionId = IngestionId.make("00000000-0000-7000-8000-e20000000001")
const courierEvent = {
  eventId: "evt-1",
  type: "pickup.completed",
  trackingReference: "NX-0042",
  occurredAt: Call.t0,
  orderId: Field.orderId
} as const
const arrived = { courierSourceId, event: courierEvent, delivery: "msg-1", bodyBytes: 187, digest: "d1", origin }

const dropped = {
  reference: { uri: "https://files.example.com/orders/7?[redacted]", digest: `sha-256=:${"A".repeat(43)}=:` },
  bodyBytes: 187,
  fingerprint: "f1",
  origin
}

const ingestion: Samples<IngestionEvent> = {
  IngestionReceived: { _tag: "IngestionReceived", ...arrived, receivedAt: Call.t0 },
  IngestionRejected: {
    _tag: "IngestionRejected",
    courierSourceId,
    reason: "signature_wrong",
    unrecorded: 3,
    bodyBytes: 187,
    origin,
    rejectedAt: Call.t0
  },
  DropbinReceived: { _tag: "DropbinReceived", ...dropped, receivedAt: Call.t0 },
  IngestionRetried: { _tag: "IngestionRetried", reason: "StoreUnavailable" },
  IngestionCompleted: { _tag: "IngestionCompleted" },
  IngestionFailed: { _tag: "IngestionFailed", reason: "there is no order" },
  IngestionReplayed: { _tag: "IngestionReplayed", replay: 1 }
}

const shipmentId = ShipmentId.make("00000000-0000-7000-8000-e30000000001")

const shipment: Samples<ShipmentEvent> = {
  ShipmentEventRecorded: {
    _tag: "ShipmentEventRecorded",
    courierSourceId,
    event: courierEvent,
    origin,
    recordedAt: Call.t0
  }
}

const key = {
  name: "web-shop",
  workspace: "default",
  scopes: ["ops:events.write"],
  expiresAt: Call.ms(Call.t0 + 86_400_000),
  digest: "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
}

const apiKey: Samples<ApiKeyEvent> = {
  ApiKeyCreated: { _tag: "ApiKeyCreated", key, createdAt: Call.t0, fingerprint: "f1", origin },
  ApiKeyRevoked: { _tag: "ApiKeyRevoked" }
}

const tenant: Samples<TenantEvent> = {
  TenantCreated: {
    _tag: "TenantCreated",
    workspace: "acme",
    name: "Acme Waste",
    createdAt: Call.t0,
    fingerprint: "f1",
    origin
  },
  TenantRenamed: { _tag: "TenantRenamed", name: "Acme Group" },
  TenantSuspended: { _tag: "TenantSuspended", reason: "unpaid" },
  TenantResumed: { _tag: "TenantResumed" },
  TenantDeletionBegun: { _tag: "TenantDeletionBegun", exported: true },
  TenantErased: {
    _tag: "TenantErased",
    workspace: "deleted-5f0c9f57-3c1f-8a53-9d64-6b1f1f2f8a10",
    erasedAt: Call.t0
  }
}

const flow: Samples<FlowEvent> = {
  FlowDefined: { _tag: "FlowDefined", key: "stripe", concurrency: 5, ratePerSecond: 2, origin },
  FlowRemoved: { _tag: "FlowRemoved" }
}

const pause: Samples<PauseEvent> = {
  PauseCreated: {
    _tag: "PauseCreated",
    of: "target",
    key: "api.example.com",
    reason: "they are moving",
    pausedBy: "operator",
    createdAt: Call.t0,
    fingerprint: "f1",
    origin
  },
  PauseResumed: { _tag: "PauseResumed", resumedBy: "operator", releasePerSecond: 20 }
}

const bulkJobId = BulkJobId.make("00000000-0000-7000-8000-e40000000001")
const bulkJobBegun = {
  work: {
    _tag: "MoveCalls",
    filter: { status: "Scheduled", tags: ["a:1"], dueFrom: Call.t0, dueTo: Call.dueAt, search: "hooks" },
    to: null,
    byMs: 60_000
  },
  plan: { at: Call.t0, count: 3, exact: true },
  rate: 50,
  startedBy: "operator",
  origin
} as const
const bulkStep = { done: 1, failed: 1, skipped: 1, after: { at: Call.t0, id: bulkJobId } }

const bulkJob: Samples<BulkJobEvent> = {
  BulkJobStarted: { _tag: "BulkJobStarted", ...bulkJobBegun, startedAt: Call.t0 },
  BulkStepRecorded: { _tag: "BulkStepRecorded", step: 1, ...bulkStep },
  BulkJobPaused: { _tag: "BulkJobPaused" },
  BulkJobResumed: { _tag: "BulkJobResumed" },
  BulkJobAbortRequested: { _tag: "BulkJobAbortRequested" },
  BulkJobAborted: { _tag: "BulkJobAborted" },
  BulkJobCompleted: { _tag: "BulkJobCompleted" }
}

const scheduleId = ScheduleId.make("00000000-0000-7000-8000-e40000000001")
const nextAt = Call.ms(Call.t0 + 60_000)
const progress = { doneUntil: Call.t0, nextAt, zoneData: "2026c", waiting: [], lookAt: null, looks: 0 }
const rule = {
  name: "nightly-report",
  timing: { _tag: "Cron", expression: "* * * * *", zone: "UTC", missingHour: "shift", repeatedHour: "auto" },
  from: null,
  until: Call.ms(Call.t0 + 86_400_000),
  jitterMs: 5_000,
  offsetMs: 1_234,
  overlap: "queue",
  missed: { _tag: "All", max: 10, windowMs: 3_600_000 },
  call: Call.spec({ jitter: 0.2 })
} as const
const skip = { reason: "missed", first: Call.t0, last: nextAt, count: 2 } as const
const firing = {
  occurrence: { at: nextAt, mark: "shifted" },
  cause: "caught_up",
  callId: Call.callId,
  dueAt: Call.ms(nextAt + 1_234),
  cancels: null
} as const

const schedule: Samples<ScheduleEvent> = {
  ScheduleCreated: { _tag: "ScheduleCreated", terms: rule, progress, createdAt: Call.t0, fingerprint: "f1", origin },
  ScheduleUpdated: {
    _tag: "ScheduleUpdated",
    terms: { ...rule, timing: { _tag: "Every", everyMs: 90_000, anchor: Call.t0, zone: "Europe/Prague" } },
    progress
  },
  SchedulePaused: { _tag: "SchedulePaused", reason: "the reports move" },
  ScheduleResumed: { _tag: "ScheduleResumed", progress },
  ScheduleDeleted: { _tag: "ScheduleDeleted" },
  ScheduleFired: { _tag: "ScheduleFired", firing, progress },
  OccurrencesSkipped: { _tag: "OccurrencesSkipped", skip, progress },
  ScheduleWaited: {
    _tag: "ScheduleWaited",
    progress: { ...progress, waiting: [firing.occurrence], lookAt: Call.ms(nextAt + 1_000), looks: 1 }
  },
  ScheduleMoved: { _tag: "ScheduleMoved", previousAt: Call.t0, previousZoneData: "2026b", progress }
}

const subscriptionId = SubscriptionId.make("00000000-0000-7000-8000-e60000000001")
const subscriptionTerms = {
  name: "warehouse",
  url: "https://example.com/hooks?token=[redacted]",
  topics: ["ops.service.order.>"],
  filter: 'tag eq "vip"'
}

const subscription: Samples<SubscriptionEvent> = {
  SubscriptionCreated: {
    _tag: "SubscriptionCreated",
    terms: subscriptionTerms,
    secretId: secretId(0),
    createdAt: Call.t0,
    fingerprint: "f1",
    origin
  },
  SubscriptionUpdated: { _tag: "SubscriptionUpdated", terms: { ...subscriptionTerms, name: null, filter: null } },
  SubscriptionSecretRotated: {
    _tag: "SubscriptionSecretRotated",
    secretId: secretId(1),
    previousUntil: Call.ms(Call.t0 + 3_600_000)
  },
  SubscriptionPaused: { _tag: "SubscriptionPaused", reason: "the warehouse moves" },
  SubscriptionEnabled: { _tag: "SubscriptionEnabled" },
  SubscriptionTested: { _tag: "SubscriptionTested", number: 1 },
  RedeliveryBegun: { _tag: "RedeliveryBegun", number: 1, from: Call.t0, to: Call.dueAt },
  RedeliveryAdvanced: { _tag: "RedeliveryAdvanced", after: 7, put: 3, last: true },
  SubscriptionFailing: { _tag: "SubscriptionFailing", since: Call.t0, lastFailure: "HTTP 503" },
  SubscriptionRecovered: { _tag: "SubscriptionRecovered" },
  SubscriptionDisabled: { _tag: "SubscriptionDisabled", reason: "failing", lastFailure: "connect" },
  SubscriptionDeleted: { _tag: "SubscriptionDeleted" }
}

/** One full case of each event as it is written today, used once: to write the file of an event, or of a version of one, that is new. */
export const samples = {
  "service-call": serviceCall,
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
} as const satisfies Readonly<Record<Category, unknown>>

/** An API key has two versions at most. */
type Growing = Exclude<Category, "api-key">

/** A first command, and then one that changes something each time, whatever came before. */
export const lives: Readonly<
  Record<Growing, readonly [first: Command, next: (n: number) => Command, accepted: string]>
> = {
  "service-call": [Call.submit(), (n) => Call.reschedule({ dueAt: Call.ms(Call.dueAt + n) }), "Rescheduled"],
  customer: [Field.register(), (n) => Field.updateCustomer({ sealed: `key.${n}` }), "CustomerAccepted"],
  bin: [Field.createBin(), (n) => Field.updateCapacity(n % 900), "BinAccepted"],
  order: [Field.createOrder({ schedule: true }), (n) => Field.move(Field.hours(n % 20, (n % 20) + 1)), "OrderAccepted"],
  "courier-source": [
    {
      _tag: "CreateCourierSource",
      courierSourceId,
      at: Call.t0,
      source,
      secretId: secretId(0),
      sealed: "v1.key.text",
      fingerprint: "f1",
      origin
    },
    (n) => ({
      _tag: "RotateCourierSecret",
      courierSourceId,
      at: Call.t0,
      secretId: secretId(n),
      sealed: `v1.key.${n}`,
      overlapMs: 1_000
    }),
    "CourierSourceAccepted"
  ],
  ingestion: [
    { _tag: "ReceiveIngestion", ingestionId, at: Call.t0, ...arrived, sealed: "v1.key.body" },
    (n) => ({ _tag: "RetryIngestion", ingestionId, at: Call.t0, reason: `try ${n}` }),
    "IngestionAccepted"
  ],
  shipment: [
    { _tag: "RecordShipmentEvent", shipmentId, at: Call.t0, courierSourceId, event: courierEvent, origin },
    (n) => ({
      _tag: "RecordShipmentEvent",
      shipmentId,
      at: Call.t0,
      courierSourceId,
      event: {
        ...courierEvent,
        eventId: `evt-${n}`,
        type: "shipment.in_transit",
        occurredAt: Call.ms(Call.t0 + n)
      },
      origin
    }),
    "ShipmentAccepted"
  ],
  flow: [FlowSteps.define(null), (n) => FlowSteps.define((n % 900) + 1), "FlowAccepted"],
  pause: [PauseSteps.create(), (n) => PauseSteps.resume(n), "PauseAccepted"],
  tenant: [TenantSteps.create(), (n) => TenantSteps.rename(`name ${n}`), "TenantAccepted"],
  "bulk-job": [
    { _tag: "StartBulkJob", bulkJobId, at: Call.t0, ...bulkJobBegun },
    // By turns, from 3 on; a number that is not the next one comes after a pause.
    (n) => ({ _tag: n % 2 === 1 && n < 10_000 ? "PauseBulkJob" : "ResumeBulkJob", bulkJobId, at: Call.t0 }),
    "BulkJobAccepted"
  ],
  schedule: [
    {
      _tag: "CreateSchedule",
      scheduleId,
      at: Call.t0,
      terms: rule,
      progress,
      sealed: "v1.key.request",
      fingerprint: "f1",
      origin
    },
    (n) => ({
      _tag: "RunSchedule",
      scheduleId,
      at: Call.ms(Call.t0 + n),
      callId: ServiceCallId.make(`00000000-0000-7000-8000-e5${n.toString(16).padStart(10, "0")}`)
    }),
    "ScheduleAccepted"
  ],
  subscription: [
    {
      _tag: "CreateSubscription",
      subscriptionId,
      at: Call.t0,
      terms: subscriptionTerms,
      sealedUrl: "v1.key.url",
      secretId: secretId(0),
      sealed: "v1.key.text",
      fingerprint: "f1",
      origin
    },
    (n) => ({
      _tag: "RotateSubscriptionSecret",
      subscriptionId,
      at: Call.t0,
      secretId: secretId(n),
      sealed: `v1.key.${n}`,
      overlapMs: 1_000
    }),
    "SubscriptionAccepted"
  ]
}
