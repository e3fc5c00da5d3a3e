/** Seals whole requests with AES-256-GCM: without the key, which is not in the database, a stored request cannot be read. */
import { createSecretKey, type KeyObject } from "node:crypto"
import { RequestVault, SealBroken, type WholeRequest } from "@dueline/contracts/ports/RequestVault"
import { Effect, Layer, Redacted } from "effect"
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

export interface RequestVaultOptions {
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

const broken = (detail: string): Effect.Effect<never, SealBroken> => Effect.fail(new SealBroken({ detail }))

/** Sealed form: `v1.<key id>.<base64url of the box>`. Throws a `RangeError` for keys of the wrong shape. */
export const make = (keys: VaultKeys, { nonce }: RequestVaultOptions = {}): RequestVault["Service"] => {
  const [sealingId, sealingKey] = checked(keys.sealing)
  const byId = new Map([...(keys.opening ?? []), keys.sealing].map(checked))

  const seal = ({ body, headers, url }: WholeRequest, context: string): string => {
    const text = JSON.stringify({ url, headers, body })
    const box = sealBox(sealingKey, text, bound(sealingId, context), nonce?.())
    return `${version}.${sealingId}.${box.toString("base64url")}`
  }

  const open = (sealed: string, context: string): Effect.Effect<WholeRequest, SealBroken> =>
    Effect.suspend(() => {
      const [form, keyId = "", encoded = "", ...rest] = sealed.split(".")
      const key = byId.get(keyId)
      if (form !== version || rest.length > 0) return broken("not a sealed request")
      if (key === undefined) return broken("sealed with a key that is not here")
      const box = bytesOfText(encoded)
      if (box === null) return broken("not a sealed request")
      const text = openBox(key, box, bound(keyId, context))
      if (text === null) return broken("changed, or sealed for another call")
      const request: unknown = JSON.parse(text.toString("utf8"))
      return isWholeRequest(request) ? Effect.succeed(request) : broken("not a request")
    })

  return RequestVault.of({ seal, open })
}

export const layer = (keys: VaultKeys, options: RequestVaultOptions = {}): Layer.Layer<RequestVault> =>
  Layer.sync(RequestVault, () => make(keys, options))
