/**
 * What is signed of a tree at one moment, as C2SP tlog-checkpoint has it: whose log, how many leaves, their root; below that a line of ours
 * with the time.
 */
import type { TreeHead } from "./merkle.ts"
import { type NoteSigner, type NoteVerifier, openNote, signNote, strictBase64 } from "./note.ts"

export interface Checkpoint extends TreeHead {
  /** Epoch milliseconds, by the clock of whoever signed. */
  readonly at: number
}

export const signCheckpoint = ({ at, root, size }: Checkpoint, signer: NoteSigner): string =>
  signNote(`${signer.name}\n${size}\n${root.toString("base64")}\nsigned at ${new Date(at).toISOString()}\n`, signer)

const form = /^(\S+)\n(0|[1-9]\d{0,14})\n(\S+)\nsigned at (\S+)\n$/u

/** Null when this key has not signed it, or it is not about the log of that name. */
export const openCheckpoint = (note: string, verifier: NoteVerifier): Checkpoint | null => {
  const [, origin, size, base64 = "", at = ""] = form.exec(openNote(note, verifier) ?? "") ?? []
  const root = strictBase64(base64)
  if (origin !== verifier.name || root === null || root.length !== 32 || Number.isNaN(Date.parse(at))) return null
  return { size: Number(size), root, at: Date.parse(at) }
}

/** In a folder they lie in the order of their sizes. */
export const checkpointFile = (size: number): string => `${String(size).padStart(15, "0")}.txt`
