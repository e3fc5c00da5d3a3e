/** Keeps the secret keys of an installation in one file that only its owner can read, made on the first start. */
import { Effect, Redacted, Schema } from "effect"
// oxlint-disable-next-line eslint/no-restricted-imports -- a key comes from the operating system: a seed must not replay it
import { createHash, randomBytes } from "node:crypto"
import { readFile, stat } from "node:fs/promises"
import { dirname } from "node:path"
import type { VaultKey, VaultKeys } from "./VaultsAes.ts"
import { deriveKey } from "./sealedBox.ts"
import { isOpenToOthers, makeDirectory, placeAnew, placeOnce } from "./secretFiles.ts"

/** The file cannot be used. `detail` names the file and what to do, never a key. */
export class KeyFileUnusable extends Schema.TaggedError<KeyFileUnusable>()("KeyFileUnusable", {
  detail: Schema.String
}) {}

export interface InstallationKeys {
  readonly vault: VaultKeys
  /** 32 bytes from which the tenants' signing secrets are derived. Stays the same when a vault key is added. */
  readonly signingMaster: Redacted.Redacted<Uint8Array>
  /** One for each key of the file, the sealing one first and the signing one last: the same for the same key, which cannot be computed from it. */
  readonly fingerprints: ReadonlyArray<string>
}

const head =
  "# Secret keys. One a line, hexadecimal: the first seals, all open, the last signs. Add new keys at the top."

/** The id of a key in sealed texts: the same on every machine, and the key cannot be computed from it. */
const idOf = (secret: Redacted.Redacted<Uint8Array>): string =>
  createHash("sha256").update("dueline/vault-key-id").update(Redacted.value(secret)).digest("hex").slice(0, 8)

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return false
      throw error
    }
  )

const unusable = (path: string, what: string) => Effect.fail(new KeyFileUnusable({ detail: `${path} ${what}` }))

const parse = (path: string, text: string): Effect.Effect<InstallationKeys, KeyFileUnusable> => {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
  if (!lines.every((line) => /^[0-9a-f]{64}$/i.test(line)))
    return unusable(path, "holds a line that is not a key of 64 hexadecimal digits")
  const secrets = lines.map((line) => Redacted.make(Buffer.from(line, "hex")))
  const [sealing, ...opening] = secrets.map((one): VaultKey => ({ id: idOf(one), key: deriveKey(one, "vault") }))
  const oldest = secrets.at(-1)
  if (sealing === undefined || oldest === undefined) return unusable(path, "holds no key")
  const fingerprints = secrets.map((one) => Buffer.from(Redacted.value(deriveKey(one, "fingerprint"))).toString("hex"))
  return Effect.succeed({ vault: { sealing, opening }, signingMaster: deriveKey(oldest, "signing"), fingerprints })
}

/** Reads the keys, making the file (mode 0600) when there is none. A file that others can read is refused. */
export const loadKeyFile = (path: string): Effect.Effect<InstallationKeys, KeyFileUnusable> =>
  Effect.tryPromise({
    try: async () => {
      if (!(await exists(path))) {
        await makeDirectory(dirname(path), 0o700)
        await placeOnce(path, `${head}\n${randomBytes(32).toString("hex")}\n`)
      }
      return { text: await readFile(path, "utf8"), open: await isOpenToOthers(path) }
    },
    catch: (error) =>
      new KeyFileUnusable({
        detail: `${path} cannot be read or made: ${error instanceof Error ? error.message : "unknown"}`
      })
  }).pipe(
    Effect.flatMap(({ open, text }) =>
      open ? unusable(path, "can be read by others; make it 0600") : parse(path, text)
    )
  )

/** The keys that followed the first one which checkpoints were signed with, in one file that only its owner can read: the last one signs. */
const seedBytes = 32

/** None where there is no file. Throws an error that says what to do, never a key. */
export const readAuditSeeds = async (path: string): Promise<ReadonlyArray<Uint8Array>> => {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return null
    throw error
  })
  if (text === null) return []
  if (await isOpenToOthers(path)) throw new Error(`${path} can be read by others; make it 0600`)
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
  if (!lines.every((line) => /^[0-9a-f]{64}$/u.test(line)))
    throw new Error(`${path} holds a line that is not a key of ${seedBytes * 2} hexadecimal digits`)
  return lines.map((line) => Buffer.from(line, "hex"))
}

/** Adds a key, which signs from then on. The file is there whole or as it was. */
export const addAuditSeed = async (path: string): Promise<void> => {
  const seeds = [...(await readAuditSeeds(path)), randomBytes(seedBytes)]
  const lines = seeds.map((seed) => Buffer.from(seed).toString("hex"))
  const head = "# Keys of the audit log's checkpoints, hexadecimal, the last one signs. Copy it to every home."
  await placeAnew(path, `${[head, ...lines].join("\n")}\n`)
}
