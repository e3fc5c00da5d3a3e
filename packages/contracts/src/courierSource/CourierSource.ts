/** What a courier source is, whose events are taken in; what may be asked of it, what becomes of that, its read model and its messages. */
import { Schema } from "effect"
import { CorrelationId, EpochMillis, TenantId, uuid } from "../Ids.ts"
import type { Rules } from "../Rules.ts"
import { Origin } from "../serviceCall/Spec.ts"
import type { Fields } from "../specification/Specification.ts"
import { common, minutesLater, topic } from "../topics/topic.ts"
import { schemePresets, SignatureScheme } from "./SignatureScheme.ts"

/** A sender whose events are taken in; also the id of its stream, and the last part of the address it sends to. */
export const CourierSourceId = uuid.pipe(Schema.brand("CourierSourceId"))
export type CourierSourceId = typeof CourierSourceId.Type

export const SourceName = Schema.String.check(
  Schema.isPattern(/^[a-z0-9][a-z0-9-]{0,62}$/u, {
    description: "1 to 63 lower-case letters, digits and -, beginning with a letter or digit"
  })
)

/** How far the time in a request may be from ours, in milliseconds. */
export const ToleranceMs = Schema.Int.check(Schema.isBetween({ minimum: 1_000, maximum: 3_600_000 }))
export const defaultToleranceMs = 300_000

export const SourceStatus = Schema.Literals(["Active", "Disabled"])
export type SourceStatus = typeof SourceStatus.Type

/** Secrets of one source that are valid at once: the newest, and those that it replaced. */
export const maxSecrets = 3

/** A secret as it may be known: never what it is. That lies sealed beside the history, and is gone with the secret. */
export const SecretFacts = Schema.Struct({
  secretId: uuid,
  createdAt: EpochMillis,
  /** Null for the newest. */
  validUntil: Schema.NullOr(EpochMillis)
})
export type SecretFacts = typeof SecretFacts.Type

const described = { name: SourceName, scheme: SignatureScheme, toleranceMs: ToleranceMs }

export const CourierSourceFacts = Schema.Struct({
  ...described,
  status: SourceStatus,
  /** The newest first; none once the source is disabled. */
  secrets: Schema.Array(SecretFacts).check(Schema.isMaxLength(maxSecrets)),
  createdAt: EpochMillis,
  updatedAt: EpochMillis
})
export type CourierSourceFacts = typeof CourierSourceFacts.Type

const target = { courierSourceId: CourierSourceId, at: EpochMillis }
const secret = {
  secretId: uuid,
  /** As the vault sealed it. */
  sealed: Schema.String
}

/** What may be asked of a courier source. */
export const CourierSourceCommand = Schema.TaggedUnion({
  CreateCourierSource: {
    ...target,
    source: Schema.Struct(described),
    ...secret,
    fingerprint: Schema.NullOr(Schema.String),
    origin: Origin
  },
  /** The secrets before stay valid for so many milliseconds. */
  RotateCourierSecret: { ...target, ...secret, overlapMs: Schema.Int },
  DisableCourierSource: target
})
export type CourierSourceCommand = typeof CourierSourceCommand.Type

/** Facts about a courier source. Every case is stored for ever: add cases, never edit one. */
export const CourierSourceEvent = Schema.TaggedUnion({
  CourierSourceCreated: {
    source: Schema.Struct(described),
    secretId: uuid,
    createdAt: EpochMillis,
    fingerprint: Schema.NullOr(Schema.String),
    origin: Origin
  },
  CourierSecretRotated: { secretId: uuid, previousUntil: EpochMillis },
  CourierSourceDisabled: {}
})
export type CourierSourceEvent = typeof CourierSourceEvent.Type

/** What an accepted command is answered with: the source as the command left it. */
export const CourierSourceOutcome = Schema.TaggedUnion({
  CourierSourceAccepted: { courierSourceId: CourierSourceId, source: CourierSourceFacts }
})
export type CourierSourceOutcome = typeof CourierSourceOutcome.Type

const about = { courierSourceId: CourierSourceId }

export class CourierSourceNotFound extends Schema.TaggedError<CourierSourceNotFound>()(
  "CourierSourceNotFound",
  about
) {}
/** The id was derived from a key that once named another request. */
export class CourierSourceIdTaken extends Schema.TaggedError<CourierSourceIdTaken>()("CourierSourceIdTaken", about) {}
/** Another source of the tenant has this name, be it a disabled one. */
export class SourceNameTaken extends Schema.TaggedError<SourceNameTaken>()("SourceNameTaken", {
  ...about,
  name: Schema.String
}) {}
export class CourierSourceIsDisabled extends Schema.TaggedError<CourierSourceIsDisabled>()(
  "CourierSourceIsDisabled",
  about
) {}

