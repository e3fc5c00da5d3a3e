/** `dueline audit key` and `audit key rotate`: which key checkpoints are signed with, and that another one follows it. */
import { placeNote, type PublishFailed } from "@dueline/audit/Sealer"
import { checkpointFile, type NoteSigner, openCheckpoint, verifierOf, verifierText } from "@dueline/audit/note"
import { readSuccessions, signSuccession, successionFile, successionFiles } from "@dueline/audit/keyRing"
import { type SealedHead, SealedLog } from "@dueline/postgres/admin/SealedLog"
import { loadKeyFile } from "@dueline/secrets/KeyFile"
import { Effect } from "effect"
import { copyFile, mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { auditSigners, latestOf } from "../../InstallationKeys.ts"
import type { Settings } from "../../Configuration.ts"
import { checkpointsFolder, homeAt } from "../../Home.ts"
import { keysOfHome } from "../keysOfHome.ts"
import { CommandFailed } from "../Shell.ts"
import { writing } from "../destination.ts"
import { signedNow } from "./signedNow.ts"

const inWords = ({ detail }: PublishFailed) => new CommandFailed({ message: detail })

const signersOf = Effect.fnUntraced(function* (settings: Settings) {
  const vaultKeys = yield* keysOfHome(
    settings,
    "set DUELINE_HOME to the home of the installation, or give the public key as --key"
  )
  const { signingMaster } = yield* loadKeyFile(vaultKeys)
  return yield* Effect.mapError(auditSigners(signingMaster, homeAt(settings.DUELINE_HOME).auditKeys), inWords)
})

export const signerOf = (settings: Settings) => Effect.map(signersOf(settings), latestOf)

/**
 * Publishes beside the checkpoints, and in the database for whoever asks over HTTP, that each key was followed by the next, where it is not said there
 * yet: with the largest tree that the earlier one has signed. Cut short, it is done by whoever comes next.
 */
const publishSuccessions = Effect.fnUntraced(function* (
  settings: Settings,
  head: Pick<SealedHead, "notes" | "successions">
) {
  const signers = yield* signersOf(settings)
  const folder = checkpointsFolder(settings)
  const { keepSuccession } = yield* SealedLog
  const there = yield* Effect.promise(() => readSuccessions(folder))
  for (const [n, to] of signers.entries()) {
    const from = signers[n - 1]
    if (from === undefined) continue
    const name = verifierText(verifierOf(to))
    const published = there.find((one) => verifierText(one.to) === name)
    if (published !== undefined) {
      if (!head.successions.includes(published.note)) yield* keepSuccession(name, published.note)
      continue
    }
    const signed = head.notes.flatMap(({ note }) => openCheckpoint(note, verifierOf(from)) ?? [])
    const last = signed.toSorted((a, b) => b.size - a.size)[0]
    if (last === undefined) continue
    const note = signSuccession(last, from, to)
    yield* writing(folder, () => placeNote(folder, successionFile({ size: last.size, to }), note))
    yield* keepSuccession(name, note)
  }
})

/** Signs all that is committed, and publishes how the keys followed each other. */
export const signedWithSuccessions = Effect.fnUntraced(function* (settings: Settings, signer: NoteSigner) {
  const signed = yield* signedNow(settings, signer)
  yield* publishSuccessions(settings, signed)
  return signed
})

/** Into an export: checkpoints of the database, and the successions of the home's folder. */
export const exportNotes = (settings: Settings, notes: SealedHead["notes"], into: string) =>
  writing(into, async () => {
    await mkdir(into)
    for (const { note, size } of notes) await writeFile(join(into, checkpointFile(size)), note)
    const folder = checkpointsFolder(settings)
    for (const name of await successionFiles(folder)) await copyFile(join(folder, name), join(into, name))
  })
