/**
 * What an ingestion is: the record of one courier's event that came in, or was refused, or of one payload for an order; and of what became of
 * it. Never with its contents.
 */
import { Schema } from "effect"
import { CourierSourceId } from "../courierSource/CourierSource.ts"
import { CorrelationId, EpochMillis, OrderId, TenantId, uuid } from "../Ids.ts"
import type { Rules } from "../Rules.ts"
import { Origin } from "../serviceCall/Spec.ts"
import type { Fields } from "../specification/Specification.ts"
import { common, ids, minutesLater, topic } from "../topics/topic.ts"
import { DropbinFacts, DropbinFailure, PayloadReference } from "./Dropbin.ts"

/** Also the id of its stream. Follows from tenant, source and the sender's id of the event; of a payload from tenant and Idempotency-Key. */
export const IngestionId = uuid.pipe(Schema.brand("IngestionId"))
export type IngestionId = typeof IngestionId.Type

/**
 * `Processing`: it failed for a while and is tried again. `Rejected`: it was never let in. The last three are final, but one that failed can be
 * replayed.
 */
export const IngestionStatus = Schema.Literals(["Received", "Processing", "Completed", "Failed", "Rejected"])
export type IngestionStatus = typeof IngestionStatus.Type

export const CourierEventType = Schema.Literals([
  "label.created",
  "pickup.completed",
  "shipment.in_transit",
  "shipment.delivered",
  "shipment.exception",
  "shipment.returned"
])
export type CourierEventType = typeof CourierEventType.Type

/** The sender's own name of an event: the same id is the same event. */
export const EventId = Schema.String.check(
  Schema.isPattern(/^[\x21-\x7e]{1,128}$/u, { description: "1 to 128 visible ASCII characters" })
)
export const TrackingReference = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/u, {
    description: "1 to 64 letters, digits and ._-, beginning with a letter or digit"
  })
)

/** Of an event what is needed to act on it. Whatever else was sent stays in the sealed body. */
export const EventFacts = Schema.Struct({
  eventId: EventId,
  type: CourierEventType,
  trackingReference: TrackingReference,
  /** When it happened, by the courier's clock. */
  occurredAt: EpochMillis,
  orderId: Schema.NullOr(OrderId)
})
export type EventFacts = typeof EventFacts.Type

/** Why a request of a known source was not let in. */
export const RejectionReason = Schema.Literals([
  "header_missing",
  "header_repeated",
  "signature_malformed",
  "signatures_too_many",
  "timestamp_malformed",
  "timestamp_out_of_range",
  "signature_wrong",
  "source_disabled",
  "body_invalid"
])
export type RejectionReason = typeof RejectionReason.Type

export const Attempt = Schema.Struct({ at: EpochMillis, reason: Schema.String })
/** The latest failed attempts that are kept. */
export const maxAttemptsKept = 20

/** Who keeps a dead letter of each that failed. The letter's event is the ingestion itself, so that it has one, however often it fails. */
export const ingestionGroup = "ingestion"

/** Where ingestions come from. */
export const IngestionSource = Schema.Literals(["courier", "dropbin"])
export type IngestionSource = typeof IngestionSource.Type

/** All that is known of an ingestion at one version. */
export const IngestionFacts = Schema.Struct({
  /** Null for a payload, which came under a token. */
  courierSourceId: Schema.NullOr(CourierSourceId),
  status: IngestionStatus,
  bodyBytes: Schema.Int,
  /** Null when it was rejected, and for a payload. */
  event: Schema.NullOr(EventFacts),
  /** What the sender calls this delivery in its own log, where its scheme names one. */
  delivery: Schema.NullOr(Schema.String),
  rejection: Schema.NullOr(
    Schema.Struct({
      reason: RejectionReason,
      /** Requests of the source that were refused before this one and have no record: too many in a minute. */
      unrecorded: Schema.Int
    })
  ),
  /** How often processing failed, and the latest times. */
  failures: Schema.Int,
  attempts: Schema.Array(Attempt).check(Schema.isMaxLength(maxAttemptsKept)),
  /** The last replay after it had failed, counted from 1, and the failures before it. */
  replayed: Schema.optionalKey(Schema.Struct({ replay: Schema.Int, failures: Schema.Int })),
  /** Only of a payload for an order. */
  dropbin: Schema.optionalKey(DropbinFacts),
  createdAt: EpochMillis,
  updatedAt: EpochMillis,
  endedAt: Schema.NullOr(EpochMillis)
})
export type IngestionFacts = typeof IngestionFacts.Type

