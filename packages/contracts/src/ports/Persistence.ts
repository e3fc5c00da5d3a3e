/**
 * The write side: load what a batch of commands needs, commit what it decided.
 *
 * `commit` is the only way in. Events, read-model rows, outbox messages and receipts of the whole batch become durable together or
 * not at all; no caller ever sees a transaction. Both calls take a batch, since a round trip costs more than a row.
 */
import { Context, type Effect, Schema } from "effect"
import type { NewEvent, RecordedEvent, StreamKey } from "../Envelope.ts"
import { StreamId, TenantId } from "../Ids.ts"
import type { ReadModelRow } from "../kinds.ts"
import { type Requirement, StoreRule } from "../StoreRule.ts"

export interface LoadRequest extends StreamKey {
  /** The idempotency key whose receipt is wanted too, or null. */
  readonly receiptKey: string | null
  /** False when the caller already holds the stream and wants only the receipt. */
  readonly wantEvents: boolean
  /** The form of snapshots the caller can read: one in this form may stand in for the events up to it. Null: all events. */
  readonly snapshotForm: number | null
}

/** An aggregate's state at a version, so that what came before need not be read. Replaces an older one of its stream. */
export interface Snapshot {
  readonly version: number
  /** Changes whenever the state's shape does; a snapshot in another form is as good as none. */
  readonly form: number
  /** Plain JSON. */
  readonly state: unknown
}

/** The stored answer to an earlier command. `answer` is plain JSON. */
export interface Receipt {
  readonly key: string
  readonly fingerprint: string
  readonly commandType: string
  readonly streamId: StreamId
  readonly version: number
  readonly answer: unknown
}

export interface Slice {
  /** 0 when the stream does not exist. */
  readonly version: number
  readonly snapshot: Snapshot | null
  /** Those after the snapshot, where there is one. */
  readonly events: ReadonlyArray<RecordedEvent>
  /** The attachment: sealed bytes that belong to the aggregate but not to its history, so that they can be erased. */
  readonly sealed: string | null
  readonly receipt: Receipt | null
}

export interface OutboxMessage {
  readonly eventId: string
  /** A public name such as `ops.service-call.succeeded`. */
  readonly topic: string
  readonly payload: unknown
  /** Nobody takes it from the bus: it has no place in the outbox, and is kept for subscriptions alone. */
  readonly unheard?: true
}

export interface Commit extends StreamKey {
  /** The kind of aggregate, e.g. `service-call`. */
  readonly category: string
  /** The version the events were decided on; 0 for a new stream. */
  readonly expectedVersion: number
  /** They get the versions `expectedVersion + 1`, `+ 2`, …; none only where a receipt is all there is to keep. */
  readonly events: ReadonlyArray<NewEvent>
  /** The aggregate's whole row after the events. What a call's first event says stands in its row for good: a step may leave that as it is. */
  readonly row: ReadModelRow | null
  readonly requires: ReadonlyArray<Requirement>
  /** To be kept beside the events, or null. */
  readonly snapshot: Snapshot | null
  /** What becomes of the attachment, which not every kind has. */
  readonly sealed:
    | { readonly _tag: "keep" }
    | { readonly _tag: "erase" }
    | { readonly _tag: "set"; readonly value: string }
  readonly outbox: ReadonlyArray<OutboxMessage>
  readonly receipts: ReadonlyArray<Receipt & { readonly expiresAt: number }>
}

/** Another writer got there first, or a receipt with this key exists. Nothing of the batch was stored: reload and decide again. */
export class CommitConflict extends Schema.TaggedError<CommitConflict>()("CommitConflict", {
  kind: Schema.Literals(["version", "receipt"]),
  /** One of the streams in the way, when the store can tell. */
  stream: Schema.NullOr(Schema.Struct({ tenantId: TenantId, streamId: StreamId }))
}) {}

/** A commit of the batch breaks a rule between aggregates. Nothing of the batch was stored; versions and receipts were in order. */
export class RuleBroken extends Schema.TaggedError<RuleBroken>()("RuleBroken", { rule: StoreRule }) {}

/**
 * The store could not answer. Safe to ask again: a commit that did happen shows itself as a `CommitConflict`, and the reload
 * then finds the receipt or the events.
 */
export class StoreUnavailable extends Schema.TaggedError<StoreUnavailable>()("StoreUnavailable", {
  operation: Schema.String,
  cause: Schema.Defect()
}) {}

export class Persistence extends Context.Service<
  Persistence,
  {
    /** Answers in the order of the requests. */
    readonly load: (requests: ReadonlyArray<LoadRequest>) => Effect.Effect<ReadonlyArray<Slice>, StoreUnavailable>
    /** At most one commit per stream in a batch. An empty batch does nothing. */
    readonly commit: (
      batch: ReadonlyArray<Commit>
    ) => Effect.Effect<void, CommitConflict | RuleBroken | StoreUnavailable>
  }
>()("@dueline/contracts/ports/Persistence") {}
