/** The flow aggregate: defined, defined anew, and removed. */
import {
  type FlowChanged,
  type FlowCommand,
  FlowEvent,
  FlowFacts,
  type FlowId,
  FlowNotFound,
  type FlowOutcome,
  type FlowRejection,
  type FlowTopic
} from "@dueline/contracts/flow/Flow"
import { CorrelationId, type EpochMillis, type StreamId } from "@dueline/contracts/Ids"
import { Result, Schema } from "effect"
import type { Aggregate } from "../engine/Aggregate.ts"

/** In snapshots too: a changed shape needs another `form` there. */
const FlowState = Schema.TaggedUnion({
  Unknown: {},
  Known: { flow: FlowFacts, correlationId: CorrelationId }
})
type FlowState = typeof FlowState.Type

const initial: FlowState = { _tag: "Unknown" }

/** Total: an event that does not apply changes nothing. */
const evolve = (state: FlowState, event: FlowEvent, at: EpochMillis): FlowState => {
  if (event._tag === "FlowDefined") {
    const { concurrency, key, origin, ratePerSecond } = event
    const createdAt = state._tag === "Known" ? state.flow.createdAt : at
    const flow: FlowFacts = { key, concurrency, ratePerSecond, status: "Active", createdAt, updatedAt: at }
    return { _tag: "Known", flow, correlationId: state._tag === "Known" ? state.correlationId : origin.correlationId }
  }
  return state._tag === "Unknown" ? state : { ...state, flow: { ...state.flow, status: "Removed", updatedAt: at } }
}

type Decision = Result.Result<ReadonlyArray<FlowEvent>, FlowRejection>

const nothing: Decision = Result.succeed([])
const one = (event: FlowEvent): Decision => Result.succeed([event])

/** Asking twice for the same thing decides nothing the second time. */
const decide = (command: FlowCommand, state: FlowState): Decision => {
  if (command._tag === "DefineFlow") {
    const { concurrency, key, origin, ratePerSecond } = command
    const isSo =
      state._tag === "Known" &&
      state.flow.status === "Active" &&
      state.flow.concurrency === concurrency &&
      state.flow.ratePerSecond === ratePerSecond
    return isSo ? nothing : one({ _tag: "FlowDefined", key, concurrency, ratePerSecond, origin })
  }
  if (state._tag === "Unknown") return Result.fail(new FlowNotFound({ flowId: command.flowId }))
  return state.flow.status === "Removed" ? nothing : one({ _tag: "FlowRemoved" })
}

const topics: Readonly<Record<FlowEvent["_tag"], FlowTopic>> = {
  FlowDefined: "ops.flow.defined",
  FlowRemoved: "ops.flow.removed"
}

export const Flow: Aggregate<FlowCommand, FlowState, FlowEvent, FlowRejection, FlowOutcome> = {
  category: "flow",
  event: FlowEvent,
  upcasters: {},
  snapshot: { form: 1, state: FlowState },
  streamOf: ({ flowId }) => flowId as string as StreamId,
  // A flow is defined again under the same id, so that none is taken to be the first of its kind.
  opens: () => false,
  ended: () => false,
  initial,
  correlation: (state) => (state._tag === "Unknown" ? null : state.correlationId),
  evolve,
  decide,
  respond: ({ _tag, flowId }, after) => {
    if (after._tag === "Unknown") throw new Error(`an accepted ${_tag} left no flow behind`)
    return { _tag: "FlowAccepted", flowId, flow: after.flow }
  },
  attachment: (_command, before) => before,
  ruled: false,
  requires: () => [],
  refuse: () => null,
  project: (after, { streamId, tenantId, version }) => {
    if (after._tag === "Unknown") return null
    const { correlationId, flow } = after
    return { _tag: "FlowRow", tenantId, flowId: streamId as string as FlowId, version, ...flow, correlationId }
  },
  announce: ({ _tag }, after, { at, tenantId, version }, { flowId }) => {
    if (after._tag === "Unknown") return null
    const { correlationId, flow } = after
    const payload: FlowChanged = { schemaVersion: 1, tenantId, flowId, version, flow, occurredAt: at, correlationId }
    return { topic: topics[_tag], payload }
  },
  intend: () => []
}
