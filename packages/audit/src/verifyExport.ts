/**
 * Whether an export is what was sealed: with its own files, checkpoints, also from a second place, and the public key alone. An export is a
 * folder: `leaves.ndjson` with one leaf a line, `hashes` with the hash of each, 32 bytes one after the other, and `checkpoints/`. Whatever
 * was changed, of one file or another, the finding names the first place.
 */
import { createReadStream } from "node:fs"
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import type { Checkpoint, NoteVerifier } from "./note.ts"
import { type Difference, firstDifference, firstUnsigned, overlap, type Range, removalsIn } from "./judge.ts"
import { type KeyRing, openByRing, openSuccession, readSuccessions, ringOf } from "./keyRing.ts"
import { hashBytes, leafHash } from "./merkle.ts"

export interface Finding {
  /** The file, or what stands for it in a database. */
  readonly where: string
  /** The first leaf that it is about, counted from 0; null when it is about none. */
  readonly leaf: number | null
  readonly what: string
}

export interface Verdict {
  readonly leaves: number
  /** Leaves of which only the hash is left, because they were kept long enough. */
  readonly removed: ReadonlyArray<Range>
  /** Leaves that the latest checkpoint covers, and when it was signed. */
  readonly signed: { readonly size: number; readonly at: number } | null
  readonly findings: ReadonlyArray<Finding>
}

export const leavesFile = "leaves.ndjson"
export const hashesFile = "hashes"
export const checkpointsFolder = "checkpoints"

/** Longer than any line: an event is 256 KiB at the most, written as a string at worst. */
const maxLine = 8 * 1024 * 1024

/** Every line of a file without its line feed, and at the end what stands behind the last one. */
export async function* linesOf(path: string): AsyncGenerator<Buffer, Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    let from = 0
    const bytes = Buffer.concat([rest, chunk as Buffer])
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      yield bytes.subarray(from, end)
      from = end + 1
    }
    rest = bytes.subarray(from)
    if (rest.length > maxLine) break
  }
  return rest
}

const removedForm = /^\{"removed":"([0-9a-f]{64})"\}$/u

/** What stands in an export for a leaf that was removed. */
export const removedLine = (hash: Buffer): string => `{"removed":"${hash.toString("hex")}"}`

const maxRemovedLine = 100

interface Leaves {
  readonly hashes: Buffer
  /** Said to be removed. */
  readonly removed: ReadonlyArray<Range>
  /** What the log itself says was removed. */
  readonly allowed: ReadonlyArray<Range>
  readonly cut: boolean
}

export const withIndex = (ranges: Array<Range>, index: number): void => {
  const last = ranges.at(-1)
  if (last !== undefined && last.to === index) ranges[ranges.length - 1] = { from: last.from, to: index + 1 }
  else ranges.push({ from: index, to: index + 1 })
}

const readLeaves = async (path: string): Promise<Leaves> => {
  const hashes: Array<Buffer> = []
  const removed: Array<Range> = []
  const allowed: Array<Range> = []
  const lines = linesOf(path)
  for (;;) {
    const { done, value } = await lines.next()
    if (done === true) return { hashes: Buffer.concat(hashes), removed, allowed, cut: value.length > 0 }
    const claim = value.length < maxRemovedLine ? removedForm.exec(value.toString("latin1")) : null
    if (claim?.[1] !== undefined) {
      withIndex(removed, hashes.length)
      hashes.push(Buffer.from(claim[1], "hex"))
    } else {
      hashes.push(leafHash(value))
      allowed.push(...removalsIn(value))
    }
  }
}

interface Notes {
  /** The keys that are trusted with the one that was given, by what follows from the folders. */
  readonly ring: KeyRing
  /** Also what was signed of the tree where one key followed another. */
  readonly checkpoints: ReadonlyArray<Checkpoint>
  readonly findings: ReadonlyArray<Finding>
}

/** What the keys of a ring have not done. */
export const unsignedBy = ({ keys }: KeyRing): string =>
  `that ${keys.map(({ verifier }) => verifier.name).join(" or ")} has signed while it was the key`

/** Those of the folders, one after the other; a folder that is not there has none. `more`: notes of successions from elsewhere. */
export const readNotes = async (
  verifier: NoteVerifier,
  folders: ReadonlyArray<string>,
  more: ReadonlyArray<string> = []
): Promise<Notes> => {
  const inFolders = await Promise.all(folders.map(readSuccessions))
  const ring = ringOf(verifier, [...inFolders.flat(), ...more.flatMap((note) => openSuccession(note) ?? [])])
  const checkpoints: Array<Checkpoint> = []
  const findings: Array<Finding> = ring.forked.map((name) => ({
    where: "keys",
    leaf: null,
    what: `${name} is followed by two keys: whoever has it has signed for somebody else`
  }))
  for (const folder of folders) {
    const names = await readdir(folder).catch((): ReadonlyArray<string> => [])
    for (const name of names.filter((name) => name.endsWith(".txt")).sort()) {
      const path = join(folder, name)
      const checkpoint = openByRing(await readFile(path, "utf8"), ring)
      if (checkpoint === null) findings.push({ where: path, leaf: null, what: `is no checkpoint ${unsignedBy(ring)}` })
      else checkpoints.push(checkpoint)
    }
  }
  return { ring, checkpoints: [...checkpoints, ...ring.heads], findings }
}

