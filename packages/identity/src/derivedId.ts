/** Ids that are computed from a name: the same name gives the same id, without a look-up. */
import type { IdempotencyKey, OrderId, ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import type { ScheduleId } from "@dueline/contracts/schedule/Schedule"
import type { SubscriptionId } from "@dueline/contracts/subscription/Subscription"
import type { CourierSourceId } from "@dueline/contracts/courierSource/CourierSource"
import type { Category, IdOf } from "@dueline/contracts/kinds"
import { hash } from "node:crypto"

/** UUID version 8 (RFC 9562 § 5.8): the first 128 bits of SHA-256, with version and variant in their places. */
const uuidV8 = (text: string): string => {
  const digest = hash("sha256", text, "hex")
  const variant = ((Number.parseInt(digest.charAt(16), 16) & 0x3) | 0x8).toString(16)
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `${variant}${digest.slice(17, 20)}`,
    digest.slice(20, 32)
  ].join("-")
}

/** The same name is the same tenant in every installation. */
export const derivedTenantId = (name: string): TenantId => uuidV8(`dueline:tenant:${name}`) as TenantId

/** The same tenant and key are the same aggregate of a kind, for ever; of different kinds they are different. */
export const derivedId = <K extends Category>(kind: K, tenantId: TenantId, key: IdempotencyKey): IdOf<K> =>
  uuidV8(`dueline:${kind}:${tenantId}:${key}`) as IdOf<K>

/** One key of a tenant is one flow. */
export const flowIdOf = (tenantId: TenantId, key: string): IdOf<"flow"> =>
  uuidV8(`dueline:flow:${tenantId}:${key}`) as IdOf<"flow">

/** What comes into the drop-bin under a key; apart from couriers' events, whose ids follow from other names. */
export const derivedDropbinId = (tenantId: TenantId, key: IdempotencyKey): IdOf<"ingestion"> =>
  uuidV8(`dueline:dropbin:${tenantId}:${key}`) as IdOf<"ingestion">

/** A payload becomes one order, for ever; no key of a request leads to its id. */
export const dropbinOrderId = (tenantId: TenantId, ingestionId: IdOf<"ingestion">): OrderId =>
  uuidV8(`dueline:dropbin-order:${tenantId}:${ingestionId}`) as OrderId

export const derivedCallId = (tenantId: TenantId, key: IdempotencyKey): ServiceCallId =>
  derivedId("service-call", tenantId, key)

/** What a source calls by one tracking reference is one shipment, for ever. */
export const derivedShipmentId = (
  tenantId: TenantId,
  source: CourierSourceId,
  trackingReference: string
): IdOf<"shipment"> => uuidV8(`dueline:shipment:${tenantId}:${source}:${trackingReference}`) as IdOf<"shipment">

/** An order's notification is one call, for ever. `index` counts from 0 in the order's list. */
export const notificationCallId = (tenantId: TenantId, orderId: OrderId, index: number): ServiceCallId =>
  uuidV8(`dueline:order-notification:${tenantId}:${orderId}:${index}`) as ServiceCallId

/** A time of a schedule is one call under each revision, however often and by whichever process it is carried out. */
export const occurrenceCallId = (
  tenantId: TenantId,
  scheduleId: ScheduleId,
  revision: number,
  at: number
): ServiceCallId => uuidV8(`dueline:schedule-occurrence:${tenantId}:${scheduleId}:${revision}:${at}`) as ServiceCallId

/** The calls of a pending key are numbered from 1: the next one is made when the one before has begun. */
export const pendingCallId = (tenantId: TenantId, key: string, number: number): ServiceCallId =>
  uuidV8(`dueline:pending:${tenantId}:${number}:${key}`) as ServiceCallId

/** Each end of a call, known by the scheduling that ended, is told by one call. */
export const callbackCallId = (tenantId: TenantId, callId: ServiceCallId, revision: number): ServiceCallId =>
  uuidV8(`dueline:callback:${tenantId}:${callId}:${revision}`) as ServiceCallId

/** A message is one call of a subscription, and one more of each redelivery (counted from 1) that it belongs to. */
export const deliveryCallId = (
  tenantId: TenantId,
  subscriptionId: SubscriptionId,
  eventId: string,
  redelivery: number
): ServiceCallId => uuidV8(`dueline:delivery:${tenantId}:${subscriptionId}:${eventId}:${redelivery}`) as ServiceCallId

/** A part of the jitter, from 0 inclusive to `jitterMs` inclusive, that stays the same for the schedule. */
export const jitterOffset = (tenantId: TenantId, scheduleId: ScheduleId, jitterMs: number): number =>
  Number.parseInt(hash("sha256", `dueline:schedule-jitter:${tenantId}:${scheduleId}`, "hex").slice(0, 12), 16) %
  (jitterMs + 1)
