/** Which commands of a batch are dealt with together. */

/** The batch in parts, in its order, in none of which a stream comes twice. */
export const inParts = <A extends { readonly key: string }>(
  batch: ReadonlyArray<A>
): ReadonlyArray<ReadonlyArray<A>> => {
  const parts: Array<ReadonlyArray<A>> = []
  let part: Array<A> = []
  let keys = new Set<string>()
  for (const one of batch) {
    if (keys.has(one.key)) {
      parts.push(part)
      part = []
      keys = new Set()
    }
    part.push(one)
    keys.add(one.key)
  }
  return [...parts, part]
}
