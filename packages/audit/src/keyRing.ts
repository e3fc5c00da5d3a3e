/**
 * Keys that checkpoints may be signed with, one after the other. That a key follows another is a note that both have signed, with the tree as it
 * was then: whoever trusts one of them trusts the other, and nothing larger than that tree is believed of the earlier one.
 */
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import {
  type Checkpoint,
  countersign,
  type NoteSigner,
  type NoteVerifier,
  openCheckpoint,
  openNote,
  readVerifier,
  signNote,
  strictBase64,
  verifierOf,
  verifierText
} from "./note.ts"
import type { TreeHead } from "./merkle.ts"

export interface Succession extends TreeHead {
  readonly from: NoteVerifier
  readonly to: NoteVerifier
  /** Epoch milliseconds. */
  readonly at: number
  readonly note: string
}

const head = "dueline-audit/succession"

export const signSuccession = (
  { at, root, size }: TreeHead & { readonly at: number },
  from: NoteSigner,
  to: NoteSigner
): string =>
  countersign(
    signNote(
      `${head}\n${verifierText(verifierOf(from))}\n${verifierText(verifierOf(to))}\n${size}\n${root.toString("base64")}\nsigned at ${new Date(at).toISOString()}\n`,
      from
    ),
    to
  )

const form = /^dueline-audit\/succession\n(\S+)\n(\S+)\n(0|[1-9]\d{0,14})\n(\S+)\nsigned at (\S+)\n/u

/** Null unless both keys that it names have signed it. */
export const openSuccession = (note: string): Succession | null => {
  const [, first = "", second = "", size, base64 = "", at = ""] = form.exec(note) ?? []
  const [from, to, root] = [readVerifier(first), readVerifier(second), strictBase64(base64)]
  if (from === null || to === null || root?.length !== 32 || Number.isNaN(Date.parse(at))) return null
  if (openNote(note, from) === null || openNote(note, to) === null) return null
  return { from, to, size: Number(size), root, at: Date.parse(at), note }
}

interface TrustedKey {
  readonly verifier: NoteVerifier
  /** The largest tree that it may have signed; infinite of the latest key. */
  readonly until: number
}

export interface KeyRing {
  readonly keys: ReadonlyArray<TrustedKey>
  /** Of the successions between them: what was signed there of the tree. */
  readonly heads: ReadonlyArray<Checkpoint>
  /** Names of keys that more than one key follows: who has such a key has signed for somebody else. */
  readonly forked: ReadonlyArray<string>
}

/** All keys that are reached from the trusted one, forwards and backwards. */
export const ringOf = (trusted: NoteVerifier, successions: ReadonlyArray<Succession>): KeyRing => {
  const known = new Map([[verifierText(trusted), trusted]])
  for (let grew = true; grew; ) {
    grew = false
    for (const { from, to } of successions) {
      for (const [one, other] of [
        [from, to],
        [to, from]
      ] as const) {
        if (!known.has(verifierText(one)) || known.has(verifierText(other))) continue
        known.set(verifierText(other), other)
        grew = true
      }
    }
  }
  const links = successions.filter(({ from }) => known.has(verifierText(from)))
  const following = (text: string) => links.filter(({ from }) => verifierText(from) === text)
  return {
    keys: [...known].map(([text, verifier]) => ({
      verifier,
      until: Math.min(Infinity, ...following(text).map(({ size }) => size))
    })),
    heads: links.map(({ at, root, size }) => ({ at, root, size })),
    forked: [...known].flatMap(([text, { name }]) =>
      new Set(following(text).map(({ to }) => verifierText(to))).size > 1 ? [name] : []
    )
  }
}

/** Null when none of the keys has signed it, or only one that was followed by another before the tree was as large. */
export const openByRing = (note: string, { keys }: KeyRing): Checkpoint | null => {
  for (const { until, verifier } of keys) {
    const checkpoint = openCheckpoint(note, verifier)
    if (checkpoint !== null && checkpoint.size <= until) return checkpoint
  }
  return null
}

/** Beside checkpoints, in the order in which keys followed each other. */
const extension = ".key"

export const successionFile = ({
  size,
  to
}: {
  readonly size: number
  readonly to: { readonly name: string }
}): string => `${String(size).padStart(15, "0")}-${to.name}${extension}`

/** Names of those in a folder; a folder that is not there has none. */
export const successionFiles = async (folder: string): Promise<ReadonlyArray<string>> => {
  const names = await readdir(folder).catch((): ReadonlyArray<string> => [])
  return names.filter((name) => name.endsWith(extension))
}

/** Those of a folder that both keys have signed. */
export const readSuccessions = async (folder: string): Promise<ReadonlyArray<Succession>> => {
  const names = await successionFiles(folder)
  const notes = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")))
  return notes.flatMap((note) => openSuccession(note) ?? [])
}
