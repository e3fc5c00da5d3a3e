/**
 * A flow that is defined once for a tenant: bounds that count for all its calls, beside those that each call brings. What may be asked of it, what
 * becomes of that, its read model and its messages.
 */
import { Schema } from "effect"
import { CorrelationId, EpochMillis, TenantId, uuid } from "../Ids.ts"
import type { Rules } from "../Rules.ts"
import { type Flow, FlowConcurrency, FlowKey, FlowRate, Origin } from "../serviceCall/Spec.ts"
import type { Fields } from "../specification/Specification.ts"
import { common, minutesLater, topic } from "../topics/topic.ts"

/** Follows from tenant and key: one key has one flow, for ever. */
export const FlowId = uuid.pipe(Schema.brand("FlowId"))
export type FlowId = typeof FlowId.Type

export const FlowStatus = Schema.Literals(["Active", "Removed"])
export type FlowStatus = typeof FlowStatus.Type

const bounds = {
  /** Null: nothing bounds it but what its calls say. */
  concurrency: Schema.NullOr(FlowConcurrency),
  ratePerSecond: Schema.NullOr(FlowRate)
}

export const FlowFacts = Schema.Struct({
  key: FlowKey,
  ...bounds,
  status: FlowStatus,
  createdAt: EpochMillis,
  updatedAt: EpochMillis
})
export type FlowFacts = typeof FlowFacts.Type

const target = { flowId: FlowId, at: EpochMillis }

/** What may be asked of a flow. Defined again, it has other bounds; one that was removed is there again. */
export const FlowCommand = Schema.TaggedUnion({
  DefineFlow: { ...target, key: FlowKey, ...bounds, origin: Origin },
  RemoveFlow: target
})
export type FlowCommand = typeof FlowCommand.Type

/** Facts about a flow. Every case is stored for ever: add cases, never edit one. */
export const FlowEvent = Schema.TaggedUnion({
  FlowDefined: { key: FlowKey, ...bounds, origin: Origin },
  FlowRemoved: {}
})
export type FlowEvent = typeof FlowEvent.Type

/** What an accepted command is answered with: the flow as the command left it. */
export const FlowOutcome = Schema.TaggedUnion({ FlowAccepted: { flowId: FlowId, flow: FlowFacts } })
export type FlowOutcome = typeof FlowOutcome.Type

export class FlowNotFound extends Schema.TaggedError<FlowNotFound>()("FlowNotFound", { flowId: FlowId }) {}

/** Why the answer to a command about a flow is no. Nothing was stored. */
export const FlowRejection = Schema.Union([FlowNotFound])
export type FlowRejection = typeof FlowRejection.Type

/** The read model of a flow: one row, in step with the events. */
export interface FlowRow extends FlowFacts {
  readonly _tag: "FlowRow"
  readonly tenantId: TenantId
  readonly flowId: FlowId
  readonly version: number
  readonly correlationId: string
}

/** What lists of flows can be filtered by. */
export const flowFields = {
  key: { type: "text", read: ({ key }) => key },
  status: { type: "text", read: ({ status }) => status, oneOf: FlowStatus.literals },
  createdAt: { type: "instant", read: ({ createdAt }) => createdAt },
  updatedAt: { type: "instant", read: ({ updatedAt }) => updatedAt },
  version: { type: "number", read: ({ version }) => version }
} satisfies Fields<FlowRow>

/** None: that no two have one key follows from their ids. */
export const flowRules = { required: [], unique: [], apart: [] } as const satisfies Rules<keyof typeof flowFields>

/** Version 1 of the message on every `ops.flow.*` topic. */
export const FlowChanged = Schema.Struct({
  schemaVersion: Schema.Literal(1),
  tenantId: TenantId,
  flowId: FlowId,
  /** The stream's version, so that a reader can tell which message is newer. */
  version: Schema.Int,
  flow: FlowFacts,
  occurredAt: EpochMillis,
  correlationId: CorrelationId
}).annotate({ identifier: "FlowChanged" })
export type FlowChanged = typeof FlowChanged.Type

const flow: FlowFacts = {
  key: "stripe",
  concurrency: 5,
  ratePerSecond: 2,
  status: "Active",
  createdAt: minutesLater(0),
  updatedAt: minutesLater(0)
}
const defined: FlowChanged = {
  ...common,
  flowId: "0198c0de-0a01-7000-8000-00000000f107" as FlowId,
  version: 1,
  flow,
  occurredAt: minutesLater(0)
}

export const flowTopics = {
  "ops.flow.defined": topic(FlowChanged, "A flow was defined, or has other bounds.", defined),
  "ops.flow.removed": topic(FlowChanged, "A flow has no bounds any more but those of its calls.", {
    ...defined,
    version: 2,
    flow: { ...flow, status: "Removed", updatedAt: minutesLater(90) },
    occurredAt: minutesLater(90)
  })
} as const
export type FlowTopic = keyof typeof flowTopics

/** Which bounds count for a call: of those that it brings and those of its flow the stricter. */
const least = (a: number | undefined, b: number | null | undefined): number | undefined =>
  a === undefined ? (b ?? undefined) : Math.min(a, b ?? a)

export const strictest = (
  own: Flow,
  defined: Pick<FlowFacts, "concurrency" | "ratePerSecond"> | null | undefined
): { readonly concurrency: number | undefined; readonly ratePerSecond: number | undefined } => ({
  concurrency: least(own.concurrency, defined?.concurrency),
  ratePerSecond: least(own.ratePerSecond, defined?.ratePerSecond)
})
