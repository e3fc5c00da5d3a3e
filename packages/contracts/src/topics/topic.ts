/** What a topic is, and what the examples of messages have in common: one pickup, from the registration of a customer to the emptied bin. */
import type { Schema } from "effect"
import type { BinId, CorrelationId, CustomerId, EpochMillis, OrderId, ServiceCallId, TenantId } from "../Ids.ts"

export interface PublicTopic {
  /** Of the message's form. Fields may be added within a version; anything else makes a new version. */
  readonly version: number
  /** When such a message comes: one sentence. */
  readonly when: string
  readonly schema: Schema.Codec<unknown, unknown>
  readonly example: unknown
}

export const topic = <A, I>(schema: Schema.Codec<A, I>, when: string, example: A): PublicTopic => ({
  version: 1,
  when,
  schema: schema as Schema.Codec<unknown, unknown>,
  example
})

export const ids = {
  customerId: "0198c0de-0c01-7000-8000-00000000c001" as CustomerId,
  binId: "0198c0de-0b01-7000-8000-00000000b001" as BinId,
  orderId: "0198c0de-0d01-7000-8000-00000000d001" as OrderId,
  callId: "0f4c2a6e-5b1d-8c3a-9e7f-2d6b8a4c1e05" as ServiceCallId
} as const

/** So many minutes after 2026-01-31T08:00:00Z. */
export const minutesLater = (minutes: number): EpochMillis => (1_769_846_400_000 + minutes * 60_000) as EpochMillis

export const common = {
  schemaVersion: 1,
  tenantId: "5f0c9f57-3c1f-8a53-9d64-6b1f1f2f8a10" as TenantId,
  correlationId: "1y2p0ij32e8e7" as CorrelationId
} as const
