/**
 * The tree of RFC 6962 § 2.1 over leaves that only ever come at the end: its root, and proofs that a leaf is in it and that a later tree
 * continues an earlier one. Pure; a tree that grows is kept as the roots of its complete subtrees, one for each bit of its size.
 */
import { hash } from "node:crypto"

/** SHA-256, 32 bytes. */
export type Hash = Buffer

export const hashBytes = 32
/** A tile's leaves: a complete subtree, the unit in which leaves are stored and compared. */
export const tileSize = 256

const leafPrefix = Buffer.of(0)

export const leafHash = (leaf: Uint8Array): Hash => hash("sha256", Buffer.concat([leafPrefix, leaf]), "buffer")

const joined = Buffer.alloc(1 + 2 * hashBytes)
joined[0] = 1

export const nodeHash = (left: Hash, right: Hash): Hash => {
  joined.set(left, 1)
  joined.set(right, 1 + hashBytes)
  return hash("sha256", joined, "buffer")
}

const emptyRoot = hash("sha256", Buffer.alloc(0), "buffer")

/** A tree by the roots of its complete subtrees, the largest first: all that has to be kept to go on. */
export interface Frontier {
  readonly size: number
  readonly peaks: ReadonlyArray<Hash>
}

export const noLeaves: Frontier = { size: 0, peaks: [] }

const isOdd = (size: number): boolean => size % 2 === 1

export const append = ({ peaks, size }: Frontier, leaves: ReadonlyArray<Hash>): Frontier => {
  const grown = [...peaks]
  let count = size
  for (const leaf of leaves) {
    let node = leaf
    for (let rest = count; isOdd(rest); rest = Math.floor(rest / 2)) {
      const left = grown.pop()
      if (left === undefined) throw new Error("a frontier lacks a peak")
      node = nodeHash(left, node)
    }
    grown.push(node)
    count += 1
  }
  return { size: count, peaks: grown }
}

export const rootOf = ({ peaks }: Frontier): Hash =>
  peaks.length === 0 ? emptyRoot : peaks.reduceRight((right, left) => nodeHash(left, right))

export const rootOfLeaves = (leaves: ReadonlyArray<Hash>): Hash => rootOf(append(noLeaves, leaves))

/** The peaks one after the other, as they are stored; null for bytes that no tree of that size has. */
export const frontierOf = (size: number, bytes: Buffer): Frontier | null => {
  let bits = 0
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) if (isOdd(rest)) bits += 1
  return bytes.length === bits * hashBytes ? { size, peaks: hashesIn(bytes) } : null
}

/** Hashes that lie one after the other. A last part that is too short for one is left out. */
export const hashesIn = (bytes: Buffer): ReadonlyArray<Hash> =>
  Array.from({ length: Math.floor(bytes.length / hashBytes) }, (_, n) =>
    bytes.subarray(n * hashBytes, (n + 1) * hashBytes)
  )

/** The largest power of two below the size: where RFC 6962 splits a tree. */
const splitOf = (size: number): number => {
  let split = 1
  while (split * 2 < size) split *= 2
  return split
}

/** What proves to whoever has the root that this leaf is in the tree (RFC 6962 § 2.1.1). */
export const inclusionProof = (leaves: ReadonlyArray<Hash>, index: number): ReadonlyArray<Hash> => {
  if (leaves.length <= 1) return []
  const split = splitOf(leaves.length)
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)]
  return index < split
    ? [...inclusionProof(left, index), rootOfLeaves(right)]
    : [...inclusionProof(right, index - split), rootOfLeaves(left)]
}

/** RFC 9162 § 2.1.3.2. */
export const isIncluded = (
  { index, leaf, size }: { readonly index: number; readonly leaf: Hash; readonly size: number },
  proof: ReadonlyArray<Hash>,
  root: Hash
): boolean => {
  if (index < 0 || index >= size) return false
  let [at, last] = [index, size - 1]
  let node = leaf
  for (const sibling of proof) {
    if (last === 0) return false
    if (isOdd(at) || at === last) {
      node = nodeHash(sibling, node)
      while (!isOdd(at) && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)]
    } else {
      node = nodeHash(node, sibling)
    }
    ;[at, last] = [Math.floor(at / 2), Math.floor(last / 2)]
  }
  return last === 0 && node.equals(root)
}

