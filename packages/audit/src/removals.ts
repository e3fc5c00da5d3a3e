/**
 * Leaves that were removed because they had been kept long enough. Their hashes stay, so that the tree is what it was; that they are gone is
 * an entry of the log itself, which is sealed as any other: without one, a leaf that is not there is missing.
 */

/** Leaves from the one to before the other. */
export interface Range {
  readonly from: number
  readonly to: number
}

/**
 * The action of such an entry; its resource is `leaves:FROM-TO`, both included, or `leaves:FROM-TO/BITS`, where not all of them were removed: in
 * hexadecimal a bit for each, the first one first.
 */
export const removalAction = "leaves.remove"

export const removalResource = ({ from, to }: Range): string => `leaves:${from}-${to - 1}`

const resourceForm = /^leaves:(\d{1,15})-(\d{1,15})(?:\/([0-9a-f]{1,256}))?$/u
const marker = Buffer.from(`"${removalAction}"`)
const entryHead = Buffer.from(`["entry/1",`)

/** The place of these in an entry's leaf: `["entry/1", tenant, at, actor kind, actor, action, resource, …]`. */
const [actionAt, resourceAt] = [5, 6]

/** Those of the leaves from `from` on whose bit is set, as ranges. */
const chosen = (from: number, bits: string): ReadonlyArray<Range> => {
  const ranges: Array<Range> = []
  const each = [...bits].flatMap((digit) => [...Number.parseInt(digit, 16).toString(2).padStart(4, "0")])
  for (const [n, bit] of each.entries()) {
    const last = ranges.at(-1)
    if (bit === "0") continue
    if (last?.to === from + n) ranges[ranges.length - 1] = { from: last.from, to: last.to + 1 }
    else ranges.push({ from: from + n, to: from + n + 1 })
  }
  return ranges
}

/** What a leaf says was removed; nothing when it says nothing of the kind. */
export const removalsIn = (leaf: Buffer): ReadonlyArray<Range> => {
  if (!leaf.subarray(0, entryHead.length).equals(entryHead) || !leaf.includes(marker)) return []
  let parts: unknown
  try {
    parts = JSON.parse(leaf.toString("utf8"))
  } catch {
    return []
  }
  if (!Array.isArray(parts) || parts[actionAt] !== removalAction) return []
  const [, from, last, bits] = resourceForm.exec(String(parts[resourceAt])) ?? []
  if (from === undefined || Number(last) < Number(from)) return []
  return bits === undefined ? [{ from: Number(from), to: Number(last) + 1 }] : chosen(Number(from), bits)
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
