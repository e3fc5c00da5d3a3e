/**
 * * What a pause is: calls of a tenant, of one of its targets, flows or tags wait until somebody resumes them. What may be asked of it, what
 * becomes of that, its read model and its messages. Which pauses a call is concerned by.
 */
import { Schema } from "effect"
import { CorrelationId, EpochMillis, TenantId, uuid } from "../Ids.ts"
import type { Rules } from "../Rules.ts"
import { Origin } from "../serviceCall/Spec.ts"
import type { Fields } from "../specification/Specification.ts"
import { common, minutesLater, topic } from "../topics/topic.ts"

export const PauseId = uuid.pipe(Schema.brand("PauseId"))
export type PauseId = typeof PauseId.Type

/** Which calls wait: all of the tenant, or those of one target, flow or tag. */
export const PauseOf = Schema.Literals(["tenant", "target", "flow", "tag"])
export type PauseOf = typeof PauseOf.Type

/** Why calls wait: whoever looks at one of them reads it. 1 to 200 code points. */
export const PauseReason = Schema.String.check(
  Schema.isMinCodePoints(1),
  Schema.isMaxCodePoints(200),
  Schema.isPattern(/^[^\p{C}]+$/u, { description: "no control characters" })
)

/** How many of the calls that waited start in a second, of all processes together. */
export const ReleaseRate = Schema.Finite.check(Schema.isBetween({ minimum: 0.01, maximum: 10_000 }))

/** Of one tenant at a time: each start of a call is held against them. */
export const maxPauses = 100

/** For how long calls that waited are released at the rate that was asked for, in milliseconds; what is left after that goes at once. */
export const releaseLimitMs = 7 * 86_400_000

export const PauseStatus = Schema.Literals(["Active", "Resumed"])
export type PauseStatus = typeof PauseStatus.Type

const begun = {
  of: PauseOf,
  /** The target (host and port, as `targetOf` gives it), the flow or the tag; null for the whole tenant. */
  key: Schema.NullOr(Schema.String),
  reason: Schema.String,
  /** Who paused: the subject of the token, or the API key. */
  pausedBy: Schema.String
}

export const PauseFacts = Schema.Struct({
  ...begun,
  status: PauseStatus,
  resumedAt: Schema.NullOr(EpochMillis),
  resumedBy: Schema.NullOr(Schema.String),
  /** Null: at once, and while it holds. */
  releasePerSecond: Schema.NullOr(Schema.Finite),
  createdAt: EpochMillis,
  updatedAt: EpochMillis
})
export type PauseFacts = typeof PauseFacts.Type

const target = { pauseId: PauseId, at: EpochMillis }

/** What may be asked of a pause. Resumed again at another rate, what still waits is released at that. */
export const PauseCommand = Schema.TaggedUnion({
  CreatePause: { ...target, ...begun, reason: PauseReason, fingerprint: Schema.NullOr(Schema.String), origin: Origin },
  ResumePause: { ...target, resumedBy: Schema.String, releasePerSecond: Schema.NullOr(ReleaseRate) }
})
export type PauseCommand = typeof PauseCommand.Type

/** Facts about a pause. Every case is stored for ever: add cases, never edit one. */
export const PauseEvent = Schema.TaggedUnion({
  PauseCreated: { ...begun, createdAt: EpochMillis, fingerprint: Schema.NullOr(Schema.String), origin: Origin },
  PauseResumed: { resumedBy: Schema.String, releasePerSecond: Schema.NullOr(Schema.Finite) }
})
export type PauseEvent = typeof PauseEvent.Type

/** What an accepted command is answered with: the pause as the command left it. */
export const PauseOutcome = Schema.TaggedUnion({ PauseAccepted: { pauseId: PauseId, pause: PauseFacts } })
export type PauseOutcome = typeof PauseOutcome.Type

const about = { pauseId: PauseId }

