/** What a home holds of an installation's identity: read, and nothing made that is not there. */
import { loadKeyFile } from "@dueline/secrets/KeyFile"
import type { NotedKey } from "@dueline/postgres/schema/Installation"
import { kidsIn } from "@dueline/secrets/SigningKeys"
import { Effect } from "effect"
import { existsSync, readFileSync } from "node:fs"
import type { Home } from "../Home.ts"
import { fatal, type Finding } from "./Finding.ts"

export interface HomeFacts {
  readonly home: Home
  /** There are database files in the home, or where it links to. */
  readonly data: boolean
  /** Null when no start has been through yet, or when the file was lost. */
  readonly id: string | null
  /** Of the key file; null when it is not there. */
  readonly vault: ReadonlyArray<NotedKey> | null
  /** Of the keys that tokens are signed with. */
  readonly tokens: ReadonlyArray<NotedKey>
  /** What is there and cannot be read. */
  readonly unreadable: ReadonlyArray<Finding>
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/u

const readId = (file: string): { readonly id: string | null; readonly wrong: ReadonlyArray<Finding> } => {
  let text: string
  try {
    text = readFileSync(file, "utf8").trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" || (error as NodeJS.ErrnoException).code === "ENOTDIR")
      return { id: null, wrong: [] }
    return { id: null, wrong: [fatal("home", `${file} cannot be read`, `let this user read it (${String(error)})`)] }
  }
  if (uuid.test(text)) return { id: text, wrong: [] }
  return {
    id: null,
    wrong: [
      fatal(
        "home",
        `${file} does not hold an id`,
        "restore it from a backup; without the file, the keys alone tell whose home this is"
      )
    ]
  }
}

/** The last line of the key file is what calls are signed with; every line opens what it sealed. */
const vaultOf = (fingerprints: ReadonlyArray<string>): ReadonlyArray<NotedKey> => [
  ...fingerprints.map((fingerprint): NotedKey => ({ purpose: "seal", fingerprint })),
  ...fingerprints.slice(-1).map((fingerprint): NotedKey => ({ purpose: "sign", fingerprint }))
]

const unusable = (check: string, detail: string): ReadonlyArray<Finding> => [
  fatal(check, detail, "mend the file, or restore it from a backup of the home's directory `keys`")
]

export const readHome = (home: Home): Effect.Effect<HomeFacts> =>
  Effect.gen(function* () {
    const { id, wrong } = readId(home.installationId)
    const vault = existsSync(home.vaultKeys) ? yield* Effect.result(loadKeyFile(home.vaultKeys)) : null
    const tokens = yield* Effect.result(kidsIn(home.keys))
    return {
      home,
      data: existsSync(home.data),
      id,
      vault: vault === null ? null : vault._tag === "Success" ? vaultOf(vault.success.fingerprints) : [],
      tokens:
        tokens._tag === "Success"
          ? tokens.success.map((fingerprint): NotedKey => ({ purpose: "token", fingerprint }))
          : [],
      unreadable: [
        ...wrong,
        ...(vault?._tag === "Failure" ? unusable("keys", vault.failure.detail) : []),
        ...(tokens._tag === "Failure" ? unusable("token keys", tokens.failure.detail) : [])
      ]
    }
  })
