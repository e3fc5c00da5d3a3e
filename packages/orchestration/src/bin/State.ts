/** What the next decision needs to remember about a bin, and how facts change it. */
import type { BinEvent } from "@dueline/contracts/bin/Event"
import { BinFacts } from "@dueline/contracts/bin/Spec"
import { CorrelationId, type EpochMillis } from "@dueline/contracts/Ids"
import { Schema } from "effect"

/** In snapshots too: a changed shape needs another `form` there. */
export const BinState = Schema.TaggedUnion({
  Unknown: {},
  Known: { bin: BinFacts, fingerprint: Schema.NullOr(Schema.String), correlationId: CorrelationId }
})
export type BinState = typeof BinState.Type
export type Known = Extract<BinState, { readonly _tag: "Known" }>

export const initial: BinState = { _tag: "Unknown" }

const changed = (state: Known, at: EpochMillis, changes: Partial<BinFacts>): BinState => ({
  ...state,
  bin: { ...state.bin, ...changes, updatedAt: at }
})

export const evolve = (state: BinState, event: BinEvent, at: EpochMillis): BinState => {
  if (event._tag === "BinCreated") {
    const { bin, capacityLitres, createdAt, fingerprint, origin } = event
    const facts: BinFacts = { ...bin, capacityLitres, status: "Active", createdAt, updatedAt: at }
    return { _tag: "Known", bin: facts, fingerprint, correlationId: origin.correlationId }
  }
  if (state._tag === "Unknown") return state
  switch (event._tag) {
    case "BinUpdated":
      return changed(state, at, { ...event.bin, status: event.status })
    case "BinCapacityUpdated":
      return changed(state, at, { capacityLitres: event.capacityLitres })
    case "BinRetired":
      return changed(state, at, { status: "Retired" })
  }
}
