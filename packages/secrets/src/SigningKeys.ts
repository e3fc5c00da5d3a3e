/** The issuer's RSA keys: kept as PEM files outside the repository, made once, known by their thumbprint. */
import { Context, Effect, Layer, Schema } from "effect"
import type { JsonWebKeySet } from "@dueline/contracts/api/SystemEndpoints"
import { createPrivateKey, createPublicKey, generateKeyPair, hash, type KeyObject } from "node:crypto"
import { chmod, readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { isOpenToOthers, makeDirectory, placeOnce } from "./secretFiles.ts"

const minimumBits = 2048
const keyFile = /^[\w-]+\.pem$/u
const firstKeyFile = "rs256-0001.pem"

export interface SigningKey {
  /** RFC 7638 thumbprint of the public key. */
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** The key directory cannot be used; `detail` says which file and why, never what is in it. */
export class KeysUnusable extends Schema.TaggedError<KeysUnusable>()("KeysUnusable", { detail: Schema.String }) {}

export class SigningKeys extends Context.Service<
  SigningKeys,
  {
    /** What new tokens are signed with. */
    readonly current: SigningKey
    /** Every key whose tokens are still believed, by `kid`. */
    readonly byKid: ReadonlyMap<string, SigningKey>
    /** RFC 7517, public halves only. */
    readonly jwks: typeof JsonWebKeySet.Type
  }
>()("@dueline/secrets/SigningKeys") {}

/** Keys from the `*.pem` files of a directory (0700, files 0600); the last by name signs. Makes the first one when there is none. */
export const layer = (options: { readonly directory: string }): Layer.Layer<SigningKeys, KeysUnusable> =>
  Layer.effect(
    SigningKeys,
    Effect.flatMap(
      attempt(() => readKeys(options.directory)),
      fromPrivateKeys
    )
  )

/** The `kid` of every key in the directory, in the order of their names. Makes nothing: there is none when there is no directory. */
export const kidsIn = (directory: string): Effect.Effect<ReadonlyArray<string>, KeysUnusable> =>
  attempt(async () => {
    const found = await names(directory).catch(() => [])
    const keys = await Promise.all(found.map((name) => readKey(directory, name)))
    return keys.map((key) => describe(key).key.kid)
  })

/** One fresh key that is gone with the process. */
export const layerEphemeral: Layer.Layer<SigningKeys, KeysUnusable> = Layer.effect(
  SigningKeys,
  Effect.flatMap(
    attempt(async () => [await generate()]),
    fromPrivateKeys
  )
)

function fromPrivateKeys(privateKeys: ReadonlyArray<KeyObject>): Effect.Effect<SigningKeys["Service"], KeysUnusable> {
  return attempt(async () => {
    const keys = privateKeys.map(describe)
    const current = keys.at(-1)
    if (current === undefined) throw new Error("there is no key")
    return {
      current: current.key,
      byKid: new Map(keys.map(({ key }) => [key.kid, key])),
      jwks: { keys: keys.map(({ jwk }) => jwk) }
    }
  })
}

const describe = (privateKey: KeyObject) => {
  const publicKey = createPublicKey(privateKey)
  const { e, n } = publicKey.export({ format: "jwk" })
  if (e === undefined || n === undefined) throw new Error("a key cannot be exported")
  // RFC 7638 § 3: SHA-256 over the required members, in the order of their names and without white space.
  const kid = hash("sha256", JSON.stringify({ e, kty: "RSA", n }), "base64url")
  return { key: { kid, privateKey, publicKey }, jwk: { kty: "RSA", alg: "RS256", use: "sig", kid, n, e } as const }
}

const readKeys = async (directory: string): Promise<ReadonlyArray<KeyObject>> => {
  await makeDirectory(directory, 0o700)
  await chmod(directory, 0o700)
  if ((await names(directory)).length === 0) await placeOnce(join(directory, firstKeyFile), pemOf(await generate()))
  return Promise.all((await names(directory)).map((name) => readKey(directory, name)))
}

const readKey = async (directory: string, name: string): Promise<KeyObject> => {
  const path = join(directory, name)
  if (await isOpenToOthers(path)) throw new Error(`${path} can be read by others: chmod 600 it`)
  return parse(path, await readFile(path, "utf8"))
}

const names = async (directory: string): Promise<ReadonlyArray<string>> =>
  (await readdir(directory)).filter((name) => keyFile.test(name)).sort()

const parse = (path: string, pem: string): KeyObject => {
  const key = privateKeyOf(path, pem)
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  if (key.asymmetricKeyType !== "rsa" || bits < minimumBits)
    throw new Error(
      `${path} is not an RSA key of ${minimumBits} bits or more: take it away, or put such a key in its place`
    )
  return key
}

const privateKeyOf = (path: string, pem: string): KeyObject => {
  try {
    return createPrivateKey(pem)
  } catch {
    throw new Error(`${path} is not a private key in PEM form`)
  }
}

const pemOf = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString()

const generate = async (): Promise<KeyObject> =>
  (await promisify(generateKeyPair)("rsa", { modulusLength: minimumBits })).privateKey

function attempt<A>(run: () => Promise<A>): Effect.Effect<A, KeysUnusable> {
  return Effect.tryPromise({
    try: run,
    catch: (error) => new KeysUnusable({ detail: error instanceof Error ? error.message : String(error) })
  })
}
