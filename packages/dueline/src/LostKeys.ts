/** Tells a first start from one whose secret keys are lost: new keys are not made silently for a database that has used others. */
import { type KeyFileUnusable, loadKeyFile } from "@dueline/execution/KeyFile"
import { Effect, Schema } from "effect"
import { existsSync } from "node:fs"
import type { Home } from "./Home.ts"

/** There is a database and no key file. */
export class InstallationKeysLost extends Schema.TaggedError<InstallationKeysLost>()("InstallationKeysLost", {
  file: Schema.String
}) {
  override get message(): string {
    return (
      `${this.file} is missing, and the database has been used with it: restore the file from a backup. Or, accepting that sealed ` +
      "requests of pending calls and all customers' profiles become unreadable and every tenant's signing secret changes, start " +
      "once with DUELINE_NEW_KEYS=yes"
    )
  }
}

/** Succeeds when the keys are there, when there is no database yet, or when new keys are asked for. */
export const refuseLostKeys = (home: Home, newKeys: boolean): Effect.Effect<void, InstallationKeysLost> =>
  Effect.suspend(() =>
    newKeys || existsSync(home.vaultKeys) || !existsSync(home.data)
      ? Effect.void
      : Effect.fail(new InstallationKeysLost({ file: home.vaultKeys }))
  )

/** For commands that may make a database and need no keys: it comes with keys, else the program would take them for lost. */
export const makeFirstKeys = (home: Home): Effect.Effect<void, KeyFileUnusable> =>
  Effect.suspend(() => (existsSync(home.data) ? Effect.void : Effect.asVoid(loadKeyFile(home.vaultKeys))))
