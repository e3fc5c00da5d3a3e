/** Reads the whole log, stream by stream, and folds it; beside each stream stands the row that the read model has of it. */
import type { StreamKey } from "@dueline/contracts/Envelope"
import type { StreamId } from "@dueline/contracts/Ids"
import { type Category, categoryOfRow, type ReadModelRow, rowId } from "@dueline/contracts/kinds"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import type { Replay } from "@dueline/orchestration/engine/storedForms"
import { replays } from "@dueline/orchestration/aggregates"
import {
  beginning,
  type LogPage,
  type LogPlace,
  type PlacedEvent,
  ReadModels
} from "@dueline/postgres/admin/ReadModels"
import { Effect, Fiber } from "effect"

/** A stream as far as it was read. */
export interface Folded extends StreamKey {
  readonly category: Category
  readonly replay: Replay
  /** Why an event of it could not be read; what stands in `replay` then means nothing. */
  unreadable: string | null
}

export interface FoldedPage {
  /** Events read so far, of all categories. */
  readonly done: number
  /** Whose last event was in this page, with their rows. */
  readonly streams: ReadonlyArray<{ readonly stream: Folded; readonly row: ReadModelRow | null }>
  /** Rows whose stream was not found. */
  readonly strays: ReadonlyArray<ReadModelRow>
}

/** Events of a page: enough that the way to the server does not count, few enough to be held beside the page that comes next. */
const pageSize = 5_000

export const begin = (category: Category, { streamId, tenantId }: StreamKey): Folded => ({
  tenantId,
  streamId,
  category,
  replay: replays[category]({ tenantId, streamId }),
  unreadable: null
})

/** Of a row whose stream is yet to be read. */
export const beginOf = (row: ReadModelRow): Folded =>
  begin(categoryOfRow(row), { tenantId: row.tenantId, streamId: rowId(row) as StreamId })

const inWords = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/gu, " ")

export const foldEvent = (stream: Folded, event: PlacedEvent & { readonly commandId?: string }): void => {
  if (stream.unreadable !== null) return
  try {
    stream.replay.next(event, event.commandId)
  } catch (error) {
    stream.unreadable = `version ${event.version} cannot be read: ${inWords(error)}`
  }
}

interface Open {
  readonly stream: Folded
  readonly row: ReadModelRow | null
}

/** The stream at a page's end may go on in the next page. */
class Folder {
  #open: Open | null = null
  #done = 0
  readonly #wanted: ReadonlySet<string>

  constructor(wanted: ReadonlyArray<Category>) {
    this.#wanted = new Set(wanted)
  }

  take({ events, rows }: LogPage, last: boolean): FoldedPage {
    const byKey = new Map(rows.map((row) => [`${categoryOfRow(row)} ${row.tenantId} ${rowId(row)}`, row]))
    const finished: Array<Open> = []
    const close = () => {
      if (this.#open !== null) finished.push(this.#open)
      this.#open = null
    }
    for (const event of events) {
      const { category, streamId, tenantId } = event
      if (this.#open?.stream.streamId !== streamId || this.#open.stream.tenantId !== tenantId) {
        close()
        if (!this.#wanted.has(category)) continue
        const key = `${category} ${tenantId} ${streamId}`
        this.#open = { stream: begin(category as Category, event), row: byKey.get(key) ?? null }
        byKey.delete(key)
      }
      foldEvent(this.#open.stream, event)
    }
    if (last) close()
    this.#done += events.length
    return { done: this.#done, streams: finished, strays: [...byKey.values()] }
  }
}

/** The next page is on its way while one is worked on. Holds two pages, however long the log or one of its streams. */
export const foldLog = Effect.fnUntraced(function* <E, R>(
  wanted: ReadonlyArray<Category>,
  use: (page: FoldedPage) => Effect.Effect<void, E, R>
): Effect.fn.Return<number, E | StoreUnavailable, R | ReadModels> {
  const models = yield* ReadModels
  const folder = new Folder(wanted)
  const fetch = (after: LogPlace) => Effect.forkChild(models.page(after, pageSize, wanted), { startImmediately: true })
  for (let coming = yield* fetch(beginning); ; ) {
    const page: LogPage = yield* Fiber.join(coming)
    const place = page.events.length < pageSize ? undefined : page.events.at(-1)
    if (place !== undefined) coming = yield* fetch(place)
    const folded = folder.take(page, place === undefined)
    yield* use(folded)
    if (place === undefined) return folded.done
  }
})
