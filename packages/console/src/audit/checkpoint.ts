/** Checkpoints as C2SP has them, verified by this browser: a signed note of the log's name, its size, its root and the time. */
import { type Bytes, bytesOf, isSame, sha256, utf8 } from "./tree.ts"

export interface Checkpoint {
  readonly origin: string
  readonly size: number
  readonly root: Bytes
  readonly at: string
}

export interface PublicKey {
  readonly name: string
  /** The line that it was read from. */
  readonly text: string
  readonly key: CryptoKey
  readonly id: Bytes
}

const ed25519 = 1
const idBytes = 4

/** A line as `dueline audit key` prints it; null for any other text. */
export const readKey = async (text: string): Promise<PublicKey | null> => {
  const [, name = "", hex = "", base64 = ""] = /^([^\s+]+)\+([0-9a-f]{8})\+([\w+/]+=*)$/u.exec(text.trim()) ?? []
  if (name === "") return null
  try {
    const typed = bytesOf(base64)
    if (typed.length !== 33 || typed[0] !== ed25519) return null
    const id = (await sha256(Uint8Array.of(...utf8(`${name}\n`), ...typed))).slice(0, idBytes)
    if (Array.from(id, (byte) => byte.toString(16).padStart(2, "0")).join("") !== hex) return null
    return {
      name,
      id,
      text: text.trim(),
      key: await crypto.subtle.importKey("raw", typed.slice(1), "Ed25519", false, ["verify"])
    }
  } catch {
    return null
  }
}

const form = /^(\S+)\n(0|[1-9]\d{0,14})\n(\S+)\nsigned at (\S+)\n\n/u

export const readCheckpoint = (note: string): Checkpoint | null => {
  const [, origin = "", size, root = "", at = ""] = form.exec(note) ?? []
  try {
    const bytes = bytesOf(root)
    return bytes.length === 32 ? { origin, size: Number(size), root: bytes, at } : null
  } catch {
    return null
  }
}

/** Whether this key signed the note; lines of other keys are passed over. */
export const isSignedBy = async (note: string, { id, key, name }: PublicKey): Promise<boolean> => {
  const end = note.lastIndexOf("\n\n")
  const text = utf8(note.slice(0, end + 1))
  for (const line of note.slice(end + 2).split("\n")) {
    const [mark, signer, base64 = ""] = line.split(" ")
    if (mark !== "\u2014" || signer !== name) continue
    try {
      const bytes = bytesOf(base64)
      if (!isSame(bytes.slice(0, idBytes), id)) continue
      if (await crypto.subtle.verify("Ed25519", key, bytes.slice(idBytes), text)) return true
    } catch {
      // Not even base64: no signature.
    }
  }
  return false
}

/**
 * Keys that checkpoints may be signed with, as `dueline audit verify` has them: that one follows another is a note that both have signed, with the
 * size of the tree then. Whoever trusts one of them trusts the other, and the earlier one for no larger tree.
 */
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

const successionForm = /^dueline-audit\/succession\n(\S+)\n(\S+)\n(0|[1-9]\d{0,14})\n\S+\nsigned at \S+\n\n/u

/** Null unless both keys that it names have signed it. */
const readSuccession = async (note: string): Promise<Succession | null> => {
  const [, first = "", second = "", size] = successionForm.exec(note) ?? []
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
