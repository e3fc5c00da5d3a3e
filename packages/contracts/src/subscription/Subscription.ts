/** What a subscription is, to which messages are delivered; what may be asked of it, what becomes of that, and its read model. */
import { Schema } from "effect"
import { SecretFacts } from "../courierSource/CourierSource.ts"
import { EpochMillis, type TenantId, uuid } from "../Ids.ts"
import type { Rules } from "../Rules.ts"
import { Flow, Origin } from "../serviceCall/Spec.ts"
import type { Fields } from "../specification/Specification.ts"

/** A subscription; also the id of its stream. */
export const SubscriptionId = uuid.pipe(Schema.brand("SubscriptionId"))
export type SubscriptionId = typeof SubscriptionId.Type

export const SubscriptionName = Schema.String.check(
  Schema.isPattern(/^[a-z0-9][a-z0-9-]{0,62}$/u, {
    description: "1 to 63 lower-case letters, digits and -, beginning with a letter or digit"
  })
)

/** Topics as subjects of NATS are written: `*` stands for one word, `>` at the end for one or more. */
export const TopicPattern = Schema.String.check(
  Schema.isPattern(/^(?=.{1,120}$)(?:(?:[a-z0-9-]+|\*)\.)*(?:[a-z0-9-]+|\*|>)$/u, {
    description: "a topic, in which * stands for one word and > at the end for one or more, such as ops.service.order.>"
  })
)
export const TopicPatterns = Schema.Array(TopicPattern).check(Schema.isMinLength(1), Schema.isMaxLength(20))

/** `Disabled`: by the program, since nothing could be delivered for too long. `Deleted` is final. */
export const SubscriptionStatus = Schema.Literals(["Active", "Paused", "Disabled", "Deleted"])
export type SubscriptionStatus = typeof SubscriptionStatus.Type

/** `failing`: nothing could be delivered for too long. `gone`: its endpoint answered 410. */
export const DisableReason = Schema.Literals(["failing", "gone"])
export type DisableReason = typeof DisableReason.Type

/** Secrets of one subscription that are valid at once: the newest, and those that it replaced. */
export const maxSecrets = 3

/** What a subscription asks for. */
export const SubscriptionTerms = Schema.Struct({
  name: Schema.NullOr(SubscriptionName),
  /** As it may be shown: secrets in it are struck out. */
  url: Schema.String,
  topics: TopicPatterns,
  /** A condition on a message, as it was written; null: all of these topics. */
  filter: Schema.NullOr(Schema.String),
  /** Which flow its calls belong to; left out when to none. */
  flow: Schema.optionalKey(Schema.NullOr(Flow))
})
export type SubscriptionTerms = typeof SubscriptionTerms.Type

/** Messages of a stretch of time that are delivered once more. */
export const Redelivery = Schema.Struct({
  /** 1 for the first of the subscription. */
  number: Schema.Int,
  from: EpochMillis,
  to: EpochMillis,
  /** As far as the messages have been gone through; null at the beginning. */
  after: Schema.NullOr(Schema.Int),
  /** Messages that were put in line so far. */
  count: Schema.Int,
  done: Schema.Boolean
})
export type Redelivery = typeof Redelivery.Type

/** All that is known of a subscription at one version. */
export const SubscriptionFacts = Schema.Struct({
  ...SubscriptionTerms.fields,
  status: SubscriptionStatus,
  pausedReason: Schema.NullOr(Schema.String),
  disabledReason: Schema.NullOr(DisableReason),
  /** The newest first; none once it is deleted. */
  secrets: Schema.Array(SecretFacts).check(Schema.isMaxLength(maxSecrets)),
  /** Since when nothing could be delivered; null while that is not so. */
  failingSince: Schema.NullOr(EpochMillis),
  /** Why the last delivery that is known to have failed did. */
  lastFailure: Schema.NullOr(Schema.String),
  /** The latest. */
  redelivery: Schema.NullOr(Redelivery),
  tests: Schema.Int,
  createdAt: EpochMillis,
  updatedAt: EpochMillis
})
export type SubscriptionFacts = typeof SubscriptionFacts.Type

const target = { subscriptionId: SubscriptionId, at: EpochMillis }
const secret = {
  secretId: uuid,
  /** As the vault sealed it. */
  sealed: Schema.String
}
const changes = {
  name: Schema.optionalKey(SubscriptionTerms.fields.name),
  url: Schema.optionalKey(SubscriptionTerms.fields.url),
  topics: Schema.optionalKey(TopicPatterns),
  filter: Schema.optionalKey(SubscriptionTerms.fields.filter),
  flow: SubscriptionTerms.fields.flow
}

