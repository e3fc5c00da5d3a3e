/** Event ids that say when, and are the same when the same decision is made again. */

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0")

/** 32-bit FNV-1a (Fowler, Noll, Vo); good enough to fill the random part of an id whose uniqueness rests on (stream, version). */
const fnv1a = (text: string, seed: number): number => {
  let hash = seed >>> 0
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0
  return hash
}

/**
 * A UUID of version 7 (RFC 9562 § 5.7): 48 bits of `at` (epoch ms), the rest derived from the stream and the event's version in it.
 */
export const eventId = (tenantId: string, streamId: string, version: number, at: number): string => {
  const a = fnv1a(`${tenantId}${version}`, 0x811c9dc5)
  const b = fnv1a(`${streamId}${version}`, 0x811c9dc5)
  const c = fnv1a(`${version}${streamId}`, 0x050c5d1f)
  const time = hex(at, 12)
  const random = hex(a & 0xfff, 3)
  const variant = hex(0x8000 | (b & 0x3fff), 4)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random}-${variant}-${hex(b >>> 14, 5).slice(-4)}${hex(c, 8)}`
}