const sentences = {
  changed: () => "is not what was sealed: it was changed",
  missing: (count: number) => `${count === 1 ? "is" : `and the ${count - 1} after it are`} missing`,
  added: (count: number) => `${count === 1 ? "was" : `and the ${count - 1} after it were`} added: not sealed there`,
  moved: () => "is in another place than it was sealed in"
} as const satisfies Record<Difference["how"], (count: number) => string>

export const differenceIn = (where: string, { at, count, how }: Difference): Finding => ({
  where,
  leaf: at,
  what: `leaf ${at} ${sentences[how](count)}`
})

export const shortOf = (
  where: string,
  leaves: number,
  { from, size }: { readonly from: number; readonly size: number }
) =>
  leaves < size
    ? { where, leaf: leaves, what: `ends ${size - leaves} leaves short of the checkpoint of ${size}` }
    : {
        where,
        leaf: from,
        what: `among the leaves ${from} to ${size - 1} something was changed: their root is not the one that was signed for ${size} leaves`
      }

/** What two lists of the same leaves, and checkpoints of them, say of one another. */
export const findingsOf = (
  sealed: { readonly where: string; readonly hashes: Buffer },
  found: { readonly where: string; readonly hashes: Buffer },
  checkpoints: ReadonlyArray<Checkpoint>
): ReadonlyArray<Finding> => {
  const difference = firstDifference(sealed.hashes, found.hashes)
  const unsigned = firstUnsigned(sealed.hashes, checkpoints)
  const leaves = sealed.hashes.length / hashBytes
  if (difference === null) return unsigned === null ? [] : [shortOf(sealed.where, leaves, unsigned)]
  if (unsigned === null) return [differenceIn(found.where, difference)]
  // The hashes are not those that were signed. If the leaves are, then the hashes were changed, there.
  const hashesChanged = firstDifference(found.hashes, sealed.hashes)
  if (firstUnsigned(found.hashes, checkpoints) === null && hashesChanged !== null)
    return [differenceIn(sealed.where, hashesChanged)]
  return [differenceIn(found.where, difference), shortOf(sealed.where, leaves, unsigned)]
}

const words = (ranges: ReadonlyArray<Range>): string =>
  ranges.map(({ from, to }) => (to === from + 1 ? `${from}` : `${from} to ${to - 1}`)).join(", ")

/** Leaves that are said to be removed without the log saying so. */
export const unexplained = (where: string, removed: ReadonlyArray<Range>, allowed: ReadonlyArray<Range>) => {
  const rest = overlap(removed, allowed).rest
  const [first] = rest
  return first === undefined
    ? []
    : [{ where, leaf: first.from, what: `of the leaves ${words(rest)} only hashes are there, and no entry says why` }]
}

export interface Exported {
  readonly folder: string
  /** A folder beside the export's own, such as the second place where the program writes them. */
  readonly checkpoints?: string | undefined
  readonly verifier: NoteVerifier
}

/** Of the export itself, and of the second place. */
export const notesOf = ({ checkpoints, folder, verifier }: Exported): Promise<Notes> =>
  readNotes(verifier, [join(folder, checkpointsFolder), ...(checkpoints === undefined ? [] : [checkpoints])])

export const verifyExport = async (exported: Exported): Promise<Verdict> => {
  const { folder } = exported
  const [leavesPath, hashesPath] = [join(folder, leavesFile), join(folder, hashesFile)]
  const { allowed, cut, hashes: found, removed } = await readLeaves(leavesPath)
  const sealed = await readFile(hashesPath)
  const { checkpoints, findings: ofNotes } = await notesOf(exported)
  const last = checkpoints.toSorted((a, b) => b.size - a.size || a.at - b.at)[0] ?? null
  const leaves = Math.floor(found.length / hashBytes)
  const findings: Array<Finding> = [...ofNotes]
  if (last === null)
    findings.push({ where: folder, leaf: null, what: "there is no checkpoint: nothing of it is signed" })
  if (cut) findings.push({ where: leavesPath, leaf: leaves, what: `line ${leaves + 1} does not end` })
  if (sealed.length % hashBytes !== 0) {
    findings.push({
      where: hashesPath,
      leaf: Math.floor(sealed.length / hashBytes),
      what: `${sealed.length} bytes are not a whole number of hashes`
    })
  }
  findings.push(
    ...findingsOf({ where: hashesPath, hashes: sealed }, { where: leavesPath, hashes: found }, checkpoints),
    ...unexplained(leavesPath, removed, allowed)
  )
  if (last !== null && leaves > last.size && findings.length === 0)
    findings.push({ where: leavesPath, leaf: last.size, what: `leaf ${last.size} and those after it are not signed` })
  return { leaves, removed, signed: last === null ? null : { size: last.size, at: last.at }, findings }
}
