/**
 * Signing keys as files: `NAME.pem` (0600) holds a private key, `NAME.json` beside it says from when it signs and when it was retired. A key
 * without such a file signs from the beginning, as those of before and those that were put there by hand.
 */
import { Schema } from "effect"
import { createPrivateKey, createPublicKey, generateKeyPair, hash, type KeyObject } from "node:crypto"
import { chmod, readdir, readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { isOpenToOthers, makeDirectory, placeAnew, placeOnce } from "./secretFiles.ts"

const minimumBits = 2048
const pemFile = /^[\w-]+\.pem$/u
const numbered = /^rs256-(\d{4,9})\.pem$/u
const nameOf = (n: number): string => `rs256-${n.toString().padStart(4, "0")}.pem`

export interface SigningKey {
  /** RFC 7638 thumbprint of the public key. */
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** When a key is used, in epoch milliseconds. */
export interface KeyTimes {
  /** It is published before, and signs nothing yet. */
  readonly signsFrom: number
  /** From then on it is neither published nor believed. Null: not decided. */
  readonly retiredAt: number | null
}

export interface StoredKey extends KeyTimes {
  /** The file's name. */
  readonly name: string
  readonly key: SigningKey
  readonly jwk: {
    readonly kty: "RSA"
    readonly alg: "RS256"
    readonly use: "sig"
    readonly kid: string
    readonly n: string
    readonly e: string
  }
}

const KeyTimesForm = Schema.Struct({ signsFrom: Schema.Int, retiredAt: Schema.NullOr(Schema.Int) })
const isKeyTimes = Schema.is(KeyTimesForm)
const always: KeyTimes = { signsFrom: 0, retiredAt: null }

const timesFile = (directory: string, name: string): string => join(directory, name.replace(/\.pem$/u, ".json"))

const isMissing = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOENT"

const readTimes = async (directory: string, name: string): Promise<KeyTimes> => {
  const path = timesFile(directory, name)
  let text: string
  try {
    text = await readFile(path, "utf8")
  } catch (error) {
    if (isMissing(error)) return always
    throw error
  }
  let times: unknown
  try {
    times = JSON.parse(text)
  } catch {
    times = null
  }
  if (!isKeyTimes(times)) throw new Error(`${path} is not what \`dueline key\` writes: take it away, or restore it`)
  return times
}

const privateKeyOf = (path: string, pem: string): KeyObject => {
  try {
    return createPrivateKey(pem)
  } catch {
    throw new Error(`${path} is not a private key in PEM form`)
  }
}

const parse = (path: string, pem: string): KeyObject => {
  const key = privateKeyOf(path, pem)
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  if (key.asymmetricKeyType !== "rsa" || bits < minimumBits)
    throw new Error(
      `${path} is not an RSA key of ${minimumBits} bits or more: take it away, or put such a key in its place`
    )
  return key
}

export const describeKey = (privateKey: KeyObject): Pick<StoredKey, "key" | "jwk"> => {
  const publicKey = createPublicKey(privateKey)
  const { e, n } = publicKey.export({ format: "jwk" })
  if (e === undefined || n === undefined) throw new Error("a key cannot be exported")
  // RFC 7638 § 3: SHA-256 over the required members, in the order of their names and without white space.
  const kid = hash("sha256", JSON.stringify({ e, kty: "RSA", n }), "base64url")
  return { key: { kid, privateKey, publicKey }, jwk: { kty: "RSA", alg: "RS256", use: "sig", kid, n, e } }
}

export const generateKey = async (): Promise<KeyObject> =>
  (await promisify(generateKeyPair)("rsa", { modulusLength: minimumBits })).privateKey

const pemOf = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString()

const pemNames = async (directory: string): Promise<ReadonlyArray<string>> =>
  (await readdir(directory)).filter((name) => pemFile.test(name)).sort()

const readKey = async (directory: string, name: string): Promise<StoredKey> => {
  const path = join(directory, name)
  if (await isOpenToOthers(path)) throw new Error(`${path} can be read by others: chmod 600 it`)
  return {
    name,
    ...describeKey(parse(path, await readFile(path, "utf8"))),
    ...(await readTimes(directory, name))
  }
}

/** In the order of their names. None when there is no directory. */
export const readKeys = async (directory: string): Promise<ReadonlyArray<StoredKey>> => {
  const names = await pemNames(directory).catch((error) => {
    if (isMissing(error)) return []
    throw error
  })
  return Promise.all(names.map((name) => readKey(directory, name)))
}

/** The directory (0700) and a first key in it, unless there is one. */
export const ensureKey = async (directory: string): Promise<void> => {
  await makeDirectory(directory, 0o700)
  await chmod(directory, 0o700)
  if ((await pemNames(directory)).length === 0) await placeOnce(join(directory, nameOf(1)), pemOf(await generateKey()))
}

/** Changes whenever a file of the directory was written, added or taken away: cheaper than reading keys. */
export const stampOf = async (directory: string): Promise<string> => {
  const names = (await readdir(directory)).filter((name) => /\.(?:pem|json)$/u.test(name)).sort()
  const facts = await Promise.all(names.map((name) => stat(join(directory, name))))
  return names.map((name, n) => `${name} ${facts[n]?.mtimeMs} ${facts[n]?.ino}`).join("\n")
}

const writeTimes = (directory: string, name: string, times: KeyTimes): Promise<void> =>
  placeAnew(timesFile(directory, name), JSON.stringify(times))

/**
 * Adds a key that signs from `signsFrom` on, published at once; those before it are retired at `retiredAt`, unless they are to be sooner.
 * The times are there before the key is, so nobody takes it for one that signs already.
 */
export const addKey = async (
  directory: string,
  { retiredAt, signsFrom }: { readonly signsFrom: number; readonly retiredAt: number }
): Promise<StoredKey> => {
  const before = await readKeys(directory)
  const last = Math.max(0, ...before.map(({ name }) => Number(numbered.exec(name)?.[1] ?? 0)))
  const name = nameOf(last + 1)
  const pem = pemOf(await generateKey())
  // Of two at once one finds the other's file, and stops before anything is retired.
  await placeOnce(timesFile(directory, name), JSON.stringify({ signsFrom, retiredAt: null }))
  await placeOnce(join(directory, name), pem)
  const added = await readKey(directory, name)
  if (pemOf(added.key.privateKey) !== pem)
    throw new Error("another rotation went on at the same time: look with `dueline key list`")
  for (const key of before) {
    if (key.retiredAt === null || key.retiredAt > retiredAt) {
      await writeTimes(directory, key.name, { signsFrom: key.signsFrom, retiredAt })
    }
  }
  return added
}

export const retireKey = (directory: string, { name, signsFrom }: StoredKey, retiredAt: number): Promise<void> =>
  writeTimes(directory, name, { signsFrom, retiredAt })
