/**
 * A stretch of the tree for whoever checks it with leaves of their own alone: these one by one, all between them as roots of the largest subtrees
 * that have none of theirs. From the parts of all stretches, one after the other, the tree's root follows, and nothing of other leaves.
 */
import { append, type Hash, hashBytes, hashesIn, noLeaves, rootOf } from "./merkle.ts"

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
