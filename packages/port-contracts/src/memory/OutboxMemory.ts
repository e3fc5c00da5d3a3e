/** The outbox in memory: what commits left behind, until it is settled. */
import { Effect } from "effect"
import type { Outbox, OutboxEntry, Settlement } from "@dueline/contracts/ports/Outbox"
import { keyOf, type MemoryState } from "./MemoryState.ts"

const claim = (
  state: MemoryState,
  now: number,
  limit: number,
  held: ReadonlySet<number>
): ReadonlyArray<OutboxEntry> => {
  const claimed: Array<OutboxEntry> = []
  const waiting = new Set<string>()
  for (const { entry, retryAt } of state.outbox.values()) {
    if (claimed.length >= limit) break
    const stream = keyOf(entry.tenantId, entry.streamId)
    if (retryAt !== null && retryAt > now) waiting.add(stream)
    if (!waiting.has(stream) && !held.has(entry.position)) claimed.push(entry)
  }
  return claimed
}

const settle = (state: MemoryState, settlement: Settlement): void => {
  const stored = state.outbox.get(settlement.entry.position)
  if (stored === undefined) return
  if (settlement._tag === "Delivered") {
    state.outbox.delete(stored.entry.position)
    return
  }
  // What is told twice, or by somebody who has missed something, carries an old count.
  if (stored.entry.failures !== settlement.entry.failures) return
  const errors = [...stored.errors, settlement.error]
  if (settlement._tag === "Dead") {
    state.outbox.delete(stored.entry.position)
    state.dead.push({ entry: stored.entry, errors })
    return
  }
  const entry = { ...stored.entry, failures: stored.entry.failures + 1 }
  state.outbox.set(entry.position, { entry, retryAt: settlement.retryAt, errors })
}

export const make = (state: MemoryState): Outbox["Service"] => ({
  claim: ({ held, limit, now }) => Effect.sync(() => claim(state, now, limit, new Set(held))),
  settle: (settlements) =>
    Effect.sync(() => {
      for (const settlement of settlements) settle(state, settlement)
    })
})
