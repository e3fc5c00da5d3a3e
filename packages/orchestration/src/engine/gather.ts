/** Which of the waiting commands are dealt with together. */
import { Exit, Queue } from "effect"

/** The first and all that wait behind it, up to the limit. */
export const gather = <A>(queue: Queue.Queue<A>, first: A, limit: number): ReadonlyArray<A> => {
  const batch = [first]
  while (batch.length < limit) {
    const more = Queue.takeUnsafe(queue)
    if (more === undefined || Exit.isFailure(more)) break
    batch.push(more.value)
  }
  return batch
}

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
