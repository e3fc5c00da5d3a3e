/**
 * Makes the read models anew from the log: every stream is folded, and every row that says something else is written again by the store's
 * own commit. Rows that are right are not touched, so a program that is at work notices nothing, and a rebuild that is cut short has done
 * no harm: the next one starts over.
 */
import { categories as allCategories, type Category } from "@dueline/contracts/kinds"
import { Persistence, type StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import type { ReadModels } from "@dueline/postgres/admin/ReadModels"
import type { RowRepair } from "@dueline/postgres/admin/RowRepair"
import { Effect } from "effect"
import { checkSnapshots } from "./checkSnapshots.ts"
import { differences } from "./differences.ts"
import { beginOf, type Folded, type FoldedPage, foldLog } from "./foldLog.ts"
import { commitNothing, repairRows, type Repaired } from "./repairRows.ts"

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
