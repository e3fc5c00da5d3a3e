/** What is sent to report product events: one at a time, in batches, and as Segment's clients send them. */
import { Schema } from "effect"
import { Instant, StorableText } from "../api/Wire.ts"
import { ProductEventType } from "./ProductEvent.ts"

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
