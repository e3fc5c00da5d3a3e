/** Where a row of a read model says something else than its events do. */
import type { Category, ReadModelRow } from "@dueline/contracts/kinds"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import { ReadModels, type Sight } from "@dueline/postgres/admin/ReadModels"
import { Effect } from "effect"
import { type Folded, foldEvent } from "./foldLog.ts"

/**
 * The same as stored and read back: the order of an object's fields does not count, and a column of text has taken out what it cannot hold
 * (U+0000 and halves of surrogate pairs).
 */
export const sameContent = (a: unknown, b: unknown): boolean => {
  if (typeof a === "string" && typeof b === "string") return a === b || storable(a) === storable(b)
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((item, i) => sameContent(item, b[i]))
  }
  const [left, right] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>]
  const names = present(left)
  return names.length === present(right).length && names.every((name) => sameContent(left[name], right[name]))
}

const storable = (text: string): string => text.toWellFormed().replaceAll("\0", "\uFFFD")

/** JSON knows no undefined. */
const present = (value: Readonly<Record<string, unknown>>): ReadonlyArray<string> =>
  Object.keys(value).filter((name) => value[name] !== undefined)

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "nothing"
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

/** What heartbeats have made of a lease is not in the log; that there is one is. */
const sameLease = (field: string, logged: unknown, stored: unknown): boolean =>
  field === "leaseUntil" && (logged === null) === (stored === null)

/** Empty when they agree. `logged` is what the events come to, null when there are none. */
export const differences = (logged: ReadModelRow | null, stored: ReadModelRow | null): ReadonlyArray<string> => {
  if (logged === null || stored === null) {
    if (logged === stored) return []
    return [logged === null ? "there are no events of this row" : "the row is missing"]
  }
  const [right, found] = [logged as unknown, stored as unknown] as [
    Readonly<Record<string, unknown>>,
    Readonly<Record<string, unknown>>
  ]
  const names = new Set([...Object.keys(right), ...Object.keys(found)])
  return [...names]
    .filter((name) => !sameContent(right[name], found[name]) && !sameLease(name, right[name], found[name]))
    .map((name) => `${name} is ${shown(found[name])}, by the log ${shown(right[name])}`)
}

/**
 * How programs of before 0.2 wrote the row of a call: as due at the time of its last retry, and as failed because its attempts were used up.
 * Such rows stay as they are until something happens to their calls; a rebuild writes them anew.
 */
const asBefore = (logged: ServiceCallRow, stored: ServiceCallRow): ServiceCallRow => {
  const exhausted = logged.status === "Failed" && stored.failureReason === "attempts_exhausted"
  return {
    ...logged,
    dueAt: logged.notBefore ?? logged.dueAt,
    notBefore: null,
    waitReason: null,
    failureReason: exhausted ? stored.failureReason : logged.failureReason
  }
}

/** Differences that say that something is wrong: a row that is right in the form of before is not. */
export const faults = (logged: ReadModelRow | null, stored: ReadModelRow | null): ReadonlyArray<string> => {
  const found = differences(logged, stored)
  if (found.length === 0 || logged?._tag !== "ServiceCallRow" || stored?._tag !== "ServiceCallRow") return found
  return differences(asBefore(logged, stored), stored).length === 0 ? [] : found
}

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
