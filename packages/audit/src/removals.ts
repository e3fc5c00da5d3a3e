/**
 * Leaves that were removed because they had been kept long enough. Their hashes stay, so that the tree is what it was; that they are gone is
 * an entry of the log itself, which is sealed as any other: without one, a leaf that is not there is missing.
 */

/** Leaves from the one to before the other. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** The action of such an entry; its resource is `leaves:FROM-TO`, both included. */
export const removalAction = "leaves.remove"

export const removalResource = ({ from, to }: Range): string => `leaves:${from}-${to - 1}`

const resourceForm = /^leaves:(\d{1,15})-(\d{1,15})$/u
const marker = Buffer.from(`"${removalAction}"`)
const entryHead = Buffer.from(`["entry/1",`)

/** The place of these in an entry's leaf: `["entry/1", tenant, at, actor kind, actor, action, resource, …]`. */
const [actionAt, resourceAt] = [5, 6]

/** What a leaf says was removed; null when it says nothing of the kind. */
export const removalIn = (leaf: Buffer): Range | null => {
  if (!leaf.subarray(0, entryHead.length).equals(entryHead) || !leaf.includes(marker)) return null
  let parts: unknown
  try {
    parts = JSON.parse(leaf.toString("utf8"))
  } catch {
    return null
  }
  if (!Array.isArray(parts) || parts[actionAt] !== removalAction) return null
  const [, from, last] = resourceForm.exec(String(parts[resourceAt])) ?? []
  return from === undefined || Number(last) < Number(from) ? null : { from: Number(from), to: Number(last) + 1 }
}

/** Which of `ranges` the others cover, and which not. */
export const overlap = (ranges: ReadonlyArray<Range>, by: ReadonlyArray<Range>) => {
  const ordered = by.toSorted((a, b) => a.from - b.from)
  const covered: Array<Range> = []
  const rest: Array<Range> = []
  for (const { from, to } of ranges) {
    let at = from
    for (const other of ordered) {
      if (other.to <= at || other.from >= to) continue
      if (other.from > at) rest.push({ from: at, to: other.from })
      covered.push({ from: Math.max(at, other.from), to: Math.min(to, other.to) })
      at = Math.min(to, other.to)
    }
    if (at < to) rest.push({ from: at, to })
  }
  return { covered, rest }
}
