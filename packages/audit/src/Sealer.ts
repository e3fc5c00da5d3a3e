/**
 * * Puts what was committed into the tree and signs checkpoints of it, in one process at a time. What it computes is checked against what it
 * computed before: a tree that somebody else has changed meanwhile is not signed. Checkpoints as files, one for each, in a folder that the
 * database's owner should not reach: of one size the latest stays.
 */
import type { TilePart, TreeStore } from "@dueline/contracts/ports/AuditTrail"
import { orLogged } from "@dueline/contracts/storeTrouble"
import { Metrics } from "@dueline/contracts/telemetry/Metrics"
import { makeFolder, placeAnew } from "@dueline/secrets/secretFiles"
import { Clock, Data, Effect } from "effect"
import { join } from "node:path"
import { checkpointFile, type NoteSigner, signCheckpoint } from "./note.ts"
import { append, type Frontier, frontierOf, type Hash, hashBytes, hashesIn, rootOf, tileSize } from "./merkle.ts"

export interface SealerOptions {
  readonly store: TreeStore
  /** Asked for each checkpoint: the key may have been followed by another. */
  readonly signer: Effect.Effect<NoteSigner, PublishFailed>
  /** Leaves after which a checkpoint is signed, however young the last one is. */
  readonly every: number
  /** Keeps a checkpoint out of the database's reach. */
  readonly publish: (size: number, note: string) => Effect.Effect<void, PublishFailed>
}

/** A checkpoint could not be signed, or not be written where it is kept. */
export class PublishFailed extends Data.TaggedError("PublishFailed")<{ readonly detail: string }> {}

/** Leaves of each kind read at once: some tens of milliseconds of a connection. */
const pageSize = 2_048
/** Milliseconds between two looks: while there is more, while there is news, and at the most when there is none. */
const pausesMs = { more: 25, news: 1_000, none: 10_000 } as const
/** A checkpoint is signed once it is as old as this and there is more. */
export const dailyMs = 86_400_000
/** At a stop, for the last leaves and their checkpoint, in milliseconds. */
const lastMs = 3_000

/** Of the process that seals. */
export const leadership = { name: "audit", ttlMs: 10_000, extendMs: 3_000, retryMs: 3_000 }

const tilesOf = (size: number, hashes: Buffer, kinds: string): ReadonlyArray<TilePart> => {
  const parts: Array<TilePart> = []
  for (let done = 0; done < kinds.length; ) {
    const at = size + done
    const count = Math.min(tileSize - (at % tileSize), kinds.length - done)
    parts.push({
      tile: Math.floor(at / tileSize),
      hashes: hashes.toString("hex", done * hashBytes, (done + count) * hashBytes),
      kinds: kinds.slice(done, done + count)
    })
    done += count
  }
  return parts
}

