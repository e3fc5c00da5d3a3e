/** Keys, drawn or derived, and bytes under AES-256-GCM: nonce, ciphertext and tag in one piece, bound to what they are about. */
// oxlint-disable-next-line eslint/no-restricted-imports -- keys and nonces never repeat, not even when a seed is replayed
import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject, randomBytes } from "node:crypto"
import { Redacted } from "effect"

const nonceBytes = 12
const tagBytes = 16

export const keyBytes = 32

/** From the operating system, as the nonces: nothing here may ever repeat. */
export const drawKey = (): KeyObject => createSecretKey(randomBytes(keyBytes))

/** HKDF (RFC 5869): neither the material nor the key of another purpose can be computed from the answer. */
export const deriveKey = (
  material: Redacted.Redacted<Uint8Array>,
  purpose: string,
  length = keyBytes
): Redacted.Redacted<Uint8Array> =>
  Redacted.make(new Uint8Array(hkdfSync("sha256", Redacted.value(material), "", `dueline/${purpose}/v1`, length)))

/** `nonce` has 12 bytes and is never the same twice under one key; only a simulation gives one. */
export const sealBox = (
  key: KeyObject,
  content: string | Uint8Array,
  about: Uint8Array,
  nonce: Uint8Array = randomBytes(nonceBytes)
): Buffer => {
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes }).setAAD(about)
  const encrypted = typeof content === "string" ? cipher.update(content, "utf8") : cipher.update(content)
  return Buffer.concat([nonce, encrypted, cipher.final(), cipher.getAuthTag()])
}

/** Null when the bytes were changed, sealed with another key, or are about something else. */
export const openBox = (key: KeyObject, box: Uint8Array, about: Uint8Array): Buffer | null => {
  if (box.length < nonceBytes + tagBytes) return null
  const decipher = createDecipheriv("aes-256-gcm", key, box.subarray(0, nonceBytes), { authTagLength: tagBytes })
  decipher.setAAD(about).setAuthTag(box.subarray(-tagBytes))
  const opened = decipher.update(box.subarray(nonceBytes, -tagBytes))
  try {
    return Buffer.concat([opened, decipher.final()])
  } catch {
    return null
  }
}

/** The bytes of a base64url text. Null unless the text is exactly the one that encoding them gives: other spellings do not open. */
export const bytesOfText = (text: string): Buffer | null => {
  const bytes = Buffer.from(text, "base64url")
  return bytes.toString("base64url") === text ? bytes : null
}
