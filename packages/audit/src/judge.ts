/**
 * * Whether leaves that were found are those that were sealed, and if not, which is the first that differs and how. Pure: works on hashes that lie
 * one after the other. * Leaves that were removed because they had been kept long enough. Their hashes stay, so that the tree is what it was; that
 * they are gone is an entry of the log itself, which is sealed as any other: without one, a leaf that is not there is missing.
 */
import { append, type Frontier, type Hash, hashBytes, hashesIn, noLeaves, rootOf, tileSize } from "./merkle.ts"
import type { Checkpoint } from "./note.ts"

export type How = "changed" | "missing" | "added" | "moved"

export interface Difference {
  /** The first leaf that is not what it was, counted from 0. */
  readonly at: number
  readonly how: How
  /** How many leaves are missing or were added there; 1 for the others. */
  readonly count: number
}

/** So far it is looked for where a leaf went, or where those after an added one go on. */
const window = 4_096

const hashAt = (hashes: Buffer, index: number): Hash => hashes.subarray(index * hashBytes, (index + 1) * hashBytes)

const countOf = (hashes: Buffer): number => Math.floor(hashes.length / hashBytes)

/** Where this hash comes next after `from`, in leaves from there; 0 when it does not. */
const distance = (hashes: Buffer, from: number, wanted: Hash): number => {
  const end = Math.min(countOf(hashes), from + window)
  for (let index = from + 1; index < end; index++) if (hashAt(hashes, index).equals(wanted)) return index - from
  return 0
}

/** Null when they are the same. */
export const firstDifference = (sealed: Buffer, found: Buffer): Difference | null => {
  const [sealedCount, foundCount] = [countOf(sealed), countOf(found)]
  const both = Math.min(sealedCount, foundCount)
  const common = both * hashBytes
  if (sealed.compare(found, 0, common, 0, common) === 0) {
    if (sealedCount === foundCount) return null
    return { at: both, how: foundCount < sealedCount ? "missing" : "added", count: Math.abs(sealedCount - foundCount) }
  }
  let at = 0
  while (hashAt(sealed, at).equals(hashAt(found, at))) at += 1
  const missing = distance(sealed, at, hashAt(found, at))
  const added = distance(found, at, hashAt(sealed, at))
  if (missing > 0 && added > 0) return { at, how: "moved", count: 1 }
  if (missing > 0) return { at, how: "missing", count: missing }
  if (added > 0) return { at, how: "added", count: added }
  // The last one of many that are cut off: nothing comes after it by which the cut would show.
  return { at, how: "changed", count: 1 }
}

/** The root at each of these sizes, as far as there are leaves. */
export const rootsAt = (hashes: Buffer, sizes: ReadonlyArray<number>): ReadonlyMap<number, Hash> => {
  const roots = new Map<number, Hash>()
  let tree: Frontier = noLeaves
  for (const size of [...new Set(sizes)].sort((a, b) => a - b)) {
    if (size > countOf(hashes)) break
    while (tree.size < size) {
      const end = Math.min(size, tree.size + tileSize)
      tree = append(tree, hashesIn(hashes.subarray(tree.size * hashBytes, end * hashBytes)))
    }
    roots.set(size, rootOf(tree))
  }
  return roots
}

export interface Unsigned {
  /** The leaves among which something was changed: from the one to before the other. */
  readonly from: number
  readonly to: number
  /** Of the checkpoint that says otherwise. */
  readonly size: number
}

/** The first checkpoint, by size, that these leaves are too few for or do not agree with; null when they agree with all. */
export const firstUnsigned = (hashes: Buffer, checkpoints: ReadonlyArray<Checkpoint>): Unsigned | null => {
  const ordered = checkpoints.toSorted((a, b) => a.size - b.size)
  const roots = rootsAt(
    hashes,
    ordered.map(({ size }) => size)
  )
  let from = 0
  for (const { root, size } of ordered) {
    if (roots.get(size)?.equals(root) !== true) return { from, to: size, size }
    from = size
  }
  return null
}

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