const subproof = (leaves: ReadonlyArray<Hash>, size: number, isWhole: boolean): ReadonlyArray<Hash> => {
  if (size === leaves.length) return isWhole ? [] : [rootOfLeaves(leaves)]
  const split = splitOf(leaves.length)
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)]
  return size <= split
    ? [...subproof(left, size, isWhole), rootOfLeaves(right)]
    : [...subproof(right, size - split, false), rootOfLeaves(left)]
}

/** What proves that the tree of these leaves continues that of the first `size` of them (RFC 6962 § 2.1.2). */
export const consistencyProof = (leaves: ReadonlyArray<Hash>, size: number): ReadonlyArray<Hash> =>
  size === 0 ? [] : subproof(leaves, size, true)

export interface TreeHead {
  readonly size: number
  readonly root: Hash
}

/** RFC 9162 § 2.1.4.2. */
export const isContinued = (first: TreeHead, second: TreeHead, proof: ReadonlyArray<Hash>): boolean => {
  if (first.size > second.size) return false
  if (first.size === second.size) return proof.length === 0 && first.root.equals(second.root)
  if (first.size === 0) return proof.length === 0
  const isPower = splitOf(first.size + 1) === first.size
  const [seed, ...rest] = isPower ? [first.root, ...proof] : proof
  if (seed === undefined) return false
  let [at, last] = [first.size - 1, second.size - 1]
  while (isOdd(at)) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)]
  let [before, after] = [seed, seed]
  for (const node of rest) {
    if (last === 0) return false
    if (isOdd(at) || at === last) {
      ;[before, after] = [nodeHash(node, before), nodeHash(node, after)]
      while (!isOdd(at) && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)]
    } else {
      after = nodeHash(after, node)
    }
    ;[at, last] = [Math.floor(at / 2), Math.floor(last / 2)]
  }
  return last === 0 && before.equals(first.root) && after.equals(second.root)
}

/**
 * A stretch of the tree for whoever checks it with leaves of their own alone: these one by one, all between them as roots of the largest subtrees
 * that have none of theirs. From the parts of all stretches, one after the other, the tree's root follows, and nothing of other leaves.
 */
export interface TreePart {
  /** A power of two, of which where the part begins is a multiple. */
  readonly leaves: number
  readonly hash: Hash
  /** Of an own leaf: what is hashed, as it was found; null for every other. */
  readonly leaf: string | null
}

/** The largest subtree that begins there and has no more leaves than that. */
const largestAt = (at: number, limit: number): number => {
  let size = 1
  while (at % (size * 2) === 0 && size * 2 <= limit) size *= 2
  return size
}

/** `own`: what was found, by the place of its leaf. Hashes lie one after the other, the first is that of leaf `at`. */
export const partsOf = (at: number, hashes: Buffer, own: ReadonlyMap<number, string>): ReadonlyArray<TreePart> => {
  const parts: Array<TreePart> = []
  const places = [...own.keys()].sort((a, b) => a - b)
  const end = at + hashes.length / hashBytes
  let next = 0
  for (let from = at; from < end; ) {
    while ((places[next] ?? end) < from) next += 1
    const nearest = Math.min(places[next] ?? end, end)
    const leaves = nearest === from ? 1 : largestAt(from, nearest - from)
    const bytes = hashes.subarray((from - at) * hashBytes, (from - at + leaves) * hashBytes)
    parts.push({ leaves, hash: rootOf(append(noLeaves, hashesIn(bytes))), leaf: own.get(from) ?? null })
    from += leaves
  }
  return parts
}

/** Where the leaves of one kind lie that are to be there: `kinds` has a letter for each, upper case where it was removed. */
const placesOf = (kinds: string, kind: "e" | "a"): ReadonlyArray<number> =>
  [...kinds].flatMap((letter, n) => (letter === kind ? [n] : []))

/** Rows of one kind that were found, in their order: how many, and those of the tenant with their number among them. */
export interface FoundRows {
  readonly found: number
  readonly own: ReadonlyArray<readonly [number: number, leaf: string]>
}

/** The tenant's leaves by place, and how many rows are to be there. Where one is missing, those after it come into wrong places and show it. */
export const placed = (at: number, kinds: string, { entries, events }: Record<"entries" | "events", FoundRows>) => {
  const own = new Map<number, string>()
  const ofEvents = placesOf(kinds, "e")
  const ofEntries = placesOf(kinds, "a")
  for (const [places, rows] of [
    [ofEvents, events],
    [ofEntries, entries]
  ] as const)
    for (const [number, leaf] of rows.own) {
      const place = places[number]
      if (place !== undefined) own.set(at + place, leaf)
    }
  return { own, expected: ofEvents.length + ofEntries.length }
}
