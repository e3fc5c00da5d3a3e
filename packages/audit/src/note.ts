/**
 * Signed notes as C2SP signed-note has them: a text, an empty line, and lines of signatures by named Ed25519 keys. Other keys may sign the
 * same note; whoever verifies looks for the one they know and passes over the rest.
 */
import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from "node:crypto"
import type { TreeHead } from "./merkle.ts"

/** Who signs: a name without spaces and plus signs, and a key. */
export interface NoteSigner {
  readonly name: string
  readonly privateKey: KeyObject
}

export interface NoteVerifier {
  readonly name: string
  readonly publicKey: KeyObject
}

/** The algorithm's number in key ids and verifier keys. */
const ed25519 = 1
const idBytes = 4
const signatureBytes = 64
const keyBytes = 32

/** PKCS 8 and SubjectPublicKeyInfo of Ed25519 (RFC 8410), up to the 32 bytes that differ. */
const privateHead = Buffer.from("302e020100300506032b657004220420", "hex")
const publicHead = Buffer.from("302a300506032b6570032100", "hex")

/** The same key for the same 32 secret bytes. */
export const signerOf = (name: string, seed: Uint8Array): NoteSigner => ({
  name,
  privateKey: createPrivateKey({ key: Buffer.concat([privateHead, seed]), format: "der", type: "pkcs8" })
})

export const verifierOf = ({ name, privateKey }: NoteSigner): NoteVerifier => ({
  name,
  publicKey: createPublicKey(privateKey)
})

/** The same under a name that says which key it is. */
export const signerNamedByKey = (prefix: string, seed: Uint8Array): NoteSigner => {
  const { privateKey } = signerOf(prefix, seed)
  const print = hash("sha256", rawKey(createPublicKey(privateKey)), "buffer").toString("hex", 0, 6)
  return { name: `${prefix}-${print}`, privateKey }
}

const rawKey = (key: KeyObject): Buffer => key.export({ format: "der", type: "spki" }).subarray(-keyBytes)

const typed = (key: KeyObject): Buffer => Buffer.concat([Buffer.of(ed25519), rawKey(key)])

const keyId = ({ name, publicKey }: NoteVerifier): Buffer =>
  hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), typed(publicKey)]), "buffer").subarray(0, idBytes)

/** `name+hash+key` in one line, as verifiers are given it. */
export const verifierText = (verifier: NoteVerifier): string =>
  `${verifier.name}+${keyId(verifier).toString("hex")}+${typed(verifier.publicKey).toString("base64")}`

/** Null unless it is exactly what `verifierText` writes. */
export const readVerifier = (text: string): NoteVerifier | null => {
  const [, name = "", , base64 = ""] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/u.exec(text.trim()) ?? []
  const bytes = Buffer.from(base64, "base64")
  if (bytes.length !== keyBytes + 1 || bytes[0] !== ed25519) return null
  const key = Buffer.concat([publicHead, bytes.subarray(1)])
  const verifier = { name, publicKey: createPublicKey({ key, format: "der", type: "spki" }) }
  return verifierText(verifier) === text.trim() ? verifier : null
}

const dash = "\u2014"

const signatureLine = (text: string, signer: NoteSigner): string => {
  const signature = Buffer.concat([keyId(verifierOf(signer)), sign(null, Buffer.from(text), signer.privateKey)])
  return `${dash} ${signer.name} ${signature.toString("base64")}\n`
}

/** `text` ends with a line feed and has no empty line. */
export const signNote = (text: string, signer: NoteSigner): string => `${text}\n${signatureLine(text, signer)}`

/** The same note with the signature of another key too. */
export const countersign = (note: string, signer: NoteSigner): string =>
  note + signatureLine(note.slice(0, note.lastIndexOf("\n\n") + 1), signer)

/** Null unless it is the only spelling of its bytes. */
export const strictBase64 = (text: string): Buffer | null => {
  const bytes = Buffer.from(text, "base64")
  return bytes.toString("base64") === text ? bytes : null
}

/** The text of a note that this key has signed; null when it has not. */
export const openNote = (note: string, verifier: NoteVerifier): string | null => {
  const end = note.lastIndexOf("\n\n")
  if (end < 0 || !note.endsWith("\n")) return null
  const text = note.slice(0, end + 1)
  const id = keyId(verifier)
  const lines = note.slice(end + 2, -1).split("\n")
  const isSigned = lines.some((line) => {
    const [mark, name, base64, ...more] = line.split(" ")
    const bytes = strictBase64(base64 ?? "")
    if (mark !== dash || name !== verifier.name || more.length > 0 || bytes === null) return false
    if (bytes.length !== idBytes + signatureBytes || !bytes.subarray(0, idBytes).equals(id)) return false
    return verify(null, Buffer.from(text), verifier.publicKey, bytes.subarray(idBytes))
  })
  return isSigned ? text : null
}

/**
 * What is signed of a tree at one moment, as C2SP tlog-checkpoint has it: whose log, how many leaves, their root; below that a line of ours
 * with the time.
 */
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