const target = { ingestionId: IngestionId, at: EpochMillis }
const received = {
  courierSourceId: CourierSourceId,
  event: EventFacts,
  delivery: Schema.NullOr(Schema.String),
  bodyBytes: Schema.Int,
  /** Of the body: another body under the id of an event is another event, and refused. */
  digest: Schema.String,
  origin: Origin
}
const rejected = {
  courierSourceId: CourierSourceId,
  reason: RejectionReason,
  unrecorded: Schema.Int,
  bodyBytes: Schema.Int,
  origin: Origin
}

const dropped = {
  /** Null: the payload came with the request. */
  reference: Schema.NullOr(PayloadReference),
  bodyBytes: Schema.Int,
  /** Of the request; null without a key. */
  fingerprint: Schema.NullOr(Schema.String),
  origin: Origin
}

/** What may be asked of an ingestion. */
export const IngestionCommand = Schema.TaggedUnion({
  /** `sealed`: the whole body, as the vault sealed it. */
  ReceiveIngestion: { ...target, ...received, sealed: Schema.String },
  RejectIngestion: { ...target, ...rejected },
  /** `sealed`: the order that is asked for, or where it lies, as the vault sealed it. */
  ReceiveDropbin: { ...target, ...dropped, sealed: Schema.String },
  /** Processing failed for a reason that may pass. `dueAt`: when it is tried again, where that is for the ingestion to say. */
  RetryIngestion: { ...target, reason: Schema.String, dueAt: Schema.optionalKey(EpochMillis) },
  /** `orderId`: the order that was made of it; its payload is needed no more. */
  CompleteIngestion: { ...target, orderId: Schema.optionalKey(OrderId) },
  /** Processing failed for good. */
  FailIngestion: { ...target, reason: Schema.String, failure: Schema.optionalKey(DropbinFailure) },
  /** One that failed is processed once more. `replay`: of its dead letter, counted from 1; the same one again changes nothing. */
  ReplayIngestion: { ...target, replay: Schema.Int }
})
export type IngestionCommand = typeof IngestionCommand.Type

/** Facts about an ingestion. Every case is stored for ever: add cases, never edit one. */
export const IngestionEvent = Schema.TaggedUnion({
  IngestionReceived: { ...received, receivedAt: EpochMillis },
  IngestionRejected: { ...rejected, rejectedAt: EpochMillis },
  DropbinReceived: { ...dropped, receivedAt: EpochMillis },
  IngestionRetried: { reason: Schema.String, dueAt: Schema.optionalKey(EpochMillis) },
  IngestionCompleted: { orderId: Schema.optionalKey(OrderId) },
  IngestionFailed: { reason: Schema.String, failure: Schema.optionalKey(DropbinFailure) },
  IngestionReplayed: { replay: Schema.Int }
})
export type IngestionEvent = typeof IngestionEvent.Type

/** What an accepted command is answered with: the ingestion as the command left it. */
export const IngestionOutcome = Schema.TaggedUnion({
  IngestionAccepted: { ingestionId: IngestionId, ingestion: IngestionFacts }
})
export type IngestionOutcome = typeof IngestionOutcome.Type

const about = { ingestionId: IngestionId }

export class IngestionNotFound extends Schema.TaggedError<IngestionNotFound>()("IngestionNotFound", about) {}
/** The sender has used the event's id for another event, or the key for another request. */
export class IngestionIdTaken extends Schema.TaggedError<IngestionIdTaken>()("IngestionIdTaken", about) {}
/** It has come to its end in another way. */
export class IngestionEnded extends Schema.TaggedError<IngestionEnded>()("IngestionEnded", {
  ...about,
  status: IngestionStatus
}) {}

/** Why the answer to a command about an ingestion is no. Nothing was stored. */
export const IngestionRejection = Schema.Union([IngestionNotFound, IngestionIdTaken, IngestionEnded])
export type IngestionRejection = typeof IngestionRejection.Type

export const ingestionProblems = {
  signature_refused: { status: 401, title: "The request is not signed by a source that is known here." },
  event_id_reused: { status: 409, title: "The event's id was used for another event." },
  payload_ref_refused: { status: 422, title: "Payloads are not fetched from there." }
} as const

/** The read model of an ingestion: one row, in step with the events. */
export interface IngestionRow extends IngestionFacts {
  readonly _tag: "IngestionRow"
  readonly tenantId: TenantId
  readonly ingestionId: IngestionId
  readonly version: number
  readonly correlationId: string
}

/** Failures since it came in, or since it was replayed. */
export const failuresNow = ({ failures, replayed }: Pick<IngestionFacts, "failures" | "replayed">): number =>
  failures - (replayed?.failures ?? 0)

