/** Ids of events, derived from what they are ids of: deciding again gives the same ids. */
import { fnv1a } from "@dueline/contracts/partition"

/** Two digits for each byte: composing an id of them costs a tenth of formatting its numbers. */
const digits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

/** The lowest 16 bits in four digits. */
const hex16 = (value: number): string => `${digits[(value >>> 8) & 0xff]}${digits[value & 0xff]}`

/**
 * A UUID of version 7 (RFC 9562 § 5.7): 48 bits of `at` (epoch ms), the rest derived from the stream and the event's version in it. A weak
 * hash is enough: no two events have the same stream and version.
 */
export const eventId = (tenantId: string, streamId: string, version: number, at: number): string => {
  const number = `${version}`
  const a = fnv1a(number, fnv1a(tenantId))
  const b = fnv1a(number, fnv1a(streamId))
  const c = fnv1a(streamId, fnv1a(number, 0x050c5d1f))
  const high = Math.floor(at / 0x10000)
  const time = `${hex16(high >>> 16)}${hex16(high)}-${hex16(at % 0x10000)}`
  return `${time}-${hex16(0x7000 | (a & 0xfff))}-${hex16(0x8000 | (b & 0x3fff))}-${hex16(b >>> 14)}${hex16(c >>> 16)}${hex16(c)}`
}
