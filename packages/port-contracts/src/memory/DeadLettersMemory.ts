/** Dead letters in memory, for tests: the latest ones, and a way to look at them. */
import { Effect } from "effect"
import { bounded } from "@dueline/contracts/deadLetter"
import { type DeadLetter, DeadLetters } from "@dueline/contracts/ports/DeadLetters"
import { copyOf, keyOf } from "./MemoryState.ts"

/** Letters that are kept; beyond these the oldest is forgotten. */
const capacity = 10_000

/** An empty store, and what it holds, oldest first. */
export const make = () => {
  const letters = new Map<string, DeadLetter>()
  const keep: DeadLetters["Service"]["keep"] = (letter) =>
    Effect.sync(() => {
      const key = keyOf(letter.message.tenantId, `${letter.message.eventId}/${letter.group}`)
      if (letters.has(key)) return
      letters.set(key, copyOf(bounded(letter)))
      const [oldest] = letters.keys()
      if (letters.size > capacity && oldest !== undefined) letters.delete(oldest)
    })
  return { letters: DeadLetters.of({ keep }), kept: (): ReadonlyArray<DeadLetter> => [...letters.values()] }
}
