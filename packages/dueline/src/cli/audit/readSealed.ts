/** Reads what was sealed and the rows that it was made of, page by page: for verifying a database, and for an export of it. */
import { openByRing } from "@dueline/audit/keyRing"
import { hashBytes, leafHash, tileSize } from "@dueline/audit/merkle"
import type { NoteVerifier } from "@dueline/audit/note"
import { type Range, removalsIn } from "@dueline/audit/judge"
import { type Finding, readNotes, removedLine, unsignedBy } from "@dueline/audit/verifyExport"
import { type Live, verifyLive } from "@dueline/audit/verifyLive"
import {
  beginning,
  type FoundLeaf,
  type LeafKind,
  type Place,
  type SealedHead,
  SealedLog,
  type SealedTile
} from "@dueline/postgres/admin/SealedLog"
import { Effect } from "effect"

const tilesAtOnce = 64
const leavesAtOnce = 2_000

const isBehind = (a: Place, b: Place): boolean => {
  const [x, y] = [BigInt(a.transaction), BigInt(b.transaction)]
  return x > y || (x === y && a.position > b.position)
}

const eachTile = Effect.fnUntraced(function* <E, R>(use: (tile: SealedTile) => Effect.Effect<void, E, R>) {
  const log = yield* SealedLog
  for (let from = 0; ; ) {
    const page = yield* log.tiles(from, tilesAtOnce)
    for (const tile of page) yield* use(tile)
    const last = page.at(-1)
    if (last === undefined || page.length < tilesAtOnce) return
    from = last.tile + 1
  }
})

/**
 * The hashes of all rows of one kind up to the last that is sealed, 32 bytes each. `heard`: each leaf, also those behind it; an entry that says what
 * was removed is sealed a moment later than it is written.
 */
const foundHashes = Effect.fnUntraced(function* (
  kind: LeafKind,
  until: Place,
  heard: ((leaf: Buffer) => void) | null,
  read: (leaves: number) => Effect.Effect<void>
) {
  const log = yield* SealedLog
  const parts: Array<Buffer> = []
  for (let after = beginning; ; ) {
    const page: ReadonlyArray<FoundLeaf> = yield* log.leaves(kind, after, leavesAtOnce)
    for (const { leaf, position, transaction } of page) {
      const isSealed = !isBehind({ position, transaction }, until)
      if (!isSealed && heard === null) return Buffer.concat(parts)
      const bytes = Buffer.from(leaf)
      heard?.(bytes)
      if (isSealed) parts.push(leafHash(bytes))
    }
    const last = page.at(-1)
    if (last === undefined) return Buffer.concat(parts)
    after = last
    yield* read(page.length)
  }
})

/** Those that are kept in the database, and those of a folder. */
export const checkpointsOf = (head: SealedHead, folder: string, verifier: NoteVerifier) =>
  Effect.map(
    Effect.promise(() => readNotes(verifier, [folder], head.successions)),
    ({ ring, ...outside }) => {
      const findings: Array<Finding> = [...outside.findings]
      const inside = head.notes.flatMap(({ note, size }) => {
        const checkpoint = openByRing(note, ring)
        if (checkpoint !== null && checkpoint.size === size) return [checkpoint]
        findings.push({
          where: "audit_checkpoints",
          leaf: null,
          what: `the one of ${size} is none ${unsignedBy(ring)}`
        })
        return []
      })
      return { checkpoints: [...inside, ...outside.checkpoints], findings }
    }
  )

/** Holds the hashes of all leaves, 32 bytes each and twice, and nothing else of them. */
export const verifySealed = Effect.fnUntraced(function* (
  folder: string,
  verifier: NoteVerifier,
  read: (leaves: number) => Effect.Effect<void>
) {
  const log = yield* SealedLog
  const head = yield* log.head
  const sealed: Array<Buffer> = []
  let kinds = ""
  const short: Array<Finding> = []
  let next = 0
  yield* eachTile(({ hashes, kinds: letters, tile }) =>
    Effect.sync(() => {
      if (tile !== next) short.push({ where: "audit_tiles", leaf: next * tileSize, what: `tile ${next} is missing` })
      next = tile + 1
      sealed.push(Buffer.from(hashes, "hex"))
      kinds += letters
    })
  )
  const allowed: Array<Range> = []
  const heard = (leaf: Buffer): void => {
    allowed.push(...removalsIn(leaf))
  }
  const whole = Buffer.concat(sealed)
  const { checkpoints, findings } = yield* checkpointsOf(head, folder, verifier)
  const live: Live = {
    size: head.size,
    peaks: Buffer.from(head.peaks, "hex"),
    // Tiles that grew while they were read hold more than the head says.
    sealed: whole.subarray(0, head.size * hashBytes),
    kinds: kinds.slice(0, head.size),
    events: yield* foundHashes("e", head.events, null, read),
    entries: yield* foundHashes("a", head.entries, heard, read),
    allowed,
    checkpoints
  }
  const verdict = verifyLive(live)
  return { ...verdict, findings: [...findings, ...short, ...verdict.findings] }
})

/** The rows of one kind one after the other, a page of them in memory. */
const makeStream = (kind: LeafKind) =>
  Effect.map(SealedLog, (log) => {
    let page: ReadonlyArray<FoundLeaf> = []
    let at = 0
    let after = beginning
    return Effect.gen(function* () {
      if (at === page.length) {
        page = yield* log.leaves(kind, after, leavesAtOnce)
        at = 0
        after = page.at(-1) ?? after
      }
      return page[at++] ?? null
    })
  })

/** The hashes of the first `size` leaves, 32 bytes each. */
export const sealedHashes = Effect.fnUntraced(function* (size: number) {
  const hashes = Buffer.alloc(size * hashBytes)
  yield* eachTile(({ hashes: text, tile }) =>
    Effect.sync(() => {
      const bytes = Buffer.from(text, "hex")
      const at = tile * tileSize * hashBytes
      bytes.copy(hashes, at, 0, Math.max(0, hashes.length - at))
    })
  )
  return hashes
})

/**
 * The first `size` leaves as an export has them, as they are in the database: whether they are what was sealed is for whoever verifies it.
 * Where a row is missing, that of the next leaf comes.
 */
export const exportLeaves = Effect.fnUntraced(function* <E, R>(
  size: number,
  write: (lines: string, hashes: Buffer) => Effect.Effect<void, E, R>
) {
  const streams = { e: yield* makeStream("e"), a: yield* makeStream("a") }
  let done = 0
  yield* eachTile(
    Effect.fnUntraced(function* ({ hashes, kinds }: SealedTile) {
      const count = Math.min(kinds.length, size - done)
      if (count <= 0) return
      const bytes = Buffer.from(hashes, "hex")
      let lines = ""
      for (let n = 0; n < count; n++) {
        const kind = kinds[n]
        if (kind === "e" || kind === "a") {
          const found = yield* streams[kind]
          if (found !== null) lines += `${found.leaf}\n`
        } else lines += `${removedLine(bytes.subarray(n * hashBytes, (n + 1) * hashBytes))}\n`
      }
      done += count
      yield* write(lines, bytes.subarray(0, count * hashBytes))
    })
  )
  return done
})
