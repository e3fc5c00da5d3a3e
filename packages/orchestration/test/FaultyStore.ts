/** A memory store behind a Persistence that fails on command: before or after the commit, for a while, or for one call only. */
import type { ServiceCallId } from "@dueline/contracts/Ids"
import { type Commit, CommitConflict, type Persistence, StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import * as MemoryStore from "@dueline/port-contracts/memory/MemoryStore"
import { Deferred, Effect } from "effect"

type Store = Persistence["Service"]
/** `before`: nothing was stored. `after`: everything was, and the acknowledgement is lost. */
export type Fault = "none" | "before" | "after" | "conflict" | "interrupt" | "dies"

const unavailable = (operation: string) => new StoreUnavailable({ operation, cause: new Error("injected") })

export class FaultyStore {
  readonly memory: MemoryStore.MemoryStore["Service"]
  /** What becomes of the next commits and loads, in order; after that they work. */
  readonly commitFaults: Array<Fault> = []
  readonly loadFaults: Array<Exclude<Fault, "after" | "conflict">> = []
  /** A batch that holds this call makes the store die. */
  poison: ServiceCallId | null = null
  /** While it is there, commits wait for it. */
  gate: Deferred.Deferred<void> | null = null
  /** Sizes of the batches that were stored, how many loads there were, and how many events they brought. */
  readonly batches: Array<number> = []
  loads = 0
  eventsRead = 0
  readonly persistence: Store

  constructor(memory = MemoryStore.make()) {
    this.memory = memory
    this.persistence = { load: (requests) => this.load(requests), commit: (batch) => this.commit(batch) }
  }

  private load(requests: Parameters<Store["load"]>[0]): ReturnType<Store["load"]> {
    return Effect.suspend(() => {
      this.loads += 1
      switch (this.loadFaults.shift() ?? "none") {
        case "none":
          return Effect.tap(this.memory.persistence.load(requests), (slices) =>
            Effect.sync(() => {
              for (const { events } of slices) this.eventsRead += events.length
            })
          )
        case "before":
          return Effect.fail(unavailable("load"))
        case "interrupt":
          return Effect.interrupt
        case "dies":
          return Effect.die("injected")
      }
    })
  }

  private commit(batch: ReadonlyArray<Commit>): ReturnType<Store["commit"]> {
    const store = Effect.tap(this.memory.persistence.commit(batch), () =>
      Effect.sync(() => this.batches.push(batch.length))
    )
    const faulty = Effect.suspend((): ReturnType<Store["commit"]> => {
      if (batch.some(({ streamId }) => streamId === (this.poison as string | null))) return Effect.die("poisoned")
      switch (this.commitFaults.shift() ?? "none") {
        case "none":
          return store
        case "before":
          return Effect.fail(unavailable("commit"))
        case "after":
          return Effect.andThen(store, Effect.fail(unavailable("commit")))
        case "conflict":
          return Effect.fail(new CommitConflict({ kind: "version", stream: null }))
        case "interrupt":
          return Effect.interrupt
        case "dies":
          return Effect.die("injected")
      }
    })
    return Effect.suspend(() => (this.gate === null ? faulty : Effect.andThen(Deferred.await(this.gate), faulty)))
  }
}
