/** What is seen of the log, and of the read models beside it. */
import type { Category, ReadModelRow } from "@dueline/contracts/kinds"
import type { RecordedEvent, StreamKey } from "@dueline/contracts/Envelope"
import type { Snapshot } from "@dueline/contracts/ports/Persistence"

export interface LogPlace extends StreamKey {
  readonly version: number
}

/** Before the first event. */
export const beginning = {
  tenantId: "00000000-0000-0000-0000-000000000000",
  streamId: "00000000-0000-0000-0000-000000000000",
  version: 0
} as LogPlace

export interface PlacedEvent extends LogPlace, Pick<RecordedEvent, "type" | "eventVersion" | "recordedAt"> {
  readonly category: string
  /** Null in an event of another category than those asked for. */
  readonly payload: unknown
}

export interface LogPage {
  readonly events: ReadonlyArray<PlacedEvent>
  /** Of every stream behind that of the place asked from, up to that of the last event; after the last page's events, all that are left. */
  readonly rows: ReadonlyArray<ReadModelRow>
}

/** A stream and its row at one moment. */
export interface Sight extends StreamKey {
  /** 0 when there is no such stream. */
  readonly version: number
  readonly row: ReadModelRow | null
}

export interface KeptSnapshot extends StreamKey {
  readonly category: Category
  /** Of the stream. */
  readonly streamVersion: number
  readonly snapshot: Snapshot
}
