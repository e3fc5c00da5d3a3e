/**
 * The ingestion aggregate: an event or a payload, received or rejected once, tried until it is completed or failed. One that failed is tried again
 * when it is replayed; nothing else comes after the end.
 */
import type { CourierSourceId } from "@dueline/contracts/courierSource/CourierSource"
import type { DropbinFacts } from "@dueline/contracts/ingestion/Dropbin"
import { CorrelationId, type EpochMillis, type StreamId } from "@dueline/contracts/Ids"
import {
  type IngestionChanged,
  type IngestionCommand,
  IngestionEnded,
  IngestionEvent,
  IngestionFacts,
  type IngestionId,
  IngestionIdTaken,
  IngestionNotFound,
  type IngestionOutcome,
  type IngestionRejection,
  type IngestionTopic,
  maxAttemptsKept
} from "@dueline/contracts/ingestion/Ingestion"
import { Result, Schema } from "effect"
import type { Aggregate, Stamp } from "../engine/Aggregate.ts"

/** In snapshots too: a changed shape needs another `form` there. */
const IngestionState = Schema.TaggedUnion({
  Unknown: {},
  /** `digest`: of the body, or the fingerprint of the request. Null when it was rejected, and for a payload without a key. */
  Known: { ingestion: IngestionFacts, digest: Schema.NullOr(Schema.String), correlationId: CorrelationId }
})
type IngestionState = typeof IngestionState.Type
type Known = Extract<IngestionState, { readonly _tag: "Known" }>

const initial: IngestionState = { _tag: "Unknown" }

const begun = (
  courierSourceId: CourierSourceId | null,
  bodyBytes: number,
  createdAt: EpochMillis,
  at: EpochMillis
) => ({
  courierSourceId,
  bodyBytes,
  event: null,
  delivery: null,
  rejection: null,
  failures: 0,
  attempts: [],
  createdAt,
  updatedAt: at,
  endedAt: null
})

const changed = (state: Known, at: EpochMillis, changes: Partial<IngestionFacts>): IngestionState => ({
  ...state,
  ingestion: { ...state.ingestion, ...changes, updatedAt: at }
})

const failed = ({ ingestion: { attempts, failures } }: Known, reason: string, at: EpochMillis) => ({
  failures: failures + 1,
  attempts: [...attempts, { at, reason }].slice(-maxAttemptsKept)
})

/** Total: an event that does not apply changes nothing. */
const evolve = (state: IngestionState, event: IngestionEvent, at: EpochMillis): IngestionState => {
  switch (event._tag) {
    case "IngestionReceived": {
      const { bodyBytes, courierSourceId, delivery, digest, origin, receivedAt } = event
      const ingestion: IngestionFacts = {
        ...begun(courierSourceId, bodyBytes, receivedAt, at),
        status: "Received",
        event: event.event,
        delivery
      }
      return { _tag: "Known", ingestion, digest, correlationId: origin.correlationId }
    }
    case "IngestionRejected": {
      const { bodyBytes, courierSourceId, origin, reason, rejectedAt, unrecorded } = event
      const ingestion: IngestionFacts = {
        ...begun(courierSourceId, bodyBytes, rejectedAt, at),
        status: "Rejected",
        rejection: { reason, unrecorded },
        endedAt: at
      }
      return { _tag: "Known", ingestion, digest: null, correlationId: origin.correlationId }
    }
    case "DropbinReceived": {
      const { bodyBytes, fingerprint, origin, receivedAt, reference } = event
      const ingestion: IngestionFacts = {
        ...begun(null, bodyBytes, receivedAt, at),
        status: "Received",
        dropbin: { reference, orderId: null, failure: null, dueAt: receivedAt }
      }
      return { _tag: "Known", ingestion, digest: fingerprint, correlationId: origin.correlationId }
    }
    default:
      break
  }
  if (state._tag === "Unknown") return state
  switch (event._tag) {
    case "IngestionRetried": {
      const { dueAt, reason } = event
      const when = dueAt === undefined ? {} : dropbin(state, { dueAt })
      return changed(state, at, { status: "Processing", ...failed(state, reason, at), ...when })
    }
    case "IngestionCompleted":
      return changed(state, at, {
        status: "Completed",
        endedAt: at,
        ...dropbin(state, { dueAt: null, orderId: event.orderId ?? null, failure: null })
      })
    case "IngestionFailed":
      return changed(state, at, {
        status: "Failed",
        ...failed(state, event.reason, at),
        endedAt: at,
        ...dropbin(state, { dueAt: null, failure: event.failure ?? null })
      })
    case "IngestionReplayed":
      return changed(state, at, {
        status: "Processing",
        endedAt: null,
        replayed: { replay: event.replay, failures: state.ingestion.failures },
        ...dropbin(state, { dueAt: at, failure: null })
      })
  }
}

