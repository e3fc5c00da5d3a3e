/**
 * The keys of an installation whose database is a server's: every process has the same ones, from the same files. They are made once,
 * for a database that nothing was sealed for yet; a process that finds none beside a used one does not make others.
 */
import { loadKeyFile } from "@dueline/execution/KeyFile"
import * as SigningKeys from "@dueline/identity/SigningKeys"
import { Database } from "@dueline/postgres/Database"
import { Effect, Layer, Schema } from "effect"
import { existsSync } from "node:fs"
import type { Settings } from "./Configuration.ts"
import { homeAt } from "./Home.ts"

export class SharedKeysMissing extends Schema.TaggedError<SharedKeysMissing>()("SharedKeysMissing", {
  file: Schema.String
}) {
  override get message(): string {
    return (
      `${this.file} is missing, and the database has been used with it. Every process of an installation needs the same keys: copy the ` +
      "directory `keys` of the home where `dueline migrate` was run first, or share it. If they are lost for good, start once with " +
      "DUELINE_NEW_KEYS=yes: sealed requests of pending calls and all customers' profiles become unreadable and every tenant's signing " +
      "secret changes"
    )
  }
}

const isUsed = Effect.gen(function* () {
  const { writer } = yield* Database
  const found =
    yield* writer`(select 1 from dueline.service_calls limit 1) union all (select 1 from dueline.personal_data limit 1)`
  return found.length > 0
})

/** Succeeds when the keys are there, when nothing was sealed for this database yet, or when new keys are asked for. */
export const refuseMissingKeys = (settings: Pick<Settings, "DUELINE_HOME" | "DUELINE_NEW_KEYS">) =>
  Effect.gen(function* () {
    const { vaultKeys } = homeAt(settings.DUELINE_HOME)
    if (existsSync(vaultKeys) || settings.DUELINE_NEW_KEYS === "yes" || !(yield* isUsed)) return
    return yield* new SharedKeysMissing({ file: vaultKeys })
  })

/** Makes the files where there may be none, and reads them, so that what is wrong with them is told now. */
export const ensureSharedKeys = (settings: Pick<Settings, "DUELINE_HOME" | "DUELINE_NEW_KEYS">) =>
  Effect.gen(function* () {
    const home = homeAt(settings.DUELINE_HOME)
    yield* refuseMissingKeys(settings)
    yield* loadKeyFile(home.vaultKeys)
    yield* Effect.scoped(Layer.build(SigningKeys.layer({ directory: home.keys })))
  })
