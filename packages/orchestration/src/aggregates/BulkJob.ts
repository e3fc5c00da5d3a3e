/** The bulk job aggregate: started once, step after step until there is nothing left or it is aborted, and nothing after that. */
import {
  type BulkJobChanged,
  type BulkJobCommand,
  BulkJobEvent,
  BulkJobFacts,
  type BulkJobId,
  BulkJobNotFound,
  type BulkJobOutcome,
  BulkJobOver,
  type BulkJobRejection,
  type BulkJobTopic,
  BulkStepUnexpected
} from "@dueline/contracts/bulkJob/BulkJob"
import { CorrelationId, type EpochMillis, type StreamId } from "@dueline/contracts/Ids"
import { Result, Schema } from "effect"
import type { Aggregate, Stamp } from "../engine/Aggregate.ts"

/** In snapshots too: a changed shape needs another `form` there. */
const BulkJobState = Schema.TaggedUnion({
  Unknown: {},
  Known: { job: BulkJobFacts, correlationId: CorrelationId }
})
type BulkJobState = typeof BulkJobState.Type
type Known = Extract<BulkJobState, { readonly _tag: "Known" }>

const initial: BulkJobState = { _tag: "Unknown" }

const changed = (state: Known, at: EpochMillis, changes: Partial<BulkJobFacts>): BulkJobState => ({
  ...state,
  job: { ...state.job, ...changes, updatedAt: at }
})

const started = (
  { origin, plan, rate, startedAt, startedBy, work }: Extract<BulkJobEvent, { readonly _tag: "BulkJobStarted" }>,
  at: EpochMillis
): BulkJobState => ({
  _tag: "Known",
  correlationId: origin.correlationId,
  job: {
    work,
    plan,
    rate,
    startedBy,
    status: "Running",
    steps: 0,
    after: null,
    done: 0,
    failed: 0,
    skipped: 0,
    createdAt: startedAt,
    updatedAt: at,
    endedAt: null
  }
})

/** Total: an event that does not apply changes nothing. */
const evolve = (state: BulkJobState, event: BulkJobEvent, at: EpochMillis): BulkJobState => {
  if (event._tag === "BulkJobStarted") return started(event, at)
  if (state._tag === "Unknown") return state
  const { job } = state
  switch (event._tag) {
    case "BulkStepRecorded":
      return changed(state, at, {
        steps: event.step,
        after: event.after,
        done: job.done + event.done,
        failed: job.failed + event.failed,
        skipped: job.skipped + event.skipped
      })
    case "BulkJobPaused":
      return changed(state, at, { status: "Paused" })
    case "BulkJobResumed":
      return changed(state, at, { status: "Running" })
    case "BulkJobAbortRequested":
      return changed(state, at, { status: "Aborting" })
    case "BulkJobAborted":
      return changed(state, at, { status: "Aborted", endedAt: at })
    case "BulkJobCompleted":
      return changed(state, at, { status: "Completed", endedAt: at })
  }
}

type Decision = Result.Result<ReadonlyArray<BulkJobEvent>, BulkJobRejection>

const nothing: Decision = Result.succeed([])
const one = (event: BulkJobEvent): Decision => Result.succeed([event])

/** A step that is known is not counted again; one that was begun before a pause or an abort still is. */
const record = (
  command: Extract<BulkJobCommand, { readonly _tag: "RecordBulkStep" }>,
  { endedAt, status, steps }: BulkJobFacts
): Decision => {
  const { after, bulkJobId, done, failed, last, skipped, step } = command
  if (step <= steps) return nothing
  if (endedAt !== null) return Result.fail(new BulkJobOver({ bulkJobId, status }))
  if (step > steps + 1) return Result.fail(new BulkStepUnexpected({ bulkJobId, step }))
  const recorded: BulkJobEvent = { _tag: "BulkStepRecorded", step, done, failed, skipped, after }
  if (last) return Result.succeed([recorded, { _tag: "BulkJobCompleted" }])
  return status === "Aborting" ? Result.succeed([recorded, { _tag: "BulkJobAborted" }]) : one(recorded)
}

