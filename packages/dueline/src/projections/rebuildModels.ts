/**
 * Makes the read models anew from the log: every stream is folded, and every row that says something else is written again by the store's
 * own commit. Rows that are right are not touched, so a program that is at work notices nothing, and a rebuild that is cut short has done
 * no harm: the next one starts over.
 */
import { EpochMillis } from "@dueline/contracts/Ids"
import { categories as allCategories, type Category, type ReadModelRow } from "@dueline/contracts/kinds"
import {
  type Commit,
  type CommitConflict,
  Persistence,
  type RuleBroken,
  type Snapshot,
  type StoreUnavailable
} from "@dueline/contracts/ports/Persistence"
import { type ReadModels, RowRepair } from "@dueline/postgres/admin/ReadModels"
import { Effect, Schedule } from "effect"
import { checkSnapshots } from "./verifyModels.ts"
import { differences, inspect, type Inspected } from "./differences.ts"
import { beginOf, type Folded, type FoldedPage, foldLog } from "./foldLog.ts"

// How rows are put right beside a writer who may be at work on the same streams: a row is held before its stream is looked at, and whoever
// commits events writes the row in the same transaction, so nothing can come between the look and the repair. A row that is missing cannot be
// held; it is looked at again afterwards, as are those that somebody was writing.

interface Repaired {
  /** Made as they should be, those that were missing among them. */
  readonly written: number
  /** Taken away, since no event speaks of them. */
  readonly dropped: number
}

/** A commit that decides nothing: it holds only while the stream is at this version. */
const commitNothing = (
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
const repairRows = Effect.fnUntraced(function* (
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

export interface Rebuilt {
  readonly events: number
  /** By category: streams that were folded, and rows that had to be put right. */
  readonly models: Readonly<Partial<Record<Category, Repaired & { readonly streams: number }>>>
  readonly snapshots: number
  /** What could not be put right, in words. */
  readonly problems: ReadonlyArray<{ readonly tenantId: string; readonly streamId: string; readonly detail: string }>
}

type Tools = ReadModels | RowRepair | Persistence
type Problem = Rebuilt["problems"][number]

const problemOf = ({ streamId, tenantId }: Pick<Problem, "streamId" | "tenantId">, detail: string): Problem => ({
  tenantId,
  streamId,
  detail
})

/** Rows written in one transaction, at the most: commands to them wait until it ends. */
const rowsTogether = 512

interface Tally {
  streams: number
  written: number
  dropped: number
}

class Rebuild {
  readonly tallies = new Map<Category, Tally>()
  readonly problems: Array<Problem> = []
  /** Right rows that cannot stand beside wrong ones which come later. */
  readonly #collided = new Map<Category, Array<Folded>>()
  readonly #together: number

  constructor(together: number) {
    this.#together = together
  }

  #tally(category: Category): Tally {
    const tally = this.tallies.get(category) ?? { streams: 0, written: 0, dropped: 0 }
    this.tallies.set(category, tally)
    return tally
  }

  #repair(category: Category, streams: ReadonlyArray<Folded>) {
    return Effect.map(repairRows(category, streams), ({ dropped, written }) => {
      const tally = this.#tally(category)
      tally.written += written
      tally.dropped += dropped
    })
  }

  take({ strays, streams }: FoldedPage): Effect.Effect<void, StoreUnavailable, Tools> {
    const suspects: Array<Folded> = strays.map(beginOf)
    for (const { row, stream } of streams) {
      this.#tally(stream.category).streams += 1
      if (stream.unreadable !== null) this.problems.push(problemOf(stream, stream.unreadable))
      else if (differences(stream.replay.row(), row).length > 0) suspects.push(stream)
    }
    return Effect.forEach(
      allCategories.flatMap((category) => chunksOf(category, suspects, this.#together)),
      ({ category, chunk }) =>
        Effect.catchTag(this.#repair(category, chunk), "RuleBroken", () =>
          Effect.sync(() => void this.#collided.set(category, [...(this.#collided.get(category) ?? []), ...chunk]))
        ),
      { discard: true }
    )
  }

  /** All of them in one transaction, whatever they hold of each other's. */
  finish(): Effect.Effect<void, StoreUnavailable, Tools> {
    return Effect.forEach(
      this.#collided,
      ([category, streams]) =>
        Effect.catchTag(this.#repair(category, streams), "RuleBroken", ({ rule }) =>
          Effect.sync(() => {
            const detail = `the events of these rows break a rule (${rule})`
            this.problems.push(...streams.slice(0, 100).map((stream) => problemOf(stream, detail)))
          })
        ),
      { discard: true }
    )
  }
}

const chunksOf = (category: Category, suspects: ReadonlyArray<Folded>, together: number) => {
  const own = suspects.filter((stream) => stream.category === category)
  return Array.from({ length: Math.ceil(own.length / together) }, (_, i) => ({
    category,
    chunk: own.slice(i * together, (i + 1) * together)
  }))
}

/** A snapshot that is wrong would be decided on. */
const mendSnapshots = Effect.fnUntraced(function* (problems: Array<Problem>) {
  const store = yield* Persistence
  let mended = 0
  yield* checkSnapshots((wrong) => {
    const { right, streamVersion } = wrong
    if (right === null) return Effect.sync(() => void problems.push(problemOf(wrong, wrong.detail)))
    return store.commit([commitNothing(wrong, streamVersion, { snapshot: right })]).pipe(
      Effect.andThen(Effect.sync(() => void (mended += 1))),
      // The stream has gone on meanwhile; it is found again the next time.
      Effect.catchTag(["CommitConflict", "RuleBroken"], () =>
        Effect.sync(() => void problems.push(problemOf(wrong, wrong.detail)))
      )
    )
  })
  return mended
})

export const rebuildModels = Effect.fnUntraced(function* <R = never>(options: {
  readonly categories?: ReadonlyArray<Category>
  readonly together?: number
  readonly progress?: (done: number) => Effect.Effect<void, never, R>
}): Effect.fn.Return<Rebuilt, StoreUnavailable, Tools | R> {
  const { categories = allCategories, progress = () => Effect.void, together = rowsTogether } = options
  const rebuild = new Rebuild(together)
  const events = yield* foldLog(categories, (page) => Effect.andThen(rebuild.take(page), progress(page.done)))
  yield* rebuild.finish()
  const snapshots = categories.length === allCategories.length ? yield* mendSnapshots(rebuild.problems) : 0
  return { events, models: Object.fromEntries(rebuild.tallies), snapshots, problems: rebuild.problems }
})
