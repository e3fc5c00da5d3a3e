/**
 * Requests, secrets and other texts sealed with AES-256-GCM under the installation's vault keys: the newest seals, all open. Without a key, which
 * is not in the database, what is stored says nothing.
 */
import { RequestVault, SealBroken, SecretVault, type WholeRequest } from "@dueline/contracts/ports/Vaults"
import { Effect, Layer, Redacted } from "effect"
import { createSecretKey, type KeyObject } from "node:crypto"
import { bytesOfText, keyBytes, openBox, sealBox } from "./sealedBox.ts"

export interface VaultKey {
  /** Stands readable in every sealed text: 1 to 32 of letters, digits, `_` and `-`. */
  readonly id: string
  /** 32 bytes. */
  readonly key: Redacted.Redacted<Uint8Array>
}

export interface VaultKeys {
  readonly sealing: VaultKey
  /** Older keys that can still open what they sealed. */
  readonly opening?: ReadonlyArray<VaultKey>
}

export interface VaultOptions {
  /** 12 bytes, never twice the same under one key. Default: the system's generator; only a simulation gives another. */
  readonly nonce?: () => Uint8Array
}

const version = "v1"

// The key's name is part of what is authenticated, or a text could be passed off as sealed with another one. As JSON, two contexts
// that differ only in halves of surrogate pairs, which UTF-8 has no bytes for, stay two.
const bound = (keyId: string, context: string): Buffer =>
  Buffer.from(`${version}.${keyId}.${JSON.stringify(context)}`, "utf8")

const checked = ({ id, key }: VaultKey): readonly [string, KeyObject] => {
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(id))
    throw new RangeError(`vault key id "${id}" is not 1 to 32 of letters, digits, _ and -`)
  const bytes = Redacted.value(key)
  if (bytes.length !== keyBytes)
    throw new RangeError(`vault key "${id}" has ${bytes.length} bytes instead of ${keyBytes}`)
  return [id, createSecretKey(bytes)]
}

export const broken = (detail: string): Effect.Effect<never, SealBroken> => Effect.fail(new SealBroken({ detail }))

export interface SealedTexts {
  readonly seal: (text: string, context: string) => string
  readonly open: (sealed: string, context: string) => Effect.Effect<string, SealBroken>
}

/** Sealed form: `v1.<key id>.<base64url of the box>`. `what` is sealed, for messages. Throws a `RangeError` for keys of the wrong shape. */
export const makeSealedTexts = (
  keys: VaultKeys,
  what: { readonly one: string; readonly another: string },
  { nonce }: VaultOptions = {}
): SealedTexts => {
  const [sealingId, sealingKey] = checked(keys.sealing)
  const byId = new Map([...(keys.opening ?? []), keys.sealing].map(checked))
  return {
    seal: (text, context) => {
      const box = sealBox(sealingKey, text, bound(sealingId, context), nonce?.())
      return `${version}.${sealingId}.${box.toString("base64url")}`
    },
    open: (sealed, context) =>
      Effect.suspend(() => {
        const [form, keyId = "", encoded = "", ...rest] = sealed.split(".")
        const key = byId.get(keyId)
        if (form !== version || rest.length > 0) return broken(`not ${what.one}`)
        if (key === undefined) return broken("sealed with a key that is not here")
        const box = bytesOfText(encoded)
        if (box === null) return broken(`not ${what.one}`)
        const text = openBox(key, box, bound(keyId, context))
        return text === null ? broken(`changed, or sealed for ${what.another}`) : Effect.succeed(text.toString("utf8"))
      })
  }
}

/** Seals whole requests with AES-256-GCM: without the key, which is not in the database, a stored request cannot be read. */
const isWholeRequest = (value: unknown): value is WholeRequest =>
  typeof value === "object" &&
  value !== null &&
  "url" in value &&
  typeof value.url === "string" &&
  "headers" in value &&
  typeof value.headers === "object" &&
  value.headers !== null &&
  "body" in value &&
  (value.body === null || typeof value.body === "string")

const aRequest = { one: "a sealed request", another: "another call" }

/** Throws a `RangeError` for keys of the wrong shape. */
export const makeRequestVault = (keys: VaultKeys, options: VaultOptions = {}): RequestVault["Service"] => {
  const texts = makeSealedTexts(keys, aRequest, options)
  return RequestVault.of({
    seal: ({ body, headers, onEnd, signer, url }, context) =>
      texts.seal(JSON.stringify({ url, headers, body, signer, onEnd }), context),
    open: (sealed, context) =>
      Effect.flatMap(texts.open(sealed, context), (text) => {
        const request: unknown = JSON.parse(text)
        return isWholeRequest(request) ? Effect.succeed(request) : broken("not a request")
      })
  })
}

export const layerRequestVault = (keys: VaultKeys, options: VaultOptions = {}): Layer.Layer<RequestVault> =>
  Layer.sync(RequestVault, () => makeRequestVault(keys, options))

/** Seals secrets with AES-256-GCM under the vault keys of the installation. */
const aSecret = { one: "a sealed secret", another: "something else" }

export const layerSecretVault = (keys: VaultKeys): Layer.Layer<SecretVault> =>
  Layer.sync(SecretVault, () => SecretVault.of(makeSealedTexts(keys, aSecret)))
