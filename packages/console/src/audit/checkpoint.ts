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
