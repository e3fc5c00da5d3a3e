/** Public names of what happens to subscriptions, and what their messages hold. Neither addresses nor free texts are in them. */
import { Schema } from "effect"
import { CorrelationId, EpochMillis, TenantId } from "../Ids.ts"
import { common, minutesLater, topic } from "../topics/topic.ts"
import { SubscriptionFacts, SubscriptionId } from "./Subscription.ts"

const {
  lastFailure: _words,
  name: subscriptionName,
  pausedReason: _freeText,
  url: _address,
  ...others
} = SubscriptionFacts.fields

/** A field `name` in a message is a person's. */
const SubscriptionTold = Schema.Struct({ subscriptionName, ...others })
type SubscriptionTold = typeof SubscriptionTold.Type

/** Version 1 of the message on every `ops.subscription.*` topic. */
export const SubscriptionChanged = Schema.Struct({
  schemaVersion: Schema.Literal(1),
  tenantId: TenantId,
  subscriptionId: SubscriptionId,
  /** The stream's version, so that a reader can tell which message is newer. */
  version: Schema.Int,
  subscription: SubscriptionTold,
  occurredAt: EpochMillis,
  correlationId: CorrelationId
}).annotate({ identifier: "SubscriptionChanged" })
export type SubscriptionChanged = typeof SubscriptionChanged.Type

const subscription: SubscriptionTold = {
  subscriptionName: "warehouse",
  topics: ["ops.service.order.>"],
  filter: null,
  status: "Active",
  disabledReason: null,
  secrets: [{ secretId: "0198c0de-0e01-7000-8000-00000000e010", createdAt: minutesLater(0), validUntil: null }],
  failingSince: null,
  redelivery: null,
  tests: 0,
  createdAt: minutesLater(0),
  updatedAt: minutesLater(0)
}
const changed: SubscriptionChanged = {
  ...common,
  subscriptionId: "0198c0de-1001-7000-8000-000000010001" as SubscriptionId,
  version: 1,
  subscription,
  occurredAt: minutesLater(0)
}
const later = (version: number, minutes: number, changes: Partial<SubscriptionTold>): SubscriptionChanged => ({
  ...changed,
  version,
  subscription: { ...subscription, ...changes, updatedAt: minutesLater(minutes) },
  occurredAt: minutesLater(minutes)
})
const day = 24 * 60

/** The message that a test is: delivered to the subscription itself, and to no other. */
export const testTopic = "ops.subscription.tested"

export const subscriptionTopics = {
  "ops.subscription.changed": topic(
    SubscriptionChanged,
    "A subscription was made, changed, paused, enabled or deleted, got another secret, or delivers a time once more.",
    changed
  ),
  [testTopic]: topic(
    SubscriptionChanged,
    "A subscription is tried out: delivered to it alone, whatever its topics.",
    later(2, 5, { tests: 1 })
  ),
  "ops.subscription.failing": topic(
    SubscriptionChanged,
    "Nothing can be delivered to a subscription since `subscription.failingSince`.",
    later(3, 60, { failingSince: minutesLater(58) })
  ),
  "ops.subscription.recovered": topic(
    SubscriptionChanged,
    "Something could be delivered to a subscription again.",
    later(4, 90, {})
  ),
  "ops.subscription.disabled": topic(
    SubscriptionChanged,
    "A subscription was disabled: nothing could be delivered for too long, or its endpoint answered 410.",
    later(6, 5 * day, { status: "Disabled", disabledReason: "failing", failingSince: minutesLater(2 * day) })
  )
} as const
export type SubscriptionTopic = keyof typeof subscriptionTopics
