/** What products report of themselves and their users: an event as it is stored. It is no aggregate's, and never changes. */
import { Schema } from "effect"
import type { ApiKeyId } from "../apiKey/ApiKey.ts"
import { type CorrelationId, type EpochMillis, type TenantId, uuid } from "../Ids.ts"

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
