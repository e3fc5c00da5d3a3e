/** How a list of calls goes on when calls change: pure, so that it can be tried without a browser. */
import type { ServiceCallSummary } from "@dueline/contracts/api/ServiceCallView"

export interface CallFilter {
  readonly status?: string
  readonly q?: string
  readonly tag?: string
  readonly dueFrom?: string
  readonly dueTo?: string
}

export const tagsOf = (tag: string): ReadonlyArray<string> => tag.split(/[\s,]+/u).filter((one) => one !== "")

/** As the edge filters. */
export const fits = (call: ServiceCallSummary, { dueFrom, dueTo, q, status, tag }: CallFilter): boolean =>
  (status === undefined || call.status === status) &&
  (q === undefined || call.request.url.toLowerCase().includes(q.toLowerCase())) &&
  (tag === undefined || tagsOf(tag).every((one) => call.tags.includes(one))) &&
  (dueFrom === undefined || Date.parse(call.dueAt) >= Date.parse(dueFrom)) &&
  (dueTo === undefined || Date.parse(call.dueAt) < Date.parse(dueTo))

interface Folded {
  /** The rows there were, as they are now. One that no longer fits stays until the list is read again: no row vanishes under the pointer. */
  readonly rows: ReadonlyArray<ServiceCallSummary>
  /** Those that fit and are not among the rows, newest first. */
  readonly fresh: ReadonlyArray<ServiceCallSummary>
}

/** `complete`: there is nothing older than the rows. Else an older call than the last of them belongs to a page that was not read. */
export const foldNews = (
  rows: ReadonlyArray<ServiceCallSummary>,
  changed: ReadonlyMap<string, ServiceCallSummary>,
  filter: CallFilter,
  complete: boolean
): Folded => {
  const known = new Set(rows.map(({ id }) => id as string))
  const oldest = rows.at(-1)?.createdAt ?? ""
  const newer = (row: ServiceCallSummary): ServiceCallSummary => {
    const now = changed.get(row.id)
    return now !== undefined && now.version > row.version ? now : row
  }
  const fresh = [...changed.values()].filter(
    (call) => !known.has(call.id) && fits(call, filter) && (complete || call.createdAt >= oldest)
  )
  return {
    rows: rows.some(({ id }) => changed.has(id)) ? rows.map(newer) : rows,
    fresh: fresh.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
  }
}