export const sourceOf = ({ dropbin }: Pick<IngestionFacts, "dropbin">): IngestionSource =>
  dropbin === undefined ? "courier" : "dropbin"

/** What lists of ingestions can be filtered by. */
export const ingestionFields = {
  source: { type: "text", read: sourceOf, oneOf: IngestionSource.literals },
  courierSourceId: { type: "text", uuid: true, read: ({ courierSourceId }) => courierSourceId },
  status: { type: "text", read: ({ status }) => status, oneOf: IngestionStatus.literals },
  eventId: { type: "text", read: ({ event }) => event?.eventId ?? null },
  type: { type: "text", read: ({ event }) => event?.type ?? null, oneOf: CourierEventType.literals },
  trackingReference: { type: "text", read: ({ event }) => event?.trackingReference ?? null },
  reason: { type: "text", read: ({ rejection }) => rejection?.reason ?? null, oneOf: RejectionReason.literals },
  createdAt: { type: "instant", read: ({ createdAt }) => createdAt },
  updatedAt: { type: "instant", read: ({ updatedAt }) => updatedAt },
  endedAt: { type: "instant", read: ({ endedAt }) => endedAt },
  version: { type: "number", read: ({ version }) => version }
} satisfies Fields<IngestionRow>

/** None: an ingestion stands for itself. */
export const ingestionRules = { required: [], unique: [], apart: [] } as const satisfies Rules<
  keyof typeof ingestionFields
>

/** Version 1 of the message on every `ops.ingestion.*` topic. */
export const IngestionChanged = Schema.Struct({
  schemaVersion: Schema.Literal(1),
  tenantId: TenantId,
  ingestionId: IngestionId,
  /** The stream's version, so that a reader can tell which message is newer. */
  version: Schema.Int,
  ingestion: IngestionFacts,
  occurredAt: EpochMillis,
  correlationId: CorrelationId
}).annotate({ identifier: "IngestionChanged" })
export type IngestionChanged = typeof IngestionChanged.Type

const ingestion: IngestionFacts = {
  courierSourceId: "0198c0de-0e01-7000-8000-00000000e001" as CourierSourceId,
  status: "Received",
  bodyBytes: 187,
  event: {
    eventId: "evt-77",
    type: "pickup.completed",
    trackingReference: "NX-0042",
    occurredAt: minutesLater(95),
    orderId: ids.orderId
  },
  delivery: "msg-1",
  rejection: null,
  failures: 0,
  attempts: [],
  createdAt: minutesLater(96),
  updatedAt: minutesLater(96),
  endedAt: null
}
const first: IngestionChanged = {
  ...common,
  ingestionId: "0f4c2a6e-5b1d-8c3a-9e7f-2d6b8a4c1e77" as IngestionId,
  version: 1,
  ingestion,
  occurredAt: minutesLater(96)
}
const later = (minutes: number, changes: Partial<IngestionFacts>, version = 2): IngestionChanged => ({
  ...first,
  version,
  ingestion: { ...ingestion, ...changes, updatedAt: minutesLater(minutes), endedAt: minutesLater(minutes) },
  occurredAt: minutesLater(minutes)
})

export const ingestionTopics = {
  "ops.ingestion.received": topic(
    IngestionChanged,
    "An event came in, signed and in order, or a payload for an order.",
    first
  ),
  "ops.ingestion.rejected": topic(
    IngestionChanged,
    "A request of a known source was refused; of many in a minute some have no message.",
    later(
      96,
      { status: "Rejected", event: null, delivery: null, rejection: { reason: "signature_wrong", unrecorded: 0 } },
      1
    )
  ),
  "ops.ingestion.completed": topic(
    IngestionChanged,
    "What came in has been carried out; of a payload `dropbin.orderId` is the order.",
    later(97, { status: "Completed" })
  ),
  "ops.ingestion.failed": topic(
    IngestionChanged,
    "What came in cannot be carried out, or could not in many attempts; of a payload `dropbin.failure` says why.",
    later(97, {
      status: "Failed",
      failures: 1,
      attempts: [{ at: minutesLater(97), reason: "the order OrderNotFound" }]
    })
  ),
  "ops.ingestion.replayed": topic(IngestionChanged, "What had failed is processed once more.", {
    ...first,
    version: 3,
    ingestion: {
      ...ingestion,
      status: "Processing",
      failures: 1,
      attempts: [{ at: minutesLater(97), reason: "the order OrderNotFound" }],
      replayed: { replay: 1, failures: 1 },
      updatedAt: minutesLater(98)
    },
    occurredAt: minutesLater(98)
  })
} as const
export type IngestionTopic = keyof typeof ingestionTopics