export class PauseNotFound extends Schema.TaggedError<PauseNotFound>()("PauseNotFound", about) {}
/** The id was derived from an idempotency key that once named another request. */
export class PauseIdTaken extends Schema.TaggedError<PauseIdTaken>()("PauseIdTaken", about) {}

/** Why the answer to a command about a pause is no. Nothing was stored. */
export const PauseRejection = Schema.Union([PauseNotFound, PauseIdTaken])
export type PauseRejection = typeof PauseRejection.Type

export const pauseProblems = {
  too_many_pauses: { status: 409, title: "There are as many pauses as a tenant may have." }
} as const

/** The read model of a pause: one row, in step with the events. */
export interface PauseRow extends PauseFacts {
  readonly _tag: "PauseRow"
  readonly tenantId: TenantId
  readonly pauseId: PauseId
  readonly version: number
  readonly correlationId: string
}

/** What lists of pauses can be filtered by. */
export const pauseFields = {
  of: { type: "text", read: ({ of }) => of, oneOf: PauseOf.literals },
  key: { type: "text", read: ({ key }) => key },
  status: { type: "text", read: ({ status }) => status, oneOf: PauseStatus.literals },
  createdAt: { type: "instant", read: ({ createdAt }) => createdAt },
  updatedAt: { type: "instant", read: ({ updatedAt }) => updatedAt },
  version: { type: "number", read: ({ version }) => version }
} satisfies Fields<PauseRow>

/** None: two people may pause the same for two reasons, and each of them resumes. */
export const pauseRules = { required: [], unique: [], apart: [] } as const satisfies Rules<keyof typeof pauseFields>

/** Version 1 of the message on every `ops.pause.*` topic. */
export const PauseChanged = Schema.Struct({
  schemaVersion: Schema.Literal(1),
  tenantId: TenantId,
  pauseId: PauseId,
  /** The stream's version, so that a reader can tell which message is newer. */
  version: Schema.Int,
  pause: PauseFacts,
  occurredAt: EpochMillis,
  correlationId: CorrelationId
}).annotate({ identifier: "PauseChanged" })
export type PauseChanged = typeof PauseChanged.Type

const pause: PauseFacts = {
  of: "target",
  key: "api.example.com",
  reason: "they are moving to another data centre",
  pausedBy: "operator",
  status: "Active",
  resumedAt: null,
  resumedBy: null,
  releasePerSecond: null,
  createdAt: minutesLater(0),
  updatedAt: minutesLater(0)
}
const created: PauseChanged = {
  ...common,
  pauseId: "0198c0de-0a01-7000-8000-00000000ba05" as PauseId,
  version: 1,
  pause,
  occurredAt: minutesLater(0)
}

export const pauseTopics = {
  "ops.pause.created": topic(PauseChanged, "Calls were paused: they wait until the pause is resumed.", created),
  "ops.pause.resumed": topic(PauseChanged, "A pause is over, or its release goes at another rate.", {
    ...created,
    version: 2,
    pause: {
      ...pause,
      status: "Resumed",
      resumedAt: minutesLater(90),
      resumedBy: "operator",
      releasePerSecond: 20,
      updatedAt: minutesLater(90)
    },
    occurredAt: minutesLater(90)
  })
} as const
export type PauseTopic = keyof typeof pauseTopics

/** What a pause is about, as one text. `key` is null for the whole tenant. */
export const subjectOf = (of: PauseOf, key: string | null): string => `${of} ${key ?? ""}`

const wholeTenant = subjectOf("tenant", null)

/** All that pauses may be about which hold a call of this target (host and port) and flow with these tags. */
export const subjectsOf = ({
  flow,
  tags,
  target
}: {
  readonly target: string
  readonly tags: ReadonlyArray<string>
  /** Its key. */
  readonly flow: string | undefined
}): ReadonlyArray<string> => [
  wholeTenant,
  subjectOf("target", target),
  ...(flow === undefined ? [] : [subjectOf("flow", flow)]),
  ...tags.map((tag) => subjectOf("tag", tag))
]
