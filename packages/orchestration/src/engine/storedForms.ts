/**
 * Stored events and snapshots in the form of today: payloads of older versions are upcast, a slice is folded into a state, a state is kept
 * beside its events now and then, and a stream is replayed as the writer made it. What is stored is never changed.
 */
import type { RecordedEvent, StreamKey } from "@dueline/contracts/Envelope"
import type { EpochMillis } from "@dueline/contracts/Ids"
import type { ReadModelRow } from "@dueline/contracts/kinds"
import type { Slice, Snapshot } from "@dueline/contracts/ports/Persistence"
import { Schema } from "effect"
import type { Aggregate, Command, Tagged } from "./Aggregate.ts"

/** By type of event: from version 1 to 2, from 2 to 3, and so on. A type that is not named here has only ever had version 1. */
export type Upcasters = Readonly<Record<string, ReadonlyArray<(payload: unknown) => unknown>>>

const stepsOf = (upcasters: Upcasters, type: string): ReadonlyArray<(payload: unknown) => unknown> =>
  (Object.hasOwn(upcasters, type) ? upcasters[type] : undefined) ?? []

/** The version that events of this type are written with. */
export const currentVersion = (upcasters: Upcasters, type: string): number => 1 + stepsOf(upcasters, type).length

/** Throws on a version that only a newer program can have written: deciding on half-understood facts would make it worse. */
export const upcast = (upcasters: Upcasters, type: string, version: number, payload: unknown): unknown => {
  const steps = stepsOf(upcasters, type)
  if (version > steps.length + 1) {
    throw new Error(
      `an event ${type} of version ${version} is newer than this program, which knows ${steps.length + 1}`
    )
  }
  if (version < 1) throw new Error(`an event ${type} has version ${version}, and versions begin at 1`)
  return steps.slice(version - 1).reduce((older, step) => step(older), payload)
}

/** A stream as the writer keeps it between batches. */
export interface CachedStream<S, E> {
  readonly state: S
  readonly version: number
  readonly sealed: string | null
  /** The stream's latest commands and what each decided, newest last: their own receipts, should an answer have been lost. */
  readonly recent: ReadonlyArray<AppliedCommand<E>>
}

/** A command that was carried out. */
export interface AppliedCommand<E> {
  readonly commandId: string
  readonly events: ReadonlyArray<E>
}

/** A command that is repeated after so many others have changed its stream is not recognised by its id any more. */
const recentLimit = 16

export const withApplied = <E>(
  recent: ReadonlyArray<AppliedCommand<E>>,
  one: AppliedCommand<E>
): ReadonlyArray<AppliedCommand<E>> =>
  recent.length < recentLimit ? [...recent, one] : [...recent.slice(1 - recentLimit), one]

/** A stream that is not cached is read from its snapshot, and fewer events than this after it. */
export const snapshotEvery = 128

interface Kept<S, E> {
  readonly state: S
  readonly recent: CachedStream<S, E>["recent"]
}

export interface SnapshotCodec<S, E> {
  readonly form: number
  /** Null unless the stream has just passed a multiple of `every`. */
  readonly due: (before: number, after: CachedStream<S, E>) => Snapshot | null
  readonly read: (snapshot: Snapshot) => Kept<S, E>
}

/** The snapshot of an aggregate and of the commands it still recognises. */
export const snapshotCodec = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  every = snapshotEvery
): SnapshotCodec<S, E> => {
  const kept = Schema.Struct({
    state: aggregate.snapshot.state,
    recent: Schema.Array(Schema.Struct({ commandId: Schema.String, events: Schema.Array(aggregate.event) }))
  })
  const encode = Schema.encodeSync(kept)
  const decode = Schema.decodeUnknownSync(kept)
  // The latest events stand in it as they are today: those that are read differently from now on make another form of it.
  const steps = Object.values(aggregate.upcasters).reduce((sum, { length }) => sum + length, 0)
  const form = aggregate.snapshot.form + steps
  return {
    form,
    due: (before, { recent, state, version }) =>
      Math.floor(before / every) === Math.floor(version / every)
        ? null
        : { version, form, state: encode({ state, recent }) },
    read: ({ state }) => decode(state)
  }
}

