/**
 * The text of an API key: `dlk_`, the key's id, 190 random bits, and a checksum, all in base 62. Scanners for secrets that leaked know it by
 * `dlk_[0-9A-Za-z]{60}`; a typing mistake is found by the checksum, before anybody is asked.
 */
import { ApiKeyId } from "@dueline/contracts/apiKey/ApiKey"
import { drawKey as drawBytes } from "@dueline/secrets/sealedBox"
import { Schema } from "effect"
import { hash } from "node:crypto"
import { crc32 } from "node:zlib"

export const keyPrefix = "dlk_"

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
const [idLength, secretLength, sumLength] = [22, 32, 6]
const form = new RegExp(`^${keyPrefix}[0-9A-Za-z]{${idLength + secretLength + sumLength}}$`, "u")
const isId = Schema.is(ApiKeyId)

/** The last so many digits. */
const written = (value: bigint, length: number): string => {
  let text = ""
  for (let rest = value; text.length < length; rest /= 62n) text = (alphabet[Number(rest % 62n)] ?? "") + text
  return text
}

const sumOf = (text: string): string => written(BigInt(crc32(text)), sumLength)

/** What a key of this id begins with: names the key, and gives nothing away. */
export const prefixOf = (id: ApiKeyId): string =>
  `${keyPrefix}${written(BigInt(`0x${id.replaceAll("-", "")}`), idLength)}`

/** SHA-256 in base64url. */
export const keyDigest = (text: string): string => hash("sha256", text, "base64url")

/** A new one, from the system's random source. */
export const drawKey = (id: ApiKeyId): string => {
  const drawn = BigInt(`0x${drawBytes().export().toString("hex")}`)
  const text = prefixOf(id) + written(drawn, secretLength)
  return text + sumOf(text)
}

/** Whose key it says it is; null for what is no key, by form or checksum. */
export const idOfKey = (text: string): ApiKeyId | null => {
  if (!form.test(text) || sumOf(text.slice(0, -sumLength)) !== text.slice(-sumLength)) return null
  let value = 0n
  for (const digit of text.slice(keyPrefix.length, keyPrefix.length + idLength))
    value = value * 62n + BigInt(alphabet.indexOf(digit))
  const hex = value.toString(16).padStart(32, "0")
  const id = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-")
  return isId(id) ? id : null
}