/** Why the answer to a command about a courier source is no. Nothing was stored. */
export const CourierSourceRejection = Schema.Union([
  CourierSourceNotFound,
  CourierSourceIdTaken,
  SourceNameTaken,
  CourierSourceIsDisabled
])
export type CourierSourceRejection = typeof CourierSourceRejection.Type

export const courierSourceProblems = {
  source_name_taken: { status: 409, title: "Another courier source has this name." },
  source_disabled: { status: 409, title: "The courier source is disabled for good." }
} as const

/** The read model of a courier source: one row, in step with the events. */
export interface CourierSourceRow extends CourierSourceFacts {
  readonly _tag: "CourierSourceRow"
  readonly tenantId: TenantId
  readonly courierSourceId: CourierSourceId
  readonly version: number
  readonly correlationId: string
}

/** What lists of courier sources can be filtered by. */
export const courierSourceFields = {
  name: { type: "text", read: ({ name }) => name },
  status: { type: "text", read: ({ status }) => status, oneOf: SourceStatus.literals },
  createdAt: { type: "instant", read: ({ createdAt }) => createdAt },
  updatedAt: { type: "instant", read: ({ updatedAt }) => updatedAt },
  version: { type: "number", read: ({ version }) => version }
} satisfies Fields<CourierSourceRow>

/** What courier sources keep among themselves. */
export const courierSourceRules = {
  required: [],
  unique: [{ fields: ["name"], rule: "source_name_taken" }],
  apart: []
} as const satisfies Rules<keyof typeof courierSourceFields>

const { name: sourceName, ...others } = CourierSourceFacts.fields

/** In messages the name is called the source's: a field `name` there is a person's. */
const SourceTold = Schema.Struct({ sourceName, ...others })
type SourceTold = typeof SourceTold.Type

/** Version 1 of the message on every `ops.courier-source.*` topic. */
export const CourierSourceChanged = Schema.Struct({
  schemaVersion: Schema.Literal(1),
  tenantId: TenantId,
  courierSourceId: CourierSourceId,
  /** The stream's version, so that a reader can tell which message is newer. */
  version: Schema.Int,
  source: SourceTold,
  occurredAt: EpochMillis,
  correlationId: CorrelationId
}).annotate({ identifier: "CourierSourceChanged" })
export type CourierSourceChanged = typeof CourierSourceChanged.Type

const secretIdOf = (n: number): string => `0198c0de-0e0${n}-7000-8000-00000000e0${n}0`
const first: SecretFacts = { secretId: secretIdOf(1), createdAt: minutesLater(0), validUntil: null }
const source: SourceTold = {
  sourceName: "north-express",
  scheme: schemePresets["standard-webhooks"],
  toleranceMs: defaultToleranceMs,
  status: "Active",
  secrets: [first],
  createdAt: minutesLater(0),
  updatedAt: minutesLater(0)
}
const created: CourierSourceChanged = {
  ...common,
  courierSourceId: "0198c0de-0e01-7000-8000-00000000e001" as CourierSourceId,
  version: 1,
  source,
  occurredAt: minutesLater(0)
}
const later = (version: number, minutes: number, changes: Partial<SourceTold>): CourierSourceChanged => ({
  ...created,
  version,
  source: { ...source, ...changes, updatedAt: minutesLater(minutes) },
  occurredAt: minutesLater(minutes)
})

export const courierSourceTopics = {
  "ops.courier-source.created": topic(CourierSourceChanged, "A courier source was added.", created),
  "ops.courier-source.rotated": topic(
    CourierSourceChanged,
    "A courier source got another secret; those before are valid until the time that is given.",
    later(2, 90, {
      secrets: [
        { secretId: secretIdOf(2), createdAt: minutesLater(90), validUntil: null },
        { ...first, validUntil: minutesLater(90 + 24 * 60) }
      ]
    })
  ),
  "ops.courier-source.disabled": topic(
    CourierSourceChanged,
    "A courier source was disabled, for good.",
    later(3, 99 * 60, { status: "Disabled", secrets: [] })
  )
} as const
export type CourierSourceTopic = keyof typeof courierSourceTopics
