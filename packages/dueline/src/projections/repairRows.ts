/**
 * Makes rows say what their events say, beside a writer who may be at work on the same streams.
 *
 * A row is held before its stream is looked at, and whoever commits events writes the row in the same transaction: so nothing can come
 * between the look and the repair. A row that is missing cannot be held; it is looked at again afterwards, as are those that somebody was
 * writing.
 */
import type { Category, ReadModelRow } from "@dueline/contracts/kinds"
import { EpochMillis } from "@dueline/contracts/Ids"
import {
  type Commit,
  type CommitConflict,
  Persistence,
  type RuleBroken,
  type Snapshot,
  type StoreUnavailable
} from "@dueline/contracts/ports/Persistence"
import type { ReadModels } from "@dueline/postgres/admin/ReadModels"
import { RowRepair } from "@dueline/postgres/admin/RowRepair"
import { Effect, Schedule } from "effect"
import type { Folded } from "./foldLog.ts"
import { type Inspected, inspect } from "./inspect.ts"

export interface Repaired {
  /** Made as they should be, those that were missing among them. */
  readonly written: number
  /** Taken away, since no event speaks of them. */
  readonly dropped: number
}

/** A commit that decides nothing: it holds only while the stream is at this version. */
export const commitNothing = (
  { category, streamId, tenantId }: Pick<Folded, "category" | "streamId" | "tenantId">,
  expectedVersion: number,
  { row = null, snapshot = null }: { readonly row?: ReadModelRow | null; readonly snapshot?: Snapshot | null }
): Commit => ({
  tenantId,
  streamId,
  category,
  expectedVersion,
  events: [],
  row,
  requires: [],
  snapshot,
  sealed: { _tag: "keep" },
  outbox: [],
  receipts: []
})

/** What heartbeats have granted since the last event is not in the log, and stays. */
const withLease = (logged: ReadModelRow, stored: ReadModelRow | null): ReadModelRow => {
  if (logged._tag !== "ServiceCallRow" || stored?._tag !== "ServiceCallRow") return logged
  if (logged.leaseUntil === null || stored.leaseUntil === null) return logged
  return { ...logged, leaseUntil: EpochMillis.make(Math.max(logged.leaseUntil, stored.leaseUntil)) }
}

interface Round extends Repaired {
  /** To be looked at again. */
  readonly open: ReadonlyArray<Folded>
}

const keyOf = ({ streamId, tenantId }: { readonly streamId: string; readonly tenantId: string }) =>
  `${tenantId} ${streamId}`

const round = Effect.fnUntraced(function* (
  category: Category,
  streams: ReadonlyArray<Folded>
): Effect.fn.Return<Round, CommitConflict | RuleBroken | StoreUnavailable, ReadModels | RowRepair | Persistence> {
  const repair = yield* RowRepair
  const store = yield* Persistence
  const work = Effect.gen(function* () {
    const held = new Set((yield* repair.hold(category, streams)).map(keyOf))
    const wrong = (yield* inspect(category, streams)).filter(({ differences }) => differences.length > 0)
    const mine = wrong.filter(({ sight, stream }) => sight.row === null || held.has(keyOf(stream)))
    const stray = mine.filter(({ logged }) => logged === null)
    const dropped =
      stray.length === 0
        ? 0
        : yield* repair.drop(
            category,
            stray.map(({ stream }) => stream)
          )
    const commits = mine.flatMap(({ logged, sight, stream }: Inspected) =>
      logged === null ? [] : [commitNothing(stream, sight.version, { row: withLease(logged, sight.row) })]
    )
    yield* store.commit(commits)
    const open = wrong.filter(({ sight, stream }) => sight.row === null || !held.has(keyOf(stream)))
    return { written: commits.length, dropped, open: open.map(({ stream }) => stream) }
  })
  return yield* repair.together(work)
})

const pause = "20 millis"
/** A writer and a repair that wait for each other are told so by the server, one of the two; asked again, there is nothing to wait for. */
const retrySchedule = Schedule.exponential("50 millis").pipe(Schedule.jittered, Schedule.upTo({ times: 5 }))

/**
 * Streams of one category that may disagree with their rows. Fails when the right rows cannot stand beside others that are there; of each
 * other they may hold what they like, since they are written in one statement.
 */
export const repairRows = Effect.fnUntraced(function* (
  category: Category,
  suspects: ReadonlyArray<Folded>
): Effect.fn.Return<Repaired, RuleBroken | StoreUnavailable, ReadModels | RowRepair | Persistence> {
  let [written, dropped] = [0, 0]
  for (let streams = suspects; streams.length > 0; ) {
    const open = streams
    const result = yield* round(category, open).pipe(
      Effect.retry({ schedule: retrySchedule, while: ({ _tag }) => _tag === "StoreUnavailable" }),
      // Another writer came first: the row may be right by now.
      Effect.catchTag("CommitConflict", () => Effect.succeed({ written: 0, dropped: 0, open }))
    )
    written += result.written
    dropped += result.dropped
    streams = result.open
    if (result.written === 0 && streams.length > 0) yield* Effect.sleep(pause)
  }
  return { written, dropped }
})
