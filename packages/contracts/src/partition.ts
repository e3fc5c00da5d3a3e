/**
 * Which partition an aggregate belongs to, and who serves a partition. Every process computes the same answers from the same members,
 * so nothing has to be agreed upon; who is wrong for a moment is fenced by the store.
 */

/** Fixed for ever: it is part of subjects that messages wait under. */
export const partitionCount = 32

/** FNV-1a, 32 bits (draft-eastlake-fnv), the hash that NATS uses for its own partitions. Another basis gives an independent hash. */
export const fnv1a = (text: string, basis = 0x811c9dc5): number => {
  let hash = basis
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** 0 up to and without `partitionCount`. Ids are ASCII, so characters are bytes. */
export const partitionOf = (tenantId: string, streamId: string): number => fnv1a(tenantId + streamId) % partitionCount

/** FNV alone leaves the high bits of short texts alike; this finish (MurmurHash3) spreads them. */
const spread = (hash: number): number => {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/**
 * The members in the order in which they serve the partition: rendezvous hashing (Thaler and Ravishankar, 1998). A member that leaves
 * hands over only its own partitions, and each of those to whoever was second for it.
 */
export const rendezvous = (partition: number, members: Iterable<string>): ReadonlyArray<string> =>
  [...members]
    .map((member) => ({ member, weight: spread(fnv1a(`${partition}/${member}`)) }))
    .sort((a, b) => b.weight - a.weight || (a.member < b.member ? -1 : 1))
    .map(({ member }) => member)
