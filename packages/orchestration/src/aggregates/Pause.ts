/** The pause aggregate: made once, resumed, and while it releases at a rate, resumed at another one. */
import { CorrelationId, type EpochMillis, type StreamId } from "@dueline/contracts/Ids"
import {
  type PauseChanged,
  type PauseCommand,
  PauseEvent,
  PauseFacts,
  type PauseId,
  PauseIdTaken,
  PauseNotFound,
  type PauseOutcome,
  type PauseRejection,
  type PauseTopic
} from "@dueline/contracts/pause/Pause"
import { Result, Schema } from "effect"
import type { Aggregate } from "../engine/Aggregate.ts"

/** In snapshots too: a changed shape needs another `form` there. */
const PauseState = Schema.TaggedUnion({
  Unknown: {},
  Known: { pause: PauseFacts, fingerprint: Schema.NullOr(Schema.String), correlationId: CorrelationId }
})
type PauseState = typeof PauseState.Type

const initial: PauseState = { _tag: "Unknown" }

/** Total: an event that does not apply changes nothing. */
const evolve = (state: PauseState, event: PauseEvent, at: EpochMillis): PauseState => {
  if (event._tag === "PauseCreated") {
    const { createdAt, fingerprint, key, of, origin, pausedBy, reason } = event
    const over = { status: "Active", resumedAt: null, resumedBy: null, releasePerSecond: null } as const
    return {
      _tag: "Known",
      pause: { of, key, reason, pausedBy, ...over, createdAt, updatedAt: at },
      fingerprint,
      correlationId: origin.correlationId
    }
  }
  if (state._tag === "Unknown") return state
  const { releasePerSecond, resumedBy } = event
  // What was due when it was first resumed is what is released, whatever the rate becomes.
  const resumedAt = state.pause.resumedAt ?? at
  const pause = { ...state.pause, status: "Resumed", resumedAt, resumedBy, releasePerSecond, updatedAt: at } as const
  return { ...state, pause }
}

type Decision = Result.Result<ReadonlyArray<PauseEvent>, PauseRejection>

const nothing: Decision = Result.succeed([])
const one = (event: PauseEvent): Decision => Result.succeed([event])

/** Asking twice for the same thing decides nothing the second time. */
const decide = (command: PauseCommand, state: PauseState): Decision => {
  const { pauseId } = command
  if (command._tag === "CreatePause") {
    const { at, fingerprint, key, of, origin, pausedBy, reason } = command
    if (state._tag === "Unknown")
      return one({ _tag: "PauseCreated", of, key, reason, pausedBy, createdAt: at, fingerprint, origin })
    return state.fingerprint === fingerprint ? nothing : Result.fail(new PauseIdTaken({ pauseId }))
  }
  if (state._tag === "Unknown") return Result.fail(new PauseNotFound({ pauseId }))
  const { releasePerSecond, resumedBy } = command
  return state.pause.status === "Resumed" && state.pause.releasePerSecond === releasePerSecond
    ? nothing
    : one({ _tag: "PauseResumed", resumedBy, releasePerSecond })
}

const topics: Readonly<Record<PauseEvent["_tag"], PauseTopic>> = {
  PauseCreated: "ops.pause.created",
  PauseResumed: "ops.pause.resumed"
}

export const Pause: Aggregate<PauseCommand, PauseState, PauseEvent, PauseRejection, PauseOutcome> = {
  category: "pause",
  event: PauseEvent,
  upcasters: {},
  snapshot: { form: 1, state: PauseState },
  streamOf: ({ pauseId }) => pauseId as string as StreamId,
  opens: ({ _tag }) => _tag === "CreatePause",
  ended: () => false,
  initial,
  correlation: (state) => (state._tag === "Unknown" ? null : state.correlationId),
  evolve,
  decide,
  respond: ({ _tag, pauseId }, after) => {
    if (after._tag === "Unknown") throw new Error(`an accepted ${_tag} left no pause behind`)
    return { _tag: "PauseAccepted", pauseId, pause: after.pause }
  },
  attachment: (_command, before) => before,
  ruled: false,
  requires: () => [],
  refuse: () => null,
  project: (after, { streamId, tenantId, version }) => {
    if (after._tag === "Unknown") return null
    const { correlationId, pause } = after
    return { _tag: "PauseRow", tenantId, pauseId: streamId as string as PauseId, version, ...pause, correlationId }
  },
  announce: ({ _tag }, after, { at, tenantId, version }, { pauseId }) => {
    if (after._tag === "Unknown") return null
    const { correlationId, pause } = after
    const payload: PauseChanged = {
      schemaVersion: 1,
      tenantId,
      pauseId,
      version,
      pause,
      occurredAt: at,
      correlationId
    }
    return { topic: topics[_tag], payload }
  },
  intend: (_events, after, { streamId, tenantId }) => {
    if (after._tag === "Unknown") return []
    const { key, of, releasePerSecond, resumedAt } = after.pause
    const release =
      resumedAt === null || releasePerSecond === null ? null : { at: resumedAt, perSecond: releasePerSecond }
    const isOver = resumedAt !== null && release === null
    return [{ _tag: "PauseCommitted", tenantId, pauseId: streamId as string as PauseId, of, key, release, isOver }]
  }
}
