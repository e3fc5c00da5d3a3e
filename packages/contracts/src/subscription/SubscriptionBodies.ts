/** What is sent about subscriptions, and how they are shown. */
import { Schema } from "effect"
import { NextCursor } from "../api/conventions.ts"
import { Instant, PlainText, Timestamp, Version } from "../api/Wire.ts"
import { SecretFacts } from "../courierSource/CourierSource.ts"
import { Overlap } from "../courierSource/CourierSourceEndpoints.ts"
import { CorrelationId } from "../Ids.ts"
import { waitingLimit } from "../ports/Deliveries.ts"
import { Flow } from "../serviceCall/Spec.ts"
import {
  DisableReason,
  SubscriptionId,
  SubscriptionName,
  SubscriptionStatus,
  SubscriptionTerms,
  TopicPatterns
} from "./Subscription.ts"

const Endpoint = PlainText.annotate({
  description: "Where messages are posted: https, and http only to this machine where its operator allows that",
  examples: ["https://example.com/hooks/dueline"]
}).check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(2_000))

const Filter = PlainText.annotate({
  description:
    'A condition on the message: its `topic`, `aggregate`, `correlationId`, `status`, any `tag`, and ids such as `orderId`, e.g. `orderId eq "…" or tag eq "vip"`',
  examples: ['tag eq "vip"']
}).check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(2_000))

const Topics = TopicPatterns.annotate({
  description: "Topics or patterns of them; each must stand for one at least that there is"
})

const FlowOfCalls = Flow.annotate({ description: "Which flow its calls belong to" })

export const CreateSubscription = Schema.Struct({
  name: Schema.optionalKey(SubscriptionName),
  url: Endpoint,
  topics: Topics,
  filter: Schema.optionalKey(Filter),
  flow: Schema.optionalKey(FlowOfCalls)
}).annotate({ identifier: "CreateSubscription" })
export type CreateSubscription = typeof CreateSubscription.Type

export const UpdateSubscription = Schema.Struct({
  name: Schema.optionalKey(Schema.NullOr(SubscriptionName)),
  url: Schema.optionalKey(Endpoint),
  topics: Schema.optionalKey(Topics),
  filter: Schema.optionalKey(Schema.NullOr(Filter)),
  flow: Schema.optionalKey(Schema.NullOr(FlowOfCalls))
}).annotate({ identifier: "UpdateSubscription" })
export type UpdateSubscription = typeof UpdateSubscription.Type

export const RotateSubscriptionSecret = Schema.Struct({ overlap: Schema.optionalKey(Overlap) }).annotate({
  identifier: "RotateSubscriptionSecret"
})
export type RotateSubscriptionSecret = typeof RotateSubscriptionSecret.Type

export const PauseSubscription = Schema.Struct({
  reason: Schema.optionalKey(PlainText.check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(200)))
}).annotate({ identifier: "PauseSubscription" })
export type PauseSubscription = typeof PauseSubscription.Type

export const RedeliverSubscription = Schema.Struct({
  from: Instant.annotate({ description: "Messages from this time on" }),
  to: Schema.optionalKey(Instant.annotate({ description: "Until this time; until now when left out" }))
}).annotate({ identifier: "RedeliverSubscription" })
export type RedeliverSubscription = typeof RedeliverSubscription.Type

const Secret = Schema.Struct({
  id: SecretFacts.fields.secretId,
  createdAt: Timestamp,
  validUntil: Schema.NullOr(Timestamp).annotate({ description: "Null for the newest" })
}).annotate({ identifier: "SubscriptionSecret" })

const RedeliveryView = Schema.Struct({
  number: Schema.Int,
  from: Timestamp,
  to: Timestamp,
  messages: Schema.Int.annotate({ description: "How many have been put in line so far" }),
  done: Schema.Boolean.annotate({ description: "All of them stand in line" })
}).annotate({ identifier: "Redelivery" })

const state = {
  id: SubscriptionId,
  name: SubscriptionTerms.fields.name,
  url: Schema.String.annotate({ description: "Secrets in it are struck out" }),
  topics: Schema.Array(Schema.String),
  filter: SubscriptionTerms.fields.filter,
  flow: Schema.NullOr(Flow),
  status: SubscriptionStatus,
  pausedReason: Schema.NullOr(Schema.String),
  disabledReason: Schema.NullOr(DisableReason).annotate({
    description: "`failing`: nothing could be delivered for too long; `gone`: the endpoint answered 410"
  }),
  secrets: Schema.Array(Secret).annotate({ description: "Those that are kept, the newest first; never what they are" }),
  failingSince: Schema.NullOr(Timestamp).annotate({ description: "Since when nothing could be delivered" }),
  lastFailure: Schema.NullOr(Schema.String),
  redelivery: Schema.NullOr(RedeliveryView).annotate({ description: "The latest" }),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  version: Version,
  links: Schema.Struct({ self: Schema.String, calls: Schema.String })
}

/** The answer to a command that made no secret. */
export const SubscriptionState = Schema.Struct(state).annotate({ identifier: "SubscriptionState" })
export type SubscriptionState = typeof SubscriptionState.Type

export const SubscriptionIssued = Schema.Struct({
  ...state,
  secret: Schema.NullOr(Schema.String).annotate({
    description: "Shown once: null in the answer to a repeat. Whoever lost it asks for another"
  })
}).annotate({ identifier: "SubscriptionIssued" })
export type SubscriptionIssued = typeof SubscriptionIssued.Type

const WaitingView = Schema.Struct({
  messages: Schema.Int.annotate({ description: `Not delivered or given up yet, counted up to ${waitingLimit}` }),
  oldestAt: Schema.NullOr(Timestamp).annotate({ description: "When the first of them happened" })
}).annotate({ identifier: "WaitingMessages" })

export const SubscriptionView = Schema.Struct({
  ...state,
  waiting: Schema.optionalKey(WaitingView).annotate({
    description: "Of one that is read by itself: what stands in line now. That may change without a new version"
  }),
  correlationId: CorrelationId
}).annotate({
  identifier: "Subscription"
})
export type SubscriptionView = typeof SubscriptionView.Type

export const SubscriptionPage = Schema.Struct({
  items: Schema.Array(SubscriptionView),
  nextCursor: NextCursor
}).annotate({ identifier: "SubscriptionPage" })
