/** Compares every snapshot with what the events up to its version come to. */
import type { StreamKey } from "@dueline/contracts/Envelope"
import type { Snapshot, StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { beginning, type KeptSnapshot, ReadModels } from "@dueline/postgres/admin/ReadModels"
import { Effect } from "effect"
import { foldUpTo, sameContent } from "./differences.ts"
import { begin } from "./foldLog.ts"

interface WrongSnapshot extends KeptSnapshot {
  readonly detail: string
  /** What should stand there; null when its stream cannot be read. */
  readonly right: Snapshot | null
}

const pageSize = 100

const judge = Effect.fnUntraced(function* (
  kept: KeptSnapshot
): Effect.fn.Return<WrongSnapshot | null, StoreUnavailable, ReadModels> {
  const { category, snapshot, streamVersion } = kept
  const stream = begin(category, kept)
  yield* foldUpTo(stream, Math.min(snapshot.version, streamVersion))
  if (stream.unreadable !== null) return { ...kept, right: null, detail: stream.unreadable }
  const right = stream.replay.snapshot()
  if (snapshot.version > streamVersion) {
    return {
      ...kept,
      right,
      detail: `the snapshot is of version ${snapshot.version}, the stream ends at ${streamVersion}`
    }
  }
  // In a form that is not today's nobody reads it.
  if (right === null || right.form !== snapshot.form) return null
  return sameContent(JSON.parse(JSON.stringify(right.state)), snapshot.state)
    ? null
    : { ...kept, right, detail: `the snapshot of version ${snapshot.version} is not what its events come to` }
})

/** One at a time: a snapshot stands for a stream that is long. */
export const checkSnapshots = Effect.fnUntraced(function* <E, R>(
  use: (wrong: WrongSnapshot) => Effect.Effect<void, E, R>
): Effect.fn.Return<number, E | StoreUnavailable, R | ReadModels> {
  const models = yield* ReadModels
  let checked = 0
  for (let after: StreamKey = beginning; ; ) {
    const page = yield* models.snapshots(after, pageSize)
    for (const kept of page) {
      const wrong = yield* judge(kept)
      if (wrong !== null) yield* use(wrong)
    }
    checked += page.length
    const last = page.at(-1)
    if (last === undefined || page.length < pageSize) return checked
    after = last
  }
})
