/** Seals whole requests with AES-256-GCM, so that what lies in the database is of no use to whoever reads only that. */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from "node:crypto"
import { RequestVault, SealBroken, type WholeRequest } from "@dueline/contracts/ports/RequestVault"
import { Effect, Layer, Redacted } from "effect"

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
const nonceBytes = 12
const tagBytes = 16

// The key's name is part of what is authenticated, or a text could be passed off as sealed with another one. As JSON, two contexts
// that differ only in halves of surrogate pairs, which UTF-8 has no bytes for, stay two.
const bound = (keyId: string, context: string): Buffer =>
  Buffer.from(`${version}.${keyId}.${JSON.stringify(context)}`, "utf8")

const checked = ({ id, key }: VaultKey): readonly [string, KeyObject] => {
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(id))
    throw new RangeError(`vault key id "${id}" is not 1 to 32 of letters, digits, _ and -`)
  const bytes = Redacted.value(key)
  if (bytes.length !== 32) throw new RangeError(`vault key "${id}" has ${bytes.length} bytes instead of 32`)
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

/**
 * Sealed form: `v1.<key id>.<base64url of nonce, ciphertext and tag>`. The text must be exactly the one that was made: base64 that
 * decodes to the same bytes but is spelt otherwise does not open. Throws a `RangeError` for keys of the wrong shape.
 */
export const make = (keys: VaultKeys, options: RequestVaultOptions = {}): RequestVault["Service"] => {
  const [sealingId, sealingKey] = checked(keys.sealing)
  const byId = new Map([...(keys.opening ?? []), keys.sealing].map(checked))
  const nonce = options.nonce ?? (() => randomBytes(nonceBytes))

  const seal = (request: WholeRequest, context: string): string => {
    const iv = nonce()
    const cipher = createCipheriv("aes-256-gcm", sealingKey, iv, { authTagLength: tagBytes }).setAAD(
      bound(sealingId, context)
    )
    const text = JSON.stringify({ url: request.url, headers: request.headers, body: request.body })
    const sealed = Buffer.concat([iv, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()])
    return `${version}.${sealingId}.${sealed.toString("base64url")}`
  }

  const open = (sealed: string, context: string): Effect.Effect<WholeRequest, SealBroken> =>
    Effect.suspend(() => {
      const [form, keyId = "", encoded = "", ...rest] = sealed.split(".")
      const key = byId.get(keyId)
      if (form !== version || rest.length > 0) return broken("not a sealed request")
      if (key === undefined) return broken("sealed with a key that is not here")
      const bytes = Buffer.from(encoded, "base64url")
      if (bytes.length <= nonceBytes + tagBytes || bytes.toString("base64url") !== encoded)
        return broken("not a sealed request")
      try {
        const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, nonceBytes), {
          authTagLength: tagBytes
        })
        decipher.setAAD(bound(keyId, context)).setAuthTag(bytes.subarray(-tagBytes))
        const text = decipher.update(bytes.subarray(nonceBytes, -tagBytes), undefined, "utf8") + decipher.final("utf8")
        const request: unknown = JSON.parse(text)
        return isWholeRequest(request) ? Effect.succeed(request) : broken("not a request")
      } catch {
        return broken("changed, or sealed for another call")
      }
    })

  return RequestVault.of({ seal, open })
}

export const layer = (keys: VaultKeys, options: RequestVaultOptions = {}): Layer.Layer<RequestVault> =>
  Layer.sync(RequestVault, () => make(keys, options))
