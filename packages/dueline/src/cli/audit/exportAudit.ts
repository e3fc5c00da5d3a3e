/** `dueline audit export`: all that was sealed, or one tenant's leaves with proofs. */
import { hashBytes, leafHash } from "@dueline/audit/merkle"
import { headLine, isOf, makeProver, proofsFile, provedLine } from "@dueline/audit/proofs"
import { checkpointsFolder as notesFolder, hashesFile, leavesFile } from "@dueline/audit/verifyExport"
import type { TenantId } from "@dueline/contracts/Ids"
import { Effect } from "effect"
import { appendFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { tenantIdOf } from "../access/tokens.ts"
import { progressOf } from "../database/readModels.ts"
import { CommandFailed, hint, print, usage } from "../Shell.ts"
import { exportNotes, signedWithSuccessions, signerOf } from "./auditKeys.ts"
import { noted } from "./noteCommand.ts"
import { exportLeaves, sealedHashes } from "./readSealed.ts"
import { intoNewFolder, writing } from "../destination.ts"
import { settingsOf, stores } from "./signedNow.ts"

export interface ExportInput {
  readonly folder: string
  readonly tenant: string | undefined
  readonly proofs: boolean
}

export const exportAudit = Effect.fnUntraced(function* ({ folder, proofs, tenant }: ExportInput) {
  if (proofs !== (tenant !== undefined))
    return yield* usage("One tenant's leaves are exported with proofs: say --tenant NAME --proofs, or neither")
  return yield* tenant === undefined ? exportAll(folder) : exportTenant(folder, tenantIdOf(tenant))
})

/** Each leaf is what was sealed, in its place: proofs of others would prove nothing. */
const exportTenant = Effect.fnUntraced(function* (folder: string, tenantId: TenantId) {
  const settings = yield* settingsOf
  const path = join(folder, proofsFile)
  const work = Effect.gen(function* () {
    yield* noted({ action: "audit.export", resource: folder, tenantId })
    const { notes, size } = yield* signedWithSuccessions(settings, yield* signerOf(settings))
    yield* exportNotes(
      settings,
      notes.filter((one) => one.size === size),
      join(folder, notesFolder)
    )
    const hashes = yield* sealedHashes(size)
    const proofOf = makeProver(hashes)
    yield* writing(folder, () => writeFile(path, `${headLine({ tenant: tenantId, size })}\n`))
    const progress = yield* progressOf(size)
    let [done, leaves] = [0, 0]
    yield* exportLeaves(
      size,
      Effect.fnUntraced(function* (lines: string, sealed: Buffer) {
        let text = ""
        for (const [n, leaf] of lines.split("\n").slice(0, -1).entries()) {
          if (!isOf(leaf, tenantId)) continue
          const at = done + n
          if (!leafHash(Buffer.from(leaf)).equals(hashes.subarray(at * hashBytes, (at + 1) * hashBytes)))
            return yield* new CommandFailed({
              message: `leaf ${at} is not what was sealed, or not there`,
              notes: ["`dueline audit verify` says what was changed"]
            })
          text += `${provedLine(at, leaf, proofOf(at))}\n`
          leaves += 1
        }
        yield* writing(folder, () => appendFile(path, text))
        done += sealed.length / hashBytes
        yield* progress(done)
      })
    )
    return leaves
  })
  const leaves = yield* intoNewFolder(folder, Effect.provide(work, stores(settings)))
  yield* print({ folder, tenantId, leaves }, () => `${leaves} leaves of ${tenantId} in ${folder}`)
  yield* hint(
    `verify it with: dueline audit verify ${folder} --key "$(dueline audit key)"; it proves that each is true, not that none is left out`
  )
})

const exportAll = Effect.fnUntraced(function* (folder: string) {
  const settings = yield* settingsOf
  const leavesPath = join(folder, leavesFile)
  const hashesPath = join(folder, hashesFile)
  const work = Effect.gen(function* () {
    yield* noted({ action: "audit.export", resource: folder })
    const { notes, size } = yield* signedWithSuccessions(settings, yield* signerOf(settings))
    yield* exportNotes(settings, notes, join(folder, notesFolder))
    yield* writing(folder, async () => {
      await writeFile(leavesPath, "")
      await writeFile(hashesPath, "")
    })
    const progress = yield* progressOf(size)
    let done = 0
    yield* exportLeaves(
      size,
      Effect.fnUntraced(function* (lines: string, hashes: Buffer) {
        yield* writing(folder, async () => {
          await appendFile(leavesPath, lines)
          await appendFile(hashesPath, hashes)
        })
        done += hashes.length / hashBytes
        yield* progress(done)
      })
    )
    return size
  })
  const leaves = yield* intoNewFolder(folder, Effect.provide(work, stores(settings)))
  yield* print({ folder, leaves }, () => `${leaves} leaves in ${folder}`)
  yield* hint(`verify it with: dueline audit verify ${folder} --key "$(dueline audit key)"`)
})