/** Nothing where it is none. */
const dropbin = ({ ingestion }: Known, changes: Partial<DropbinFacts>): Pick<IngestionFacts, "dropbin"> =>
  ingestion.dropbin === undefined ? {} : { dropbin: { ...ingestion.dropbin, ...changes } }

type Decision = Result.Result<ReadonlyArray<IngestionEvent>, IngestionRejection>

const nothing: Decision = Result.succeed([])
const one = (event: IngestionEvent): Decision => Result.succeed([event])

type Of<Tag extends IngestionCommand["_tag"]> = Extract<IngestionCommand, { readonly _tag: Tag }>
type Beginning = Of<"ReceiveIngestion" | "RejectIngestion" | "ReceiveDropbin">
const begins = (command: IngestionCommand): command is Beginning =>
  command._tag === "ReceiveIngestion" || command._tag === "RejectIngestion" || command._tag === "ReceiveDropbin"

const begin = (command: Beginning, state: IngestionState): Decision => {
  const { ingestionId } = command
  if (command._tag === "ReceiveDropbin") {
    const { at, bodyBytes, fingerprint, origin, reference } = command
    if (state._tag === "Known") {
      const same = state.ingestion.dropbin !== undefined && state.digest === fingerprint
      return same ? nothing : Result.fail(new IngestionIdTaken({ ingestionId }))
    }
    return one({ _tag: "DropbinReceived", reference, bodyBytes, fingerprint, origin, receivedAt: at })
  }
  if (command._tag === "RejectIngestion") {
    const { at, bodyBytes, courierSourceId, origin, reason, unrecorded } = command
    if (state._tag === "Known")
      return state.ingestion.status === "Rejected" ? nothing : Result.fail(new IngestionIdTaken({ ingestionId }))
    return one({ _tag: "IngestionRejected", courierSourceId, reason, unrecorded, bodyBytes, origin, rejectedAt: at })
  }
  const { at, bodyBytes, courierSourceId, delivery, digest, event, origin } = command
  if (state._tag === "Known")
    return state.digest === digest && state.ingestion.dropbin === undefined
      ? nothing
      : Result.fail(new IngestionIdTaken({ ingestionId }))
  return one({ _tag: "IngestionReceived", courierSourceId, event, delivery, bodyBytes, digest, origin, receivedAt: at })
}

/** What is under way needs no replay. Each is done once: a later one only after it has failed again. */
const replayed = (
  { ingestionId, replay }: Of<"ReplayIngestion">,
  { ingestion: { replayed, status } }: Known
): Decision => {
  if (status === "Completed" || status === "Rejected") return Result.fail(new IngestionEnded({ ingestionId, status }))
  return status !== "Failed" || replay <= (replayed?.replay ?? 0) ? nothing : one({ _tag: "IngestionReplayed", replay })
}