/** What may be asked of a subscription. */
export const SubscriptionCommand = Schema.TaggedUnion({
  CreateSubscription: {
    ...target,
    terms: SubscriptionTerms,
    /** The whole address, as the vault sealed it. */
    sealedUrl: Schema.String,
    ...secret,
    fingerprint: Schema.NullOr(Schema.String),
    origin: Origin
  },
  /** What is left out stays. With another `url` comes the whole of it, sealed. */
  UpdateSubscription: { ...target, changes: Schema.Struct(changes), sealedUrl: Schema.NullOr(Schema.String) },
  /** The secrets before stay valid for so many milliseconds. */
  RotateSubscriptionSecret: { ...target, ...secret, overlapMs: Schema.Int },
  PauseSubscription: { ...target, reason: Schema.NullOr(Schema.String) },
  /** Goes on after a pause, or after it was disabled. */
  EnableSubscription: target,
  TestSubscription: target,
  /** Messages of this time, both ends included, once more. */
  RedeliverSubscription: { ...target, from: EpochMillis, to: EpochMillis },
  DeleteSubscription: target,
  /** How far a redelivery has come: `put` more messages stand in line. */
  AdvanceRedelivery: {
    ...target,
    number: Schema.Int,
    before: Schema.NullOr(Schema.Int),
    after: Schema.NullOr(Schema.Int),
    put: Schema.Int,
    last: Schema.Boolean
  },
  /** What becomes of its deliveries: nothing could be delivered since then, or, null, something could. */
  RecordSubscriptionHealth: {
    ...target,
    failingSince: Schema.NullOr(EpochMillis),
    lastFailure: Schema.NullOr(Schema.String)
  },
  DisableSubscription: { ...target, reason: DisableReason, lastFailure: Schema.NullOr(Schema.String) }
})
export type SubscriptionCommand = typeof SubscriptionCommand.Type

/** Facts about a subscription. Every case is stored for ever: add cases, never edit one. */
export const SubscriptionEvent = Schema.TaggedUnion({
  SubscriptionCreated: {
    terms: SubscriptionTerms,
    secretId: uuid,
    createdAt: EpochMillis,
    fingerprint: Schema.NullOr(Schema.String),
    origin: Origin
  },
  SubscriptionUpdated: { terms: SubscriptionTerms },
  SubscriptionSecretRotated: { secretId: uuid, previousUntil: EpochMillis },
  SubscriptionPaused: { reason: Schema.NullOr(Schema.String) },
  SubscriptionEnabled: {},
  /** A message of its own is delivered to it alone. */
  SubscriptionTested: { number: Schema.Int },
  RedeliveryBegun: { number: Schema.Int, from: EpochMillis, to: EpochMillis },
  RedeliveryAdvanced: { after: Schema.NullOr(Schema.Int), put: Schema.Int, last: Schema.Boolean },
  SubscriptionFailing: { since: EpochMillis, lastFailure: Schema.NullOr(Schema.String) },
  SubscriptionRecovered: {},
  SubscriptionDisabled: { reason: DisableReason, lastFailure: Schema.NullOr(Schema.String) },
  SubscriptionDeleted: {}
})
export type SubscriptionEvent = typeof SubscriptionEvent.Type

/** What an accepted command is answered with: the subscription as the command left it. */
export const SubscriptionOutcome = Schema.TaggedUnion({
  SubscriptionAccepted: { subscriptionId: SubscriptionId, subscription: SubscriptionFacts }
})
export type SubscriptionOutcome = typeof SubscriptionOutcome.Type

const about = { subscriptionId: SubscriptionId }

export class SubscriptionNotFound extends Schema.TaggedError<SubscriptionNotFound>()("SubscriptionNotFound", about) {}
/** The id was derived from a key that once named another request. */
export class SubscriptionIdTaken extends Schema.TaggedError<SubscriptionIdTaken>()("SubscriptionIdTaken", about) {}
export class SubscriptionIsDeleted extends Schema.TaggedError<SubscriptionIsDeleted>()(
  "SubscriptionIsDeleted",
  about
) {}
/** Nothing is delivered while it is disabled. */
export class SubscriptionIsDisabled extends Schema.TaggedError<SubscriptionIsDisabled>()(
  "SubscriptionIsDisabled",
  about
) {}
/** One redelivery of a subscription at a time. */
export class RedeliveryUnderWay extends Schema.TaggedError<RedeliveryUnderWay>()("RedeliveryUnderWay", {
  ...about,
  number: Schema.Int
}) {}

/** Why the answer to a command about a subscription is no. Nothing was stored. */
export const SubscriptionRejection = Schema.Union([
  SubscriptionNotFound,
  SubscriptionIdTaken,
  SubscriptionIsDeleted,
  SubscriptionIsDisabled,
  RedeliveryUnderWay
])
export type SubscriptionRejection = typeof SubscriptionRejection.Type

export const subscriptionProblems = {
  subscription_deleted: { status: 409, title: "The subscription is deleted for good." },
  subscription_disabled: { status: 409, title: "The subscription is disabled." },
  redelivery_under_way: { status: 409, title: "The redelivery before has not been put in line yet." }
} as const

/** The read model of a subscription: one row, in step with the events. */
export interface SubscriptionRow extends SubscriptionFacts {
  readonly _tag: "SubscriptionRow"
  readonly tenantId: TenantId
  readonly subscriptionId: SubscriptionId
  readonly version: number
  readonly correlationId: string
}

/** What lists of subscriptions can be filtered by. */
export const subscriptionFields = {
  name: { type: "text", read: ({ name }) => name },
  status: { type: "text", read: ({ status }) => status, oneOf: SubscriptionStatus.literals },
  createdAt: { type: "instant", read: ({ createdAt }) => createdAt },
  updatedAt: { type: "instant", read: ({ updatedAt }) => updatedAt },
  version: { type: "number", read: ({ version }) => version }
} satisfies Fields<SubscriptionRow>

/** None: subscriptions have nothing to do with each other. */
export const subscriptionRules = { required: [], unique: [], apart: [] } as const satisfies Rules<
  keyof typeof subscriptionFields
>

/** What the calls of a subscription are tagged with. */
export const subscriptionTag = (id: SubscriptionId): string => `subscription:${id}`
