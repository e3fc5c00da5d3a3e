/** Whether a database still holds what was sealed: its rows against its hashes, and these against what was signed. Pure. */
import { firstDifference, firstUnsigned, type Range, rootsAt } from "./judge.ts"
import { frontierOf, hashBytes, rootOf } from "./merkle.ts"
import type { Checkpoint } from "./note.ts"
import {
  differenceIn,
  type Finding,
  findingsOf,
  shortOf,
  unexplained,
  type Verdict,
  withIndex
} from "./verifyExport.ts"

/** What was read. Hashes lie one after the other. */
export interface Live {
  readonly size: number
  /** Of the tree, as stored. */
  readonly peaks: Buffer
  readonly sealed: Buffer
  /** A letter for each sealed leaf, as tiles have them. */
  readonly kinds: string
  /** What the rows hash to, in the order of each log, up to the last that is sealed. */
  readonly events: Buffer
  readonly entries: Buffer
  /** What entries say was removed. */
  readonly allowed: ReadonlyArray<Range>
  readonly checkpoints: ReadonlyArray<Checkpoint>
}

const where = { e: "events", a: "audit_entries", tiles: "audit_tiles", tree: "audit_tree" } as const

/** The sealed leaves of one kind that are to be there, and where in the tree each is. */
const ofKind = ({ kinds, sealed }: Live, kind: "e" | "a") => {
  const places: Array<number> = []
  for (let n = kinds.indexOf(kind); n >= 0; n = kinds.indexOf(kind, n + 1)) places.push(n)
  const hashes = Buffer.alloc(places.length * hashBytes)
  for (const [n, place] of places.entries())
    sealed.copy(hashes, n * hashBytes, place * hashBytes, (place + 1) * hashBytes)
  return { places, hashes }
}

/** As an export would be found: rows at the places of their kinds, and the hash where one was removed. */
const merged = ({ entries, events, kinds, sealed }: Live): Buffer => {
  const whole = Buffer.from(sealed)
  let [event, entry] = [0, 0]
  for (let n = 0; n < kinds.length; n++) {
    if (kinds[n] === "e") events.copy(whole, n * hashBytes, event++ * hashBytes, event * hashBytes)
    else if (kinds[n] === "a") entries.copy(whole, n * hashBytes, entry++ * hashBytes, entry * hashBytes)
  }
  return whole
}

const treeFindings = ({ kinds, peaks, sealed, size }: Live): ReadonlyArray<Finding> => {
  const leaves = sealed.length / hashBytes
  if (leaves !== size || kinds.length !== size)
    return [{ where: where.tiles, leaf: Math.min(leaves, size), what: `there are ${leaves} hashes for ${size} leaves` }]
  const tree = frontierOf(size, peaks)
  const root = rootsAt(sealed, [leaves]).get(leaves)
  if (tree !== null && root !== undefined && rootOf(tree).equals(root)) return []
  return [{ where: where.tree, leaf: null, what: "its peaks are not those of the hashes that are stored" }]
}

const rowFindings = (live: Live): ReadonlyArray<Finding> => {
  const parts = (["e", "a"] as const).map((kind) => {
    const { hashes, places } = ofKind(live, kind)
    return { kind, places, difference: firstDifference(hashes, kind === "e" ? live.events : live.entries) }
  })
  const sameCounts = parts.every(({ difference }) => difference === null || difference.how === "changed")
  if (sameCounts)
    return findingsOf(
      { where: where.tiles, hashes: live.sealed },
      { where: `${where.e} and ${where.a}`, hashes: merged(live) },
      live.checkpoints
    )
  const unsigned = firstUnsigned(live.sealed, live.checkpoints)
  return [
    ...parts.flatMap(({ difference, kind, places }) =>
      difference === null ? [] : [differenceIn(where[kind], { ...difference, at: places[difference.at] ?? live.size })]
    ),
    ...(unsigned === null ? [] : [shortOf(where.tiles, live.sealed.length / hashBytes, unsigned)])
  ]
}

export const verifyLive = (live: Live): Verdict => {
  const removed: Array<Range> = []
  for (let n = 0; n < live.kinds.length; n++) if (/[EA]/u.test(live.kinds[n] ?? "")) withIndex(removed, n)
  const last = live.checkpoints.toSorted((a, b) => b.size - a.size || a.at - b.at)[0] ?? null
  return {
    leaves: live.size,
    removed,
    signed: last === null ? null : { size: last.size, at: last.at },
    findings: [...treeFindings(live), ...rowFindings(live), ...unexplained(where.tiles, removed, live.allowed)]
  }
}