/** Asking twice for the same decides nothing the second time. A job that is there was started by the same plan: its id says so. */
const decide = (command: BulkJobCommand, state: BulkJobState): Decision => {
  const { bulkJobId } = command
  if (command._tag === "StartBulkJob") {
    if (state._tag === "Known") return nothing
    const { at, origin, plan, rate, startedBy, work } = command
    return one({ _tag: "BulkJobStarted", work, plan, rate, startedBy, origin, startedAt: at })
  }
  if (state._tag === "Unknown") return Result.fail(new BulkJobNotFound({ bulkJobId }))
  const { job } = state
  const { status } = job
  const over = Result.fail(new BulkJobOver({ bulkJobId, status }))
  switch (command._tag) {
    case "RecordBulkStep":
      return record(command, job)
    case "PauseBulkJob":
      if (status === "Paused") return nothing
      return status === "Running" ? one({ _tag: "BulkJobPaused" }) : over
    case "ResumeBulkJob":
      if (status === "Running") return nothing
      return status === "Paused" ? one({ _tag: "BulkJobResumed" }) : over
    case "AbortBulkJob":
      if (status === "Aborting" || status === "Aborted") return nothing
      return status === "Completed" ? over : one({ _tag: "BulkJobAbortRequested" })
  }
}

/** Nobody waits for single steps: what ends does, and what begins. */
const topics: Readonly<Record<BulkJobEvent["_tag"], BulkJobTopic | null>> = {
  BulkJobStarted: "ops.bulk-job.started",
  BulkStepRecorded: null,
  BulkJobPaused: "ops.bulk-job.paused",
  BulkJobResumed: "ops.bulk-job.resumed",
  BulkJobAbortRequested: null,
  BulkJobAborted: "ops.bulk-job.aborted",
  BulkJobCompleted: "ops.bulk-job.completed"
}

const announce = (
  { _tag }: BulkJobEvent,
  after: BulkJobState,
  { at, tenantId, version }: Stamp,
  bulkJobId: BulkJobId
): { readonly topic: BulkJobTopic; readonly payload: BulkJobChanged } | null => {
  const topic = topics[_tag]
  if (after._tag === "Unknown" || topic === null) return null
  const { correlationId, job } = after
  return { topic, payload: { schemaVersion: 1, tenantId, bulkJobId, version, job, occurredAt: at, correlationId } }
}

export const BulkJob: Aggregate<BulkJobCommand, BulkJobState, BulkJobEvent, BulkJobRejection, BulkJobOutcome> = {
  category: "bulk-job",
  event: BulkJobEvent,
  upcasters: {},
  snapshot: { form: 1, state: BulkJobState },
  streamOf: ({ bulkJobId }) => bulkJobId as string as StreamId,
  opens: ({ _tag }) => _tag === "StartBulkJob",
  ended: (state) => state._tag === "Known" && state.job.endedAt !== null,
  initial,
  correlation: (state) => (state._tag === "Unknown" ? null : state.correlationId),
  evolve,
  decide,
  respond: ({ _tag, bulkJobId }, after) => {
    if (after._tag === "Unknown") throw new Error(`an accepted ${_tag} left no job behind`)
    return { _tag: "BulkJobAccepted", bulkJobId, job: after.job }
  },
  attachment: (_command, before) => before,
  ruled: false,
  requires: () => [],
  refuse: () => null,
  project: (after, { streamId, tenantId, version }) => {
    if (after._tag === "Unknown") return null
    const bulkJobId = streamId as string as BulkJobId
    const { correlationId, job } = after
    return { _tag: "BulkJobRow", tenantId, bulkJobId, version, ...job, correlationId }
  },
  announce: (event, after, stamp, { bulkJobId }) => announce(event, after, stamp, bulkJobId),
  intend: () => []
}