/** Reads one stored event in its form of today. */
export const eventReader = <C extends Command, S, E extends Tagged, R, O>({
  event,
  upcasters
}: Pick<Aggregate<C, S, E, R, O>, "event" | "upcasters">): ((
  stored: Pick<RecordedEvent, "type" | "eventVersion" | "payload">
) => E) => {
  const decode = Schema.decodeUnknownSync(event)
  return ({ eventVersion, payload, type }) => decode(upcast(upcasters, type, eventVersion, payload))
}

/**
 * Decodes and folds a stream's events. Throws when a stored event does not decode: that is a mistake of the program
 * and not retryable, and deciding on half a history would make it worse.
 */
export const restorer = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  snapshots: Pick<SnapshotCodec<S, E>, "read"> = snapshotCodec(aggregate)
): ((slice: Slice) => CachedStream<S, E>) => {
  const read = eventReader(aggregate)
  return ({ events, sealed, snapshot, version }) => {
    const start = snapshot === null ? { state: aggregate.initial, recent: [] } : snapshots.read(snapshot)
    const decoded = events.map(read)
    const state = decoded.reduce(
      (before, event, i) => aggregate.evolve(before, event, (events[i]?.recordedAt ?? 0) as EpochMillis),
      start.state
    )
    return { state, version, sealed, recent: appliedOf(start.recent, events, decoded) }
  }
}

/** The events of one command stand together, and one commit is never split by a snapshot. */
const appliedOf = <E>(
  before: ReadonlyArray<AppliedCommand<E>>,
  events: Slice["events"],
  decoded: ReadonlyArray<E>
): ReadonlyArray<AppliedCommand<E>> => {
  let recent = before
  let from = 0
  for (let to = 1; to <= events.length; to++) {
    const commandId = events[from]?.metadata.commandId
    if (commandId === undefined || commandId === events[to]?.metadata.commandId) continue
    recent = withApplied(recent, { commandId, events: decoded.slice(from, to) })
    from = to
  }
  return recent
}

type StoredFact = Pick<RecordedEvent, "type" | "eventVersion" | "payload" | "recordedAt" | "version">

export interface Replay {
  /** The version of the last event; 0 before the first. */
  readonly version: () => number
  /**
   * Events come in their order. `commandId` is needed for `snapshot` only. Throws on an event that cannot be read in
   * its form of today.
   */
  readonly next: (stored: StoredFact, commandId?: string) => void
  /** The read model's row as the writer projected it with this version; null before the first event. */
  readonly row: () => ReadModelRow | null
  /** The snapshot that the writer would keep of this version. */
  readonly snapshot: () => Snapshot | null
}

/** Keeps the state and the latest few commands, however many events come. */
export const replayer = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>
): ((stream: StreamKey) => Replay) => {
  const read = eventReader(aggregate)
  const snapshots = snapshotCodec(aggregate)
  return ({ streamId, tenantId }) => {
    let state = aggregate.initial
    let version = 0
    let at = 0 as EpochMillis
    let applied: ReadonlyArray<AppliedCommand<E>> = []
    let command: { readonly commandId: string; readonly events: Array<E> } | null = null
    const recent = () => (command === null ? applied : withApplied(applied, command))
    return {
      version: () => version,
      next: (stored, commandId) => {
        const event = read(stored)
        at = stored.recordedAt as EpochMillis
        state = aggregate.evolve(state, event, at)
        version = stored.version
        if (commandId === undefined) return
        if (command?.commandId === commandId) command.events.push(event)
        else {
          applied = recent()
          command = { commandId, events: [event] }
        }
      },
      row: () => (version === 0 ? null : aggregate.project(state, { tenantId, streamId, version, at })),
      // Whatever version it has, nothing before it was kept yet: so it is due.
      snapshot: () => snapshots.due(-1, { state, version, sealed: null, recent: recent() })
    }
  }
}
