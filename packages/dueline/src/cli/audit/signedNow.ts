/** What the commands of the audit log have in common: the settings, the stores, and that all that is committed is signed. */
import type { NoteSigner } from "@dueline/audit/note"
import * as SealedLog from "@dueline/postgres/admin/SealedLog"
import * as PostgresAuditTrail from "@dueline/postgres/write/PostgresAuditTrail"
import * as SealedTree from "@dueline/postgres/write/SealedTree"
import { Effect, Layer, References } from "effect"
import * as Configuration from "../../Configuration.ts"
import { makeInstallationSealer } from "../../InstallationKeys.ts"
import { openDatabase } from "../database/openDatabase.ts"
import { CommandFailed, Shell } from "../Shell.ts"

export const settingsOf = Effect.flatMap(Shell, ({ env }) => Configuration.read(env))

export const stores = (settings: Configuration.Settings) =>
  Layer.mergeAll(SealedTree.layer, SealedLog.layer, PostgresAuditTrail.layer).pipe(
    Layer.provide(openDatabase(settings))
  )

/** Seals what is committed and signs it; the size that is signed then. */
export const signedNow = Effect.fnUntraced(function* (settings: Configuration.Settings, signer: NoteSigner) {
  const sealer = yield* makeInstallationSealer(settings, Effect.succeed(signer))
  // Standard output is the command's.
  yield* sealer.finish.pipe(
    Effect.provideService(References.MinimumLogLevel, "None"),
    Effect.catchTag("PublishFailed", ({ detail }) => new CommandFailed({ message: detail }))
  )
  const { notes, size, successions } = yield* (yield* SealedLog.SealedLog).head
  const last = notes.at(-1)
  if (last !== undefined) return { size: last.size, note: last.note, notes, successions }
  return yield* new CommandFailed({ message: size === 0 ? "There is nothing to sign yet" : "Nothing was signed" })
})
