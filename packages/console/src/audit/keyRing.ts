/**
 * Keys that checkpoints may be signed with, as `dueline audit verify` has them: that one follows another is a note that both have signed, with the
 * size of the tree then. Whoever trusts one of them trusts the other, and the earlier one for no larger tree.
 */
import { isSignedBy, type PublicKey, readCheckpoint, readKey } from "./checkpoint.ts"

interface Succession {
  readonly from: PublicKey
  readonly to: PublicKey
  readonly size: number
}

export interface KeyRing {
  /** `until`: the largest tree that it may have signed; infinite of the latest. */
  readonly keys: ReadonlyArray<{ readonly key: PublicKey; readonly until: number }>
  /** The name of one that two keys follow: who has it has signed for somebody else. Null where all is well. */
  readonly forked: string | null
  /** What the one that is trusted comes to. */
  readonly latest: PublicKey
}

const form = /^dueline-audit\/succession\n(\S+)\n(\S+)\n(0|[1-9]\d{0,14})\n\S+\nsigned at \S+\n\n/u

/** Null unless both keys that it names have signed it. */
const readSuccession = async (note: string): Promise<Succession | null> => {
  const [, first = "", second = "", size] = form.exec(note) ?? []
  const [from, to] = await Promise.all([readKey(first), readKey(second)])
  if (from === null || to === null) return null
  const signed = await Promise.all([isSignedBy(note, from), isSignedBy(note, to)])
  return signed.every(Boolean) ? { from, to, size: Number(size) } : null
}

/** All keys that are reached from the trusted one, forwards and backwards. */
export const ringOf = async (trusted: PublicKey, notes: ReadonlyArray<string>): Promise<KeyRing> => {
  const links = (await Promise.all(notes.map(readSuccession))).filter((link) => link !== null)
  const known = new Map([[trusted.text, trusted]])
  for (let before = 0; before < known.size; ) {
    before = known.size
    for (const { from, to } of links) {
      if (known.has(from.text)) known.set(to.text, to)
      else if (known.has(to.text)) known.set(from.text, from)
    }
  }
  const following = ({ text }: PublicKey) => links.filter(({ from }) => from.text === text)
  const keys = [...known.values()].map((key) => ({
    key,
    until: Math.min(Infinity, ...following(key).map(({ size }) => size))
  }))
  const forked = keys.find(({ key }) => new Set(following(key).map(({ to }) => to.text)).size > 1)
  return {
    keys,
    forked: forked?.key.name ?? null,
    latest: keys.find(({ until }) => until === Infinity)?.key ?? trusted
  }
}

/** Whether one of them has signed the checkpoint while it was the key. */
export const isSignedByRing = async (note: string, { keys }: KeyRing): Promise<boolean> => {
  const checkpoint = readCheckpoint(note)
  if (checkpoint === null) return false
  const signed = await Promise.all(
    keys.map(async ({ key, until }) => checkpoint.size <= until && (await isSignedBy(note, key)))
  )
  return signed.some(Boolean)
}
