/** What an installation's key material is turned into for personal data: none of it tells anything about the rest (HKDF, RFC 5869). */
import { createHmac, createSecretKey, hkdfSync, type KeyObject } from "node:crypto"
import { Redacted } from "effect"

export interface InstallationKey {
  /** Eight hexadecimal digits that stand readable in what was sealed; they say nothing about the key. */
  readonly id: string
  /** Seals the customers' keys. */
  readonly wrapping: KeyObject
}

const leastBytes = 32

const derive = (material: Redacted.Redacted<Uint8Array>, purpose: string, length: number): Buffer => {
  const bytes = Redacted.value(material)
  if (bytes.length < leastBytes)
    throw new RangeError(`key material for personal data has ${bytes.length} bytes instead of ${leastBytes} or more`)
  return Buffer.from(hkdfSync("sha256", bytes, "", `dueline/personal-data/${purpose}/v1`, length))
}

export const installationKey = (material: Redacted.Redacted<Uint8Array>): InstallationKey => ({
  id: derive(material, "key-id", 4).toString("hex"),
  wrapping: createSecretKey(derive(material, "wrapping", 32))
})

export const fingerprintKey = (material: Redacted.Redacted<Uint8Array>): KeyObject =>
  createSecretKey(derive(material, "fingerprint", 32))

/** HMAC-SHA-256 in base64url. */
export const keyedHash = (key: KeyObject, text: string): string =>
  createHmac("sha256", key).update(text, "utf8").digest("base64url")
