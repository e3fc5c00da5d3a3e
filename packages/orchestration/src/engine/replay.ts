/** Makes of a stream's stored events, one after the other, what the writer made of them when they happened. */
import type { RecordedEvent, StreamKey } from "@dueline/contracts/Envelope"
import type { EpochMillis } from "@dueline/contracts/Ids"
import type { ReadModelRow } from "@dueline/contracts/kinds"
import type { Snapshot } from "@dueline/contracts/ports/Persistence"
import type { Aggregate, Command, Tagged } from "./Aggregate.ts"
import { eventReader } from "./restore.ts"
import { snapshotCodec } from "./snapshot.ts"
import { type Carried, withCarried } from "./StreamCache.ts"

export type StoredFact = Pick<RecordedEvent, "type" | "eventVersion" | "payload" | "recordedAt" | "version">

export interface Replay {
  /** The version of the last event; 0 before the first. */
  readonly version: () => number
  /**
   * Events come in their order. `commandId` is what `snapshot` needs to know, and nobody else. Throws on an event that cannot be read in
   * its form of today.
   */
  readonly next: (stored: StoredFact, commandId?: string) => void
  /** The read model's row as the writer projected it with this version; null before the first event. */
  readonly row: () => ReadModelRow | null
  /** The snapshot that the writer would keep of this version. */
  readonly snapshot: () => Snapshot | null
}

/** Remembers the state and the last few commands, however many events come. */
export const replayer = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>
): ((stream: StreamKey) => Replay) => {
  const read = eventReader(aggregate)
  const snapshots = snapshotCodec(aggregate)
  return ({ streamId, tenantId }) => {
    let state = aggregate.initial
    let version = 0
    let at = 0 as EpochMillis
    let carried: ReadonlyArray<Carried<E>> = []
    let command: { readonly commandId: string; readonly events: Array<E> } | null = null
    const remembered = () => (command === null ? carried : withCarried(carried, command))
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
          carried = remembered()
          command = { commandId, events: [event] }
        }
      },
      row: () => (version === 0 ? null : aggregate.project(state, { tenantId, streamId, version, at })),
      // Whatever version it has, nothing before it was kept yet: so it is due.
      snapshot: () => snapshots.due(-1, { state, version, sealed: null, recent: remembered() })
    }
  }
}
