/**
 * Whether the audit log is what was signed, found out by this browser: it hashes what is shown of the tenant, puts the tree together, and holds its
 * root against the checkpoint. A tree that was kept of an earlier time goes on from there: another history before it would come to another root.
 */
import type { AuditProof } from "@dueline/contracts/api/AuditEndpoints"
import { isSignedByRing, type PublicKey, readCheckpoint, ringOf } from "./checkpoint.ts"
import { bytesOf, grown, isSame, leafHash, noLeaves, rootOf, type Tree } from "./tree.ts"

export interface Begun {
  readonly tree: Tree
  /** Where the edge goes on; null at the beginning. */
  readonly resume: string | null
  /** The tenant's leaves that were checked. */
  readonly own: number
}

export const beginning: Begun = { tree: noLeaves, resume: null, own: 0 }

export interface Finding {
  /** Null where it is not about one leaf. */
  readonly leaf: number | null
  readonly what: string
}

export interface Checked extends Begun {
  readonly findings: ReadonlyArray<Finding>
  /** All leaves that are signed were looked at. */
  readonly done: boolean
  /** Leaves that are signed, and leaves that there are. */
  readonly size: number
  readonly sealed: number
  readonly note: string | null
  /** When it was signed; null before the end. */
  readonly signedAt: string | null
  /** The key that follows the trusted one by now; null where it is the trusted one still. */
  readonly follower: PublicKey | null
}

const findingLimit = 20

const noSubtree = "the parts that the edge gives make no tree"

const told = (before: ReadonlyArray<Finding>, more: ReadonlyArray<Finding>) =>
  [...before, ...more].slice(0, findingLimit)

/** One stretch further. */
export const checkStretch = async (
  before: Begun & { readonly findings: ReadonlyArray<Finding> },
  proof: AuditProof,
  key: PublicKey | null
): Promise<Checked> => {
  const { from, note, parts, rows, sealed, size, to } = proof
  const findings: Array<Finding> = []
  let { own, tree } = before
  const result = (done: boolean, signedAt: string | null = null, follower: PublicKey | null = null): Checked => ({
    tree,
    own,
    resume: proof.resume,
    findings: told(before.findings, findings),
    done,
    size,
    sealed,
    note,
    signedAt,
    follower
  })
  if (from !== tree.size || size < tree.size) {
    findings.push({
      leaf: null,
      what: `${tree.size} leaves were there before, and now ${Math.min(from, size)} are signed`
    })
    return result(true)
  }
  for (const { hash, leaf, leaves } of parts) {
    const bytes = bytesOf(hash)
    if (leaf !== null) {
      own += 1
      if (leaves !== 1 || !isSame(await leafHash(leaf), bytes))
        findings.push({ leaf: tree.size, what: "is not what was sealed: it was changed, or one before it is missing" })
    }
    const next = await grown(tree, leaves, bytes)
    if (next === null) {
      findings.push({ leaf: tree.size, what: noSubtree })
      return result(true)
    }
    tree = next
  }
  if (rows.found < rows.expected)
    findings.push({
      leaf: null,
      what: `of leaves ${from} to ${to - 1}, of all tenants, ${rows.expected - rows.found} are missing`
    })
  if (tree.size < size && parts.length === 0) {
    findings.push({ leaf: tree.size, what: "its hash and those behind it are missing" })
    return result(true)
  }
  if (tree.size !== size) return result(false)
  const checkpoint = note === null ? null : readCheckpoint(note)
  if (note === null || checkpoint === null) {
    if (size > 0) findings.push({ leaf: null, what: "the checkpoint cannot be read" })
    return result(true)
  }
  if (checkpoint.size !== tree.size || !isSame(checkpoint.root, await rootOf(tree)))
    findings.push({ leaf: null, what: `the ${tree.size} leaves do not come to the root that was signed` })
  if (key === null) return result(true, checkpoint.at)
  const ring = await ringOf(key, proof.successions ?? [])
  if (ring.forked !== null)
    findings.push({
      leaf: null,
      what: `${ring.forked} is followed by two keys: whoever has it has signed for somebody else`
    })
  if (!(await isSignedByRing(note, ring)))
    findings.push({
      leaf: null,
      what: `the checkpoint is not signed by ${key.name}, nor by one that followed it, while that was the key: it names itself ${checkpoint.origin}`
    })
  return result(true, checkpoint.at, ring.latest.text === key.text ? null : ring.latest)
}