export const makeSealer = Effect.fnUntraced(function* ({ every, publish, signer, store }: SealerOptions) {
  const { auditLag, auditSealed, auditUnsigned } = yield* Metrics
  const clock = yield* Clock.Clock
  /** As this process left it; null before its first look and after another has sealed. */
  let known: Frontier | null = null
  let from = "0"
  let tampered = false
  let signed: { readonly size: number; readonly at: number } | null = null
  /** When all there was had been sealed, and since when something is not signed; by this process's clock, null when it does not apply. */
  let caughtUpAt: number | null = null
  let unsignedSince: number | null = null
  const secondsSince = (at: number | null): number =>
    at === null ? 0 : Math.max(0, (clock.currentTimeMillisUnsafe() - at) / 1_000)
  auditLag.read = () => secondsSince(caughtUpAt)
  auditUnsigned.read = () => secondsSince(unsignedSince)

  /** The tree as the store has it; null when its peaks are not those of a tree, or not those that were written. */
  const trusted = (size: number, peaks: string): Frontier | null => {
    const stored = frontierOf(size, Buffer.from(peaks, "hex"))
    const same = known === null || known.size !== size || Buffer.concat(known.peaks).toString("hex") === peaks
    return same ? stored : null
  }

  const sign = Effect.fnUntraced(function* (tree: Frontier) {
    const at = clock.currentTimeMillisUnsafe()
    const note = signCheckpoint({ size: tree.size, root: rootOf(tree), at }, yield* signer)
    yield* publish(tree.size, note)
    yield* store.keepCheckpoint(tree.size, at, note)
    signed = { size: tree.size, at }
    unsignedSince = null
    yield* Effect.logInfo("audit checkpoint", { size: tree.size, root: rootOf(tree).toString("base64"), note })
  })

  /** Seals a page; says whether there may be more at once, and whether there was anything. `last`: a checkpoint is due if anything is new. */
  const round = Effect.fnUntraced(function* (last: boolean) {
    const now = yield* store.unsealed(from, pageSize)
    signed = now.signed
    const tree = trusted(now.size, now.peaks)
    if (tree === null) {
      yield* Effect.logError("the audit tree is not as it was left: nothing is sealed or signed until the next start")
      tampered = true
      return { more: false, news: false }
    }
    const hashes = Buffer.from(now.entries.hashes + now.events.hashes, "hex")
    const kinds = "a".repeat(now.entries.count) + "e".repeat(now.events.count)
    let grown = tree
    if (kinds.length > 0) {
      const leaves: ReadonlyArray<Hash> = hashesIn(hashes)
      grown = append(tree, leaves)
      const done = yield* store.seal({
        size: tree.size,
        to: grown.size,
        peaks: Buffer.concat(grown.peaks).toString("hex"),
        tiles: tilesOf(tree.size, hashes, kinds),
        entries: now.entries,
        events: now.events
      })
      if (!done) {
        // Somebody else has sealed it: their tree is looked at next.
        known = null
        from = "0"
        return { more: true, news: true }
      }
      auditSealed.add(leaves.length)
    }
    known = grown
    from = now.next
    const more = now.entries.count === pageSize || now.events.count === pageSize
    if (!more) caughtUpAt = clock.currentTimeMillisUnsafe()
    const unsigned = grown.size - (signed?.size ?? 0)
    unsignedSince = unsigned === 0 ? null : (signed?.at ?? unsignedSince ?? clock.currentTimeMillisUnsafe())
    const age = signed === null ? dailyMs : now.now - signed.at
    if (!more && unsigned > 0 && (last || unsigned >= every || age >= dailyMs)) yield* sign(grown)
    return { more, news: kinds.length > 0 }
  })

  /** Seals what is there, and signs it. */
  const finish = Effect.gen(function* () {
    while ((yield* round(true)).more);
    if (tampered) return yield* new PublishFailed({ detail: "the audit tree is not as it was left: verify it first" })
  })

  const loop = Effect.fnUntraced(function* (mayAct: () => boolean) {
    known = null
    from = "0"
    tampered = false
    caughtUpAt = clock.currentTimeMillisUnsafe()
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        caughtUpAt = null
        unsignedSince = null
      })
    )
    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => (tampered ? Effect.void : finish)).pipe(
        Effect.timeoutOption(lastMs),
        orLogged("warning", "the last audit entries are sealed at the next start")
      )
    )
    let pause: number = pausesMs.news
    for (;;) {
      const done = mayAct() ? yield* orLogged("warning", "the audit log could not be sealed")(round(false)) : undefined
      if (tampered) return yield* Effect.never
      if (done === undefined) pause = Math.min(pause * 2, pausesMs.none)
      else if (done.more) pause = pausesMs.more
      else pause = done.news ? pausesMs.news : Math.min(Math.max(pause, pausesMs.news) * 2, pausesMs.none)
      yield* Effect.sleep(pause)
    }
  })

  return { finish, loop, round }
})

/** Makes the folder where it is missing. A file is there whole or not at all. */
export const placeNote = async (folder: string, name: string, note: string): Promise<void> => {
  await makeFolder(folder, 0o755)
  await placeAnew(join(folder, name), note, 0o644)
}

export const publishTo = (folder: string) => (size: number, note: string) =>
  Effect.tryPromise({
    try: () => placeNote(folder, checkpointFile(size), note),
    catch: (error) =>
      new PublishFailed({
        detail: `the checkpoint cannot be written to ${folder} (DUELINE_AUDIT_CHECKPOINTS): ${error instanceof Error ? error.message : String(error)}`
      })
  })
