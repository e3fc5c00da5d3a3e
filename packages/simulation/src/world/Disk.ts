/** The store that survives every process, with a checker behind it that sees each write as it lands. */
import { make as makeStore, type MemoryStore } from "@dueline/port-contracts/memory/MemoryStore"
import type { Outbox } from "@dueline/contracts/ports/Outbox"
import type { Commit, Persistence } from "@dueline/contracts/ports/Persistence"
import type { StoreRule } from "@dueline/contracts/StoreRule"
import { Effect } from "effect"

export interface DiskWatch {
  readonly committed: (batch: ReadonlyArray<Commit>) => void
  readonly settled: Outbox["Service"]["settle"] extends (s: infer S) => unknown ? (settlements: S) => void : never
}

export interface Disk {
  readonly store: MemoryStore["Service"]
  /** The store's ports as processes see them: each write that happened is told to the watch. */
  readonly persistence: Persistence["Service"]
  readonly outbox: Outbox["Service"]
}

/** `alter` is where a mutation changes what is written, behind the back of whoever wrote it; `unkept` rules are not kept. */
export const makeDisk = (
  watch: () => DiskWatch,
  alter: (store: MemoryStore["Service"]) => Persistence["Service"],
  unkept: ReadonlyArray<StoreRule>
): Disk => {
  const store = makeStore({ unkept })
  const altered = alter(store)
  return {
    store,
    persistence: {
      load: altered.load,
      commit: (batch) => Effect.tap(altered.commit(batch), () => Effect.sync(() => watch().committed(batch)))
    },
    outbox: {
      claim: store.outbox.claim,
      settle: (settlements) =>
        Effect.tap(store.outbox.settle(settlements), () => Effect.sync(() => watch().settled(settlements)))
    }
  }
}
