/**
 * Leaves of one tenant with what proves of each that it is in the tree: verified with a checkpoint and the public key alone, and without a leaf of
 * anybody else. That none is left out is proved by an export of all leaves only.
 */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { hashBytes, hashesIn, isIncluded, leafHash, nodeHash } from "./merkle.ts"
import { type Exported, type Finding, linesOf, notesOf, type Verdict } from "./verifyExport.ts"

/** One JSON document a line: first of what it is, then the leaves in their order. */
export const proofsFile = "proofs.ndjson"

export const holdsProofs = (folder: string): boolean => existsSync(join(folder, proofsFile))

interface Head {
  readonly tenant: string
  /** Leaves of the tree in which the proofs end. */
  readonly size: number
}

interface Proved {
  readonly at: number
  readonly leaf: string
  /** Base64 of the hashes one after the other, from the leaf's neighbour up. */
  readonly proof: string
}

/** What each leaf begins with, events and audit entries, in an export. */
export const isOf = (leaf: string, tenant: string): boolean =>
  leaf.startsWith(`["event/1","${tenant}",`) || leaf.startsWith(`["entry/1","${tenant}",`)

/** Proofs of any of these leaves; holds two hashes for each. A node without a neighbour goes up as it is, which is RFC 6962's tree. */
export const makeProver = (hashes: Buffer): ((at: number) => Buffer) => {
  const levels = [hashes]
  for (let below = hashes; below.length > hashBytes; ) {
    const count = below.length / hashBytes
    const above = Buffer.alloc(Math.ceil(count / 2) * hashBytes)
    for (let n = 0; n < count; n += 2) {
      const left = below.subarray(n * hashBytes, (n + 1) * hashBytes)
      const right = below.subarray((n + 1) * hashBytes, (n + 2) * hashBytes)
      above.set(right.length === 0 ? left : nodeHash(left, right), (n / 2) * hashBytes)
    }
    levels.push(above)
    below = above
  }
  return (at) => {
    const path: Array<Buffer> = []
    let index = at
    for (const level of levels) {
      const beside = index % 2 === 0 ? index + 1 : index - 1
      const sibling = level.subarray(beside * hashBytes, (beside + 1) * hashBytes)
      if (sibling.length > 0) path.push(sibling)
      index = Math.floor(index / 2)
    }
    return Buffer.concat(path)
  }
}

export const headLine = (head: Head): string => JSON.stringify(head)
export const provedLine = (at: number, leaf: string, proof: Buffer): string =>
  JSON.stringify({ at, leaf, proof: proof.toString("base64") } satisfies Proved)

const parsed = (line: Buffer): unknown => {
  try {
    return JSON.parse(line.toString("utf8"))
  } catch {
    return null
  }
}

const isHead = (value: unknown): value is Head =>
  typeof value === "object" &&
  value !== null &&
  "tenant" in value &&
  "size" in value &&
  Number.isSafeInteger(value.size)

const isProved = (value: unknown): value is Proved =>
  typeof value === "object" &&
  value !== null &&
  "at" in value &&
  "leaf" in value &&
  "proof" in value &&
  Number.isSafeInteger(value.at) &&
  typeof value.leaf === "string" &&
  typeof value.proof === "string"

const findingLimit = 100

/** Whether each leaf is one of that tenant, is in the tree that was signed, and comes behind the one before. */
export const verifyProofs = async (exported: Exported): Promise<Verdict> => {
  const path = join(exported.folder, proofsFile)
  const { checkpoints, findings: ofNotes } = await notesOf(exported)
  const findings: Array<Finding> = [...ofNotes]
  const tell = (leaf: number | null, what: string): void => {
    if (findings.length < findingLimit) findings.push({ where: path, leaf, what })
  }
  const lines = linesOf(path)
  const first = await lines.next()
  const head = first.done === true ? null : parsed(first.value)
  if (!isHead(head)) {
    tell(null, "its first line does not say whose leaves these are")
    return { leaves: 0, removed: [], signed: null, findings }
  }
  const checkpoint = checkpoints.find(({ size }) => size === head.size)
  if (checkpoint === undefined) tell(null, `there is no checkpoint of ${head.size} leaves: nothing of it is signed`)
  let leaves = 0
  let before = -1
  for (;;) {
    const { done, value } = await lines.next()
    if (done === true) {
      if (value.length > 0) tell(null, `line ${leaves + 2} does not end`)
      break
    }
    leaves += 1
    const one = parsed(value)
    if (!isProved(one)) {
      tell(null, `line ${leaves + 1} is no leaf with its proof`)
      continue
    }
    const { at, leaf, proof } = one
    if (at <= before) tell(at, `leaf ${at} comes behind leaf ${before}`)
    before = Math.max(before, at)
    if (!isOf(leaf, head.tenant)) tell(at, `leaf ${at} is not of tenant ${head.tenant}`)
    const asked = { index: at, leaf: leafHash(Buffer.from(leaf)), size: head.size }
    if (checkpoint !== undefined && !isIncluded(asked, hashesIn(Buffer.from(proof, "base64")), checkpoint.root))
      tell(at, `leaf ${at} is not in the tree that was signed, or not there`)
  }
  const signed = checkpoint === undefined ? null : { size: checkpoint.size, at: checkpoint.at }
  return { leaves, removed: [], signed, findings }
}
