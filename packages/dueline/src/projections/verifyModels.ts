/** Compares all read models and snapshots with the log, field by field. Runs beside a working program. */
import type { StreamKey } from "@dueline/contracts/Envelope"
import { categories } from "@dueline/contracts/kinds"
import type { Snapshot, StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { beginning, type KeptSnapshot, ReadModels } from "@dueline/postgres/admin/ReadModels"
import { Effect } from "effect"
import { faults, foldUpTo, inspect, sameContent } from "./differences.ts"
import { begin, beginOf, type Folded, foldLog } from "./foldLog.ts"

interface ModelFinding {
  readonly check: "row" | "event" | "snapshot" | "window"
  readonly tenantId: string
  readonly streamId: string
  readonly detail: string
}

interface ModelVerification {
  readonly events: number
  readonly rows: number
  readonly snapshots: number
  /** Bounded: the first hundred of each check. */
  readonly findings: ReadonlyArray<ModelFinding>
}

const findingLimit = 100

export const verifyModels = Effect.fnUntraced(function* <R = never>(
  progress: (done: number) => Effect.Effect<void, never, R> = () => Effect.void
): Effect.fn.Return<ModelVerification, StoreUnavailable, ReadModels | R> {
  const findings: Array<ModelFinding> = []
  let rows = 0
  const add = (
    check: ModelFinding["check"],
    { streamId, tenantId }: { streamId: string; tenantId: string },
    detail: string
  ) => {
    if (findings.filter((found) => found.check === check).length >= findingLimit) return
    findings.push({ check, tenantId, streamId, detail })
  }
  const certain = Effect.fnUntraced(function* (suspects: ReadonlyArray<Folded>) {
    for (const category of categories) {
      const found = yield* inspect(
        category,
        suspects.filter((stream) => stream.category === category)
      )
      for (const { logged, sight, stream } of found) {
        const wrong = faults(logged, sight.row)
        if (wrong.length > 0) add("row", stream, wrong.join("; "))
      }
    }
  })
  const events = yield* foldLog(categories, ({ done, strays, streams }) =>
    Effect.gen(function* () {
      rows += streams.length
      for (const { stream } of streams) if (stream.unreadable !== null) add("event", stream, stream.unreadable)
      const readable = streams.filter(({ stream }) => stream.unreadable === null)
      const differing = readable.filter(({ row, stream }) => faults(stream.replay.row(), row).length > 0)
      const suspects = [...differing.map(({ stream }) => stream), ...strays.map(beginOf)]
      if (suspects.length > 0) yield* certain(suspects)
      yield* progress(done)
    })
  )
  for (const order of yield* (yield* ReadModels).overlaps) {
    add("window", order, `its window overlaps that of ${order.other}, which holds the same bin`)
  }
  const snapshots = yield* checkSnapshots((wrong) => Effect.sync(() => add("snapshot", wrong, wrong.detail)))
  return { events, rows, snapshots, findings }
})

/** Compares every snapshot with what the events up to its version come to. */
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
