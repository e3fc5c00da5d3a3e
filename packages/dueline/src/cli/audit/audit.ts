/** What `dueline audit` does. Verifying an export needs nothing but its files and the public key; everything else asks the database. */
import { checkpointFile, type NoteVerifier, readVerifier, verifierOf, verifierText } from "@dueline/audit/note"
import { type Verdict, verifyExport } from "@dueline/audit/verifyExport"
import { holdsProofs, verifyProofs } from "@dueline/audit/proofs"
import {
  type AuditMark,
  type AuditOrder,
  type AuditOutcome,
  AuditTrail,
  installationTenant
} from "@dueline/contracts/ports/AuditTrail"
import { parseInstant } from "@dueline/contracts/api/Wire"
import * as SealedLog from "@dueline/postgres/admin/SealedLog"
import { addAuditSeed } from "@dueline/secrets/KeyFile"
import { Clock, Console, Effect } from "effect"
import { existsSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import type * as Configuration from "../../Configuration.ts"
import { checkpointsFolder, homeAt } from "../../Home.ts"
import { progressOf, rateOf } from "../database/readModels.ts"
import { localInstant, table } from "../format.ts"
import { CommandFailed, Ended, hint, JsonOutput, print, Shell } from "../Shell.ts"
import { tenantIdOf } from "../access/tokens.ts"
import { signedWithSuccessions, signerOf } from "./auditKeys.ts"
import { noted } from "./noteCommand.ts"
import { verifySealed } from "./readSealed.ts"
import { writing } from "../destination.ts"
import { settingsOf, stores } from "./signedNow.ts"

export const printKey = Effect.fnUntraced(function* () {
  const key = verifierText(verifierOf(yield* signerOf(yield* settingsOf)))
  yield* print({ key }, () => key)
  yield* hint(
    "whoever has it can verify checkpoints, and sign none: keep it where the database's owner cannot change it"
  )
})

/** Another key follows, from now on in every process that has it; what the earlier ones signed stays signed. */
export const rotateKey = Effect.fnUntraced(function* () {
  const settings = yield* settingsOf
  const from = yield* signerOf(settings)
  const { auditKeys } = homeAt(settings.DUELINE_HOME)
  const work = Effect.gen(function* () {
    yield* writing(auditKeys, () => addAuditSeed(auditKeys))
    yield* noted({ action: "audit.key.rotate", resource: (yield* signerOf(settings)).name })
    // The last that the earlier key signs: nothing larger is believed of it.
    yield* signedWithSuccessions(settings, from)
  })
  yield* Effect.provide(work, stores(settings))
  const key = verifierText(verifierOf(yield* signerOf(settings)))
  yield* print({ key, before: verifierText(verifierOf(from)) }, () => key)
  yield* hint(
    `processes with another home need a copy of ${auditKeys} now; whoever verifies with the earlier key follows from it to this one by the files *.key in ${checkpointsFolder(settings)}`
  )
})

// What was done and refused.

export interface ListInput {
  readonly tenant: string
  readonly installation: boolean
  readonly actor: string | undefined
  readonly resource: string | undefined
  readonly outcome: AuditOutcome | undefined
  readonly correlation: string | undefined
  readonly from: string | undefined
  readonly to: string | undefined
  readonly order: AuditOrder
  readonly limit: number
}

export const listAudit = Effect.fnUntraced(function* (input: ListInput) {
  const { offsetMinutes } = yield* Shell
  const settings = yield* settingsOf
  const filter = {
    tenantId: input.installation ? installationTenant : tenantIdOf(input.tenant),
    actor: input.actor,
    resource: input.resource,
    outcome: input.outcome,
    order: input.order,
    correlationId: input.correlation,
    from: input.from === undefined ? undefined : parseInstant(input.from, "up"),
    to: input.to === undefined ? undefined : parseInstant(input.to, "up")
  }
  const items = yield* Effect.gen(function* () {
    const { list } = yield* AuditTrail
    const found: Array<Effect.Success<ReturnType<typeof list>>["items"][number]> = []
    let after: AuditMark | null = null
    do {
      const page: Effect.Success<ReturnType<typeof list>> = yield* list({
        ...filter,
        after,
        limit: Math.min(200, input.limit - found.length)
      })
      found.push(...page.items)
      after = page.next
    } while (after !== null && found.length < input.limit)
    return found
  }).pipe(Effect.provide(stores(settings)))
  yield* print({ items: items.map((item) => ({ ...item, at: localInstant(item.at, 0) })) }, () =>
    items.length === 0
      ? "nothing"
      : table([
          ["AT", "ACTOR", "ACTION", "RESOURCE", "OUTCOME", "CORRELATION"],
          ...items.map(({ action, actor, at, code, correlationId, count, outcome, resource }) => [
            localInstant(at, offsetMinutes(at)),
            actor.id,
            action,
            resource ?? "-",
            [outcome, ...(code === null ? [] : [code]), ...(count === 1 ? [] : [`× ${count}`])].join(" "),
            correlationId
          ])
        ])
  )
})

export const signCheckpoint = Effect.fnUntraced(function* () {
  const settings = yield* settingsOf
  const signed = signedWithSuccessions(settings, yield* signerOf(settings))
  const { note, size } = yield* Effect.provide(signed, stores(settings))
  const file = join(checkpointsFolder(settings), checkpointFile(size))
  yield* print({ size, note, file }, () => note.trimEnd())
  yield* hint(`written to ${file}`)
})

// Verification.

export interface VerifyInput {
  readonly folder: string | undefined
  readonly checkpoints: string | undefined
  readonly key: string | undefined
}

/** The key as it was given, or in a file of that name; else that of the home. */
const verifierIn = Effect.fnUntraced(function* (given: string | undefined, settings: Configuration.Settings) {
  if (given === undefined) return verifierOf(yield* signerOf(settings))
  const text =
    readVerifier(given) === null && existsSync(given) ? yield* Effect.promise(() => readFile(given, "utf8")) : given
  const verifier = readVerifier(text)
  if (verifier !== null) return verifier
  return yield* new CommandFailed({
    message: `${JSON.stringify(given)} is no public key, nor a file that holds one`,
    notes: ["print it with `dueline audit key` where the program runs"],
    exitCode: 2
  })
})

const rangeWords = (ranges: Verdict["removed"]): string =>
  ranges.map(({ from, to }) => (to === from + 1 ? `${from}` : `${from} to ${to - 1}`)).join(", ")

const wordsOf = ({ findings, leaves, removed, signed }: Verdict, rate: string): string =>
  [
    ...(findings.length === 0 ? [`all is as it was sealed: ${leaves} leaves, ${rate}`] : []),
    ...(signed === null ? [] : [`signed: the first ${signed.size}, at ${localInstant(signed.at, 0)}`]),
    ...(removed.length === 0 ? [] : [`removed, kept long enough or of deleted tenants: ${rangeWords(removed)}`]),
    ...(findings.length === 0
      ? []
      : [
          table([
            ["WHERE", "LEAF", "FOUND"],
            ...findings.map(({ leaf, what, where }) => [where, String(leaf ?? "-"), what])
          ])
        ])
  ].join("\n")

const verifyFolder = (folder: string, verifier: NoteVerifier, checkpoints: string | undefined) =>
  Effect.tryPromise({
    try: () => (holdsProofs(folder) ? verifyProofs : verifyExport)({ folder, verifier, checkpoints }),
    catch: (error) =>
      new CommandFailed({
        message: `${folder} cannot be read: ${error instanceof Error ? error.message : String(error)}`
      })
  })

const verifyDatabase = Effect.fnUntraced(function* (
  settings: Configuration.Settings,
  verifier: NoteVerifier,
  checkpoints: string | undefined
) {
  const work = Effect.gen(function* () {
    const { size } = yield* (yield* SealedLog.SealedLog).head
    const progress = yield* progressOf(size)
    let done = 0
    return yield* verifySealed(checkpoints ?? checkpointsFolder(settings), verifier, (leaves) => {
      done += leaves
      return progress(done)
    })
  })
  return yield* Effect.provide(work, stores(settings))
})

export const verifyAudit = Effect.fnUntraced(function* ({ checkpoints, folder, key }: VerifyInput) {
  const settings = yield* settingsOf
  const verifier = yield* verifierIn(key, settings)
  const begun = yield* Clock.currentTimeMillis
  const verdict = yield* folder === undefined
    ? verifyDatabase(settings, verifier, checkpoints)
    : verifyFolder(folder, verifier, checkpoints)
  const rate = rateOf(verdict.leaves, (yield* Clock.currentTimeMillis) - begun)
  const ok = verdict.findings.length === 0
  yield* print({ ok, ...verdict }, () => wordsOf(verdict, rate))
  if (
    ok &&
    folder === undefined &&
    verdict.signed !== null &&
    verdict.signed.size < verdict.leaves &&
    !(yield* JsonOutput)
  )
    yield* Console.error(
      `the last ${verdict.leaves - verdict.signed.size} leaves are not signed yet: dueline audit checkpoint`
    )
  if (!ok) return yield* new Ended({ exitCode: 1 })
})
