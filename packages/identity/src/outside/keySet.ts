/** Reads a published key set (RFC 7517): the RSA keys that verify signatures, and nothing else of it. Pure. */
import { Result, Schema } from "effect"
import { createPublicKey, type KeyObject } from "node:crypto"
import { algorithm } from "../AccessToken.ts"

/** A set with more keys is refused. */
const maxKeys = 64
const minBits = 2_048
/** Each verification costs time that grows with the square of it. */
const maxBits = 8_192
const maxExponent = 2n ** 32n

const KeySet = Schema.Struct({
  keys: Schema.Array(Schema.Record(Schema.String, Schema.Unknown)).check(Schema.isMaxLength(maxKeys))
})

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(KeySet))

type Member = (typeof KeySet.Type)["keys"][number]

/** What others say of a key that it is for; what is not said is no obstacle (RFC 7517 § 4.2 to 4.4). */
const isForUs = ({ alg, key_ops: operations, kty, use }: Member): boolean =>
  kty === "RSA" &&
  (use === undefined || use === "sig") &&
  (alg === undefined || alg === algorithm) &&
  (operations === undefined || (Array.isArray(operations) && operations.includes("verify")))

const imported = ({ e, n }: Member): KeyObject | null => {
  if (typeof n !== "string" || typeof e !== "string") return null
  try {
    const key = createPublicKey({ key: { kty: "RSA", n, e }, format: "jwk" })
    const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
    const fits = modulusLength >= minBits && modulusLength <= maxBits
    return fits && publicExponent >= 3n && publicExponent <= maxExponent && publicExponent % 2n === 1n ? key : null
  } catch {
    return null
  }
}

/** By `kid`. Keys of other kinds, too short or without a name are passed over; a name that two keys have names neither. */
export const readKeySet = (body: string): Result.Result<ReadonlyMap<string, KeyObject>, string> => {
  const decoded = decode(body)
  if (Result.isFailure(decoded)) return Result.fail("the answer is no key set")
  const found = new Map<string, KeyObject>()
  const seen = new Set<string>()
  for (const member of decoded.success.keys) {
    const { kid } = member
    if (typeof kid !== "string" || kid === "" || kid.length > 255 || !isForUs(member)) continue
    const key = imported(member)
    if (key === null) continue
    if (seen.has(kid)) found.delete(kid)
    else found.set(kid, key)
    seen.add(kid)
  }
  return Result.succeed(found)
}
