/** What products report of themselves and their users: an event as it is stored. It is no aggregate's, and never changes. */
import { Schema } from "effect"
import { type CorrelationId, type EpochMillis, type TenantId, uuid } from "../Ids.ts"
import { Instant, StorableText } from "../api/Wire.ts"
import type { ApiKeyId } from "../apiKey/ApiKey.ts"

/** Of one stored event: ours, drawn when it came. */
export const ProductEventId = uuid.pipe(Schema.brand("ProductEventId"))
export type ProductEventId = typeof ProductEventId.Type

/** The words of Segment's specification. */
export const ProductEventType = Schema.Literals(["track", "identify", "page", "screen", "group", "alias"])
export type ProductEventType = typeof ProductEventType.Type

/** How the sender calls the form of its events. */
export const SchemaVersion = Schema.String.check(
  Schema.isPattern(/^\d{1,4}(?:\.\d{1,4}){0,2}$/u, {
    description: "one to three numbers joined by dots, e.g. 2 or 1.4.0"
  })
)
export const defaultSchemaVersion = "1"

/** Bytes of JSON that one event's document may have. */
export const maxDocumentBytes = 32_768

/** What one request says of all its events. */
export interface ReportedBy {
  readonly tenantId: TenantId
  readonly workspace: string
  /** Null when it came with a token. */
  readonly apiKeyId: ApiKeyId | null
  readonly correlationId: CorrelationId
  readonly schemaVersion: string
}

export interface ProductEventFacts {
  readonly id: ProductEventId
  /** The sender's name for it: the same name is the same event on the day it came and the seven after it. Its id where the sender gave none. */
  readonly eventId: string
  readonly type: ProductEventType
  /** Of what was tracked, or of the page or screen. */
  readonly name: string | null
  readonly userId: string | null
  readonly anonymousId: string | null
  /** By the sender's clock, corrected where it said when it sent. */
  readonly occurredAt: EpochMillis
}

export interface ReportedEvent extends ProductEventFacts {
  /** Whether the sender gave the event id: only then another may have the same. */
  readonly given: boolean
  /** Properties, traits and whatever else it has, as a text of JSON. */
  readonly document: string
}

export interface StoredProductEvent extends ProductEventFacts, Omit<ReportedBy, "tenantId"> {
  readonly receivedAt: EpochMillis
  readonly document: unknown
}

/** What is sent to report product events: one at a time, in batches, and as Segment's clients send them. */
const textTo = (most: number) => StorableText.check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(most))

/** A user, as the product calls them. */
export const UserName = textTo(255)
export const EventName = textTo(255)
/** Part of a key: shorter than an index takes. */
export const GivenEventId = textTo(200)

const Fields = Schema.Record(Schema.String, Schema.Json)

const common = {
  event_id: Schema.optionalKey(
    GivenEventId.annotate({ description: "The sender's name for the event: the same name is the same event" })
  ),
  userId: Schema.optionalKey(UserName),
  anonymousId: Schema.optionalKey(UserName),
  context: Schema.optionalKey(Fields),
  timestamp: Schema.optionalKey(Instant.annotate({ description: "When it happened; when it came, if left out" }))
}

const tracked = { event: EventName, properties: Schema.optionalKey(Fields) }
const identified = { traits: Schema.optionalKey(Fields) }

const namesSomebody = Schema.makeFilter(
  (item: { readonly userId?: string; readonly anonymousId?: string }) =>
    item.userId !== undefined || item.anonymousId !== undefined || "must have a userId or an anonymousId"
)

export const Track = Schema.Struct({ ...tracked, ...common }).annotate({ identifier: "Track" })
export type Track = typeof Track.Type

export const Identify = Schema.Struct({ ...identified, ...common })
  .check(namesSomebody)
  .annotate({ identifier: "Identify" })
export type Identify = typeof Identify.Type

/** One of a batch. */
export const BatchItem = Schema.Union([
  Schema.Struct({ type: Schema.Literal("track"), ...tracked, ...common }),
  Schema.Struct({ type: Schema.Literal("identify"), ...identified, ...common }).check(namesSomebody)
]).annotate({ identifier: "ProductEventItem" })
export type BatchItem = typeof BatchItem.Type

export const batchLimit = 50

/** For the document: items are decoded one by one, so that one that is wrong takes no other down. */
export const ProductEventBatch = Schema.Struct({
  batch: Schema.Array(BatchItem).check(Schema.isMinLength(1), Schema.isMaxLength(batchLimit))
}).annotate({ identifier: "ProductEventBatch" })

/** Null stands for what is not there: Segment's clients send both. */
const maybe = <S extends Schema.Constraint>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))

/** What is known of a message in Segment's form; whatever else it has is not looked at. */
const segmentFields = {
  event: maybe(EventName),
  name: maybe(StorableText.check(Schema.isMaxCodePoints(255))),
  messageId: maybe(GivenEventId),
  userId: maybe(StorableText.check(Schema.isMaxCodePoints(255))),
  anonymousId: maybe(StorableText.check(Schema.isMaxCodePoints(255))),
  groupId: maybe(StorableText.check(Schema.isMaxCodePoints(255))),
  previousId: maybe(StorableText.check(Schema.isMaxCodePoints(255))),
  category: maybe(StorableText.check(Schema.isMaxCodePoints(255))),
  properties: maybe(Fields),
  traits: maybe(Fields),
  context: maybe(Fields),
  timestamp: maybe(Instant),
  originalTimestamp: maybe(Instant)
}

export const SegmentItem = Schema.Struct({ type: ProductEventType, ...segmentFields })
  .check(
    Schema.makeFilter(
      ({ event, type }) =>
        type !== "track" || typeof event === "string" || { path: ["event"], issue: "must name what is tracked" }
    )
  )
  .annotate({ identifier: "SegmentItem" })
export type SegmentItem = typeof SegmentItem.Type

/** Segment's clients cut at 480 KB and put no bound on the number. */
export const segmentLimits = { items: 500, bytes: 512 * 1024 } as const

export const SegmentBatch = Schema.Struct({
  batch: Schema.Array(SegmentItem).check(Schema.isMinLength(1), Schema.isMaxLength(segmentLimits.items)),
  sentAt: maybe(Instant)
}).annotate({ identifier: "SegmentBatch" })

/** One by itself: its type is in the path. */
export const SegmentMessage = Schema.Struct({ ...segmentFields, sentAt: maybe(Instant) }).annotate({
  identifier: "SegmentMessage"
})