/** Asking twice for the same end decides nothing the second time; another end than the one it has come to is refused. */
const decide = (command: IngestionCommand, state: IngestionState): Decision => {
  if (begins(command)) return begin(command, state)
  const { ingestionId } = command
  if (state._tag === "Unknown") return Result.fail(new IngestionNotFound({ ingestionId }))
  if (command._tag === "ReplayIngestion") return replayed(command, state)
  const { endedAt, status } = state.ingestion
  const ends = { RetryIngestion: null, CompleteIngestion: "Completed", FailIngestion: "Failed" } as const
  // An order that is there is stronger than a failure: another look has made it meanwhile.
  if (status === "Failed" && command._tag === "CompleteIngestion" && command.orderId !== undefined)
    return one({ _tag: "IngestionCompleted", orderId: command.orderId })
  if (endedAt !== null)
    return status === ends[command._tag] ? nothing : Result.fail(new IngestionEnded({ ingestionId, status }))
  switch (command._tag) {
    case "RetryIngestion": {
      const { dueAt, reason } = command
      return one({ _tag: "IngestionRetried", reason, ...(dueAt === undefined ? {} : { dueAt }) })
    }
    case "CompleteIngestion": {
      const { orderId } = command
      return one({ _tag: "IngestionCompleted", ...(orderId === undefined ? {} : { orderId }) })
    }
    case "FailIngestion": {
      const { failure, reason } = command
      return one({ _tag: "IngestionFailed", reason, ...(failure === undefined ? {} : { failure }) })
    }
  }
}

/** Nobody waits for a single retry: what ends does, and what begins. */
const topics: Readonly<Record<IngestionEvent["_tag"], IngestionTopic | null>> = {
  IngestionReceived: "ops.ingestion.received",
  DropbinReceived: "ops.ingestion.received",
  IngestionRejected: "ops.ingestion.rejected",
  IngestionRetried: null,
  IngestionCompleted: "ops.ingestion.completed",
  IngestionFailed: "ops.ingestion.failed",
  IngestionReplayed: "ops.ingestion.replayed"
}

const announce = (
  { _tag }: IngestionEvent,
  after: IngestionState,
  { at, tenantId, version }: Stamp,
  ingestionId: IngestionId
): { readonly topic: IngestionTopic; readonly payload: IngestionChanged } | null => {
  const topic = topics[_tag]
  if (after._tag === "Unknown" || topic === null) return null
  const { correlationId, ingestion } = after
  return {
    topic,
    payload: { schemaVersion: 1, tenantId, ingestionId, version, ingestion, occurredAt: at, correlationId }
  }
}

export const Ingestion: Aggregate<
  IngestionCommand,
  IngestionState,
  IngestionEvent,
  IngestionRejection,
  IngestionOutcome
> = {
  category: "ingestion",
  event: IngestionEvent,
  upcasters: {},
  snapshot: { form: 3, state: IngestionState },
  streamOf: ({ ingestionId }) => ingestionId as string as StreamId,
  opens: begins,
  ended: (state) => state._tag === "Known" && state.ingestion.endedAt !== null,
  initial,
  correlation: (state) => (state._tag === "Unknown" ? null : state.correlationId),
  evolve,
  decide,
  respond: ({ _tag, ingestionId }, after) => {
    if (after._tag === "Unknown") throw new Error(`an accepted ${_tag} left no ingestion behind`)
    return { _tag: "IngestionAccepted", ingestionId, ingestion: after.ingestion }
  },
  // The body, as it came: it may be personal. Of a payload what is asked for, or where it lies, until the order is there.
  attachment: (command, before, after) => {
    if (after._tag === "Known" && after.ingestion.dropbin !== undefined && after.ingestion.status === "Completed")
      return null
    return command._tag === "ReceiveIngestion" || command._tag === "ReceiveDropbin" ? command.sealed : before
  },
  ruled: false,
  requires: () => [],
  refuse: () => null,
  project: (after, { streamId, tenantId, version }) => {
    if (after._tag === "Unknown") return null
    const ingestionId = streamId as string as IngestionId
    const { correlationId, ingestion } = after
    return { _tag: "IngestionRow", tenantId, ingestionId, version, ...ingestion, correlationId }
  },
  announce: (event, after, stamp, { ingestionId }) => announce(event, after, stamp, ingestionId),
  intend: () => []
}
