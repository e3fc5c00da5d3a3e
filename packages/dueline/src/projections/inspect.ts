/** Says for certain whether rows agree with their streams: as both were at one moment. */
import type { Category, ReadModelRow } from "@dueline/contracts/kinds"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import type { Sight } from "@dueline/postgres/admin/LogPage"
import { ReadModels } from "@dueline/postgres/admin/ReadModels"
import { Effect } from "effect"
import { differences } from "./differences.ts"
import { type Folded, foldEvent } from "./foldLog.ts"

export interface Inspected {
  readonly stream: Folded
  readonly sight: Sight
  /** What the events come to up to `sight.version`; null when there are none. */
  readonly logged: ReadModelRow | null
  readonly differences: ReadonlyArray<string>
}

const pageSize = 1_000

/** Reads on, up to and with this version. */
export const foldUpTo = Effect.fnUntraced(function* (
  stream: Folded,
  version: number
): Effect.fn.Return<void, StoreUnavailable, ReadModels> {
  const models = yield* ReadModels
  while (stream.replay.version() < version && stream.unreadable === null) {
    const after = stream.replay.version()
    const events = yield* models.events(stream, after, Math.min(pageSize, version - after))
    for (const event of events) foldEvent(stream, event)
    if (events.length === 0) return
  }
})

/** Streams of one category. A row that a commit has moved on since its stream was read is compared with the stream as it is by then. */
export const inspect = Effect.fnUntraced(function* (
  category: Category,
  streams: ReadonlyArray<Folded>
): Effect.fn.Return<ReadonlyArray<Inspected>, StoreUnavailable, ReadModels> {
  const sights = yield* (yield* ReadModels).look(category, streams)
  const byKey = new Map(sights.map((sight) => [`${sight.tenantId} ${sight.streamId}`, sight]))
  const inspected: Array<Inspected> = []
  for (const stream of streams) {
    const sight = byKey.get(`${stream.tenantId} ${stream.streamId}`)
    if (sight === undefined) continue
    yield* foldUpTo(stream, sight.version)
    if (stream.unreadable !== null) continue
    const logged = stream.replay.row()
    inspected.push({ stream, sight, logged, differences: differences(logged, sight.row) })
  }
  return inspected
})
