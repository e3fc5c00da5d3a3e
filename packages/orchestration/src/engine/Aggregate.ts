/** The parts of an aggregate as the writer uses them: pure functions over plain data, no Effect among them. */
import type { CorrelationId, EpochMillis, StreamId, TenantId } from "@dueline/contracts/Ids"
import type { Intent } from "@dueline/contracts/Intent"
import type { ReadModelRow } from "@dueline/contracts/kinds"
import type { Requirement, StoreRule } from "@dueline/contracts/StoreRule"
import type { Result, Schema } from "effect"
import type { Upcasters } from "./storedForms.ts"

/** Where and when a decision lands. `version` is the stream's after it. */
export interface Stamp {
  readonly tenantId: TenantId
  readonly streamId: StreamId
  readonly version: number
  readonly at: EpochMillis
}

export interface Tagged {
  readonly _tag: string
}

/** Every command says when it was asked, in epoch milliseconds. */
export type Command = Tagged & { readonly at: EpochMillis }

export interface Aggregate<C extends Command, S, E extends Tagged, R, O> {
  readonly category: string
  /** Plain data: what it decodes is what is stored. */
  readonly event: Schema.Codec<E, unknown>
  /** How payloads of older versions become today's, by type of event. */
  readonly upcasters: Upcasters
  /** How the state is kept in snapshots. `form` grows whenever the state's shape or meaning changes. */
  readonly snapshot: { readonly form: number; readonly state: Schema.Codec<S, unknown> }
  readonly streamOf: (command: C) => StreamId
  /** Whether the command is the kind that begins a stream. */
  readonly opens: (command: C) => boolean
  /** Whether the aggregate has come to rest, so that keeping it in memory hardly pays. */
  readonly ended: (state: S) => boolean
  readonly initial: S
  /** What an aggregate's life belongs to: commands of the system itself are recorded under it. Null before it began. */
  readonly correlation: (state: S) => CorrelationId | null
  /** `at` is when the event was recorded. */
  readonly evolve: (state: S, event: E, at: EpochMillis) => S
  /** An empty list of events is a success that changes nothing. */
  readonly decide: (command: C, state: S) => Result.Result<ReadonlyArray<E>, R>
  readonly respond: (command: C, after: S, events: ReadonlyArray<E>) => O
  /** The sealed attachment after the decision, given the one before. */
  readonly attachment: (command: C, before: string | null, after: S) => string | null
  /** Whether each state is held against those of others by the store: then no commit may pass over one on the way to the next. */
  readonly ruled: boolean
  /** What must be true of other aggregates for these events to become facts. */
  readonly requires: (events: ReadonlyArray<E>, after: S, command: C) => ReadonlyArray<Requirement>
  /** The rejection a broken rule comes to, or null when this command cannot break it. `after` is what would have become of the state. */
  readonly refuse: (rule: StoreRule, command: C, after: S) => R | null
  /** The row is a function of the history alone, so that the log can give it back. `stamp.at` is when the last event was recorded. */
  readonly project: (after: S, stamp: Stamp) => ReadModelRow | null
  readonly announce: (
    event: E,
    after: S,
    stamp: Stamp,
    command: C
  ) => { readonly topic: string; readonly payload: unknown } | null
  /** What should be done at once; asked again when a command's answer was lost, so acting on it twice must be harmless. */
  readonly intend: (
    events: ReadonlyArray<E>,
    after: S,
    stamp: Stamp,
    sealed: string | null,
    command: C
  ) => ReadonlyArray<Intent>
}
