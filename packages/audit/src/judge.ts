/**
 * Whether leaves that were found are those that were sealed, and if not, which is the first that differs and how. Pure: works on hashes that
 * lie one after the other.
 */
import type { Checkpoint } from "./checkpoint.ts"
import { append, type Frontier, type Hash, hashBytes, hashesIn, noLeaves, rootOf, tileSize } from "./merkle.ts"

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
