/**
 * What was, folded from the log by the code that folds it for a decision: events of any age in their form of today, one page after the
 * other.
 *
 * A row as of a version is the one that the writer stored with it. What is not in the log is not in it either: `leaseUntil` of a call is
 * the lease that its last event granted, not what heartbeats made of it since.
 */
import type { RecordedEvent } from "@dueline/contracts/Envelope"
import { EventSource, TimeTravel } from "@dueline/contracts/ports/History"
import type { ReadModelRow } from "@dueline/contracts/kinds"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Effect, Layer } from "effect"
import type { Replay } from "./engine/storedForms.ts"
import { replays } from "./aggregates.ts"

/** Events read at a time. */
const page = 1_000

type Service = TimeTravel["Service"]
type Source = EventSource["Service"]
type Question = Parameters<Service["at"]>[0]

const eachPage = Effect.fnUntraced(function* (
  source: Source,
  { category, streamId, tenantId }: Question,
  /** True when it has seen enough. */
  take: (events: ReadonlyArray<RecordedEvent>) => boolean
): Effect.fn.Return<void, StoreUnavailable> {
  for (let after = 0; ; ) {
    const events = yield* source.stream({ tenantId, category, streamId, after, limit: page })
    const last = events.at(-1)
    if (take(events) || last === undefined || events.length < page) return
    after = last.version
  }
})

const atVersion = Effect.fnUntraced(function* (source: Source, question: Question, replay: Replay, version: number) {
  yield* eachPage(source, question, (events) => {
    for (const event of events) if (event.version <= version) replay.next(event)
    return replay.version() >= version
  })
  return replay.version() === version ? replay.row() : null
})

/** Clocks differ: an event may be stamped a little earlier than the one before. The last that is not later counts, with all before it. */
const atInstant = Effect.fnUntraced(function* (source: Source, question: Question, replay: Replay, at: number) {
  let row: ReadModelRow | null = null
  let within = false
  yield* eachPage(source, question, (events) => {
    for (const event of events) {
      if (within && event.recordedAt > at) row = replay.row()
      replay.next(event)
      within = event.recordedAt <= at
    }
    return false
  })
  return within ? replay.row() : row
})

const at =
  (source: Source): Service["at"] =>
  (question) =>
    Effect.suspend(() => {
      const { asOf, category } = question
      const replay = replays[category](question)
      return asOf._tag === "Version"
        ? atVersion(source, question, replay, asOf.version)
        : atInstant(source, question, replay, asOf.at)
    })

/** One event more than asked for is looked up, to know whether a next page exists. */
const timeline =
  (source: Source): Service["timeline"] =>
  ({ limit, ...options }) =>
    Effect.map(source.correlated({ ...options, limit: limit + 1 }), (found) => {
      const events = found.slice(0, limit)
      const last = events.at(-1)
      if (found.length <= limit || last === undefined) return { events, next: null }
      const { recordedAt, streamId, version } = last
      return { events, next: { recordedAt, streamId, version } }
    })

export const layer: Layer.Layer<TimeTravel, never, EventSource> = Layer.effect(
  TimeTravel,
  Effect.map(EventSource, (source) => TimeTravel.of({ at: at(source), timeline: timeline(source) }))
)
