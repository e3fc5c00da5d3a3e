/** What `dueline audit` does. Verifying an export needs nothing but its files and the public key; everything else asks the database. */
import { publishTo } from "@dueline/audit/CheckpointFolder"
import { checkpointFile } from "@dueline/audit/checkpoint"
import { type NoteVerifier, readVerifier, verifierOf, verifierText } from "@dueline/audit/note"
import { makeSealer } from "@dueline/audit/Sealer"
import {
  checkpointsFolder as notesFolder,
  hashesFile,
  leavesFile,
  type Verdict,
  verifyExport
} from "@dueline/audit/verifyExport"
import { type AuditMark, type AuditOutcome, AuditTrail, installationTenant } from "@dueline/contracts/ports/AuditTrail"
import { parseInstant } from "@dueline/contracts/api/Wire"
import * as SealedLog from "@dueline/postgres/admin/SealedLog"
import * as PostgresAuditTrail from "@dueline/postgres/write/PostgresAuditTrail"
import * as SealedTree from "@dueline/postgres/write/SealedTree"
import { loadKeyFile } from "@dueline/secrets/KeyFile"
import { Clock, Console, Effect, Layer, References } from "effect"
import { existsSync } from "node:fs"
import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as Configuration from "../../Configuration.ts"
import { checkpointsFolder, homeAt } from "../../Home.ts"
import { auditSigner } from "../../InstallationKeys.ts"
import { openDatabase } from "../database/openDatabase.ts"
import { progressOf, rateOf } from "../database/readModels.ts"
import { localInstant, table } from "../format.ts"
import { CommandFailed, Ended, hint, JsonOutput, print, Shell } from "../Shell.ts"
import { tenantIdOf } from "../access/tokens.ts"
import { noted } from "./noteCommand.ts"
import { exportLeaves, verifySealed } from "./readSealed.ts"

const settingsOf = Effect.flatMap(Shell, ({ env }) => Configuration.read(env))

const stores = (settings: Configuration.Settings) =>
  Layer.mergeAll(SealedTree.layer, SealedLog.layer, PostgresAuditTrail.layer).pipe(
    Layer.provide(openDatabase(settings))
  )

/** Looking makes no key: one that nothing was signed with would only mislead. */
const signerOf = Effect.fnUntraced(function* (settings: Configuration.Settings) {
  const { vaultKeys } = homeAt(settings.DUELINE_HOME)
  if (!existsSync(vaultKeys)) {
    return yield* new CommandFailed({
      message: `There are no keys in ${vaultKeys}`,
      notes: ["set DUELINE_HOME to the home of the installation, or give the public key as --key"]
    })
  }
  return auditSigner((yield* loadKeyFile(vaultKeys)).signingMaster)
})

export const printKey = Effect.fnUntraced(function* () {
  const key = verifierText(verifierOf(yield* signerOf(yield* settingsOf)))
  yield* print({ key }, () => key)
  yield* hint(
    "whoever has it can verify checkpoints, and sign none: keep it where the database's owner cannot change it"
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

/** Seals what is committed and signs it; the size that is signed then. */
const signedNow = Effect.fnUntraced(function* (settings: Configuration.Settings) {
  const sealer = yield* makeSealer({
    store: yield* SealedTree.SealedTree,
    signer: yield* signerOf(settings),
    every: settings.DUELINE_AUDIT_EVERY,
    publish: publishTo(checkpointsFolder(settings))
  })
  // Standard output is the command's.
  yield* sealer.finish.pipe(
    Effect.provideService(References.MinimumLogLevel, "None"),
    Effect.catchTag("PublishFailed", ({ detail }) => new CommandFailed({ message: detail }))
  )
  const { notes, size } = yield* (yield* SealedLog.SealedLog).head
  const last = notes.at(-1)
  if (last !== undefined) return { size: last.size, note: last.note, notes }
  return yield* new CommandFailed({ message: size === 0 ? "There is nothing to sign yet" : "Nothing was signed" })
})

export const signCheckpoint = Effect.fnUntraced(function* () {
  const settings = yield* settingsOf
  const { note, size } = yield* Effect.provide(signedNow(settings), stores(settings))
  const file = join(checkpointsFolder(settings), checkpointFile(size))
  yield* print({ size, note, file }, () => note.trimEnd())
  yield* hint(`written to ${file}`)
})

const writing = <A>(what: string, write: () => Promise<A>) =>
  Effect.tryPromise({
    try: write,
    catch: (error) =>
      new CommandFailed({
        message: `${what} cannot be written: ${error instanceof Error ? error.message : String(error)}`
      })
  })

export const exportAudit = Effect.fnUntraced(function* ({ folder }: { readonly folder: string }) {
  const settings = yield* settingsOf
  const [leavesPath, hashesPath, notesPath] = [leavesFile, hashesFile, notesFolder].map((name) =>
    join(folder, name)
  ) as [string, string, string]
  if (existsSync(leavesPath)) {
    return yield* new CommandFailed({ message: `${folder} holds an export already`, notes: ["name another folder"] })
  }
  const work = Effect.gen(function* () {
    yield* noted({ action: "audit.export", resource: folder })
    const { notes, size } = yield* signedNow(settings)
    yield* writing(folder, async () => {
      await mkdir(notesPath, { recursive: true })
      for (const { note, size } of notes) await writeFile(join(notesPath, checkpointFile(size)), note)
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
        done += hashes.length / 32
        yield* progress(done)
      })
    )
    return size
  })
  const leaves = yield* Effect.provide(work, stores(settings))
  yield* print({ folder, leaves }, () => `${leaves} leaves in ${folder}`)
  yield* hint(`verify it with: dueline audit verify ${folder} --key "$(dueline audit key)"`)
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
    try: () => verifyExport({ folder, verifier, checkpoints }),
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
