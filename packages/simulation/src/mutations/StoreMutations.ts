/** Mutations of the write side: the store keeps less, or guards less, than the port promises, of calls as of customers, bins and orders. */
import type { Commit, Persistence, Slice, Snapshot } from "@dueline/contracts/ports/Persistence"
import type { MemoryStore } from "@dueline/port-contracts/memory/MemoryStore"
import { Effect } from "effect"
import type { Mutation } from "./Mutation.ts"

type Store = MemoryStore["Service"]

export const changing = (change: (commit: Commit) => Commit): Mutation => ({
  store: ({ persistence: { commit, load } }) => ({ load, commit: (batch) => commit(batch.map(change)) })
})

/** Whatever version the stream has is the one that was expected. */
const commitRegardless =
  ({ persistence }: Store): Persistence["Service"]["commit"] =>
  (batch) =>
    Effect.flatMap(
      persistence.load(
        batch.map(({ streamId, tenantId }) => ({
          streamId,
          tenantId,
          receiptKey: null,
          wantEvents: false,
          snapshotForm: null
        }))
      ),
      (slices) =>
        persistence.commit(
          batch.map((commit, i) => {
            const version = slices[i]?.version ?? 0
            return version === commit.expectedVersion
              ? commit
              : { ...commit, expectedVersion: version, sealed: { _tag: "keep" } }
          })
        )
    )

export const versionFenceOff: Mutation = {
  store: (store) => ({ load: store.persistence.load, commit: commitRegardless(store) })
}

export const receiptsIgnored: Mutation = {
  store: ({ persistence: { commit, load } }) => ({
    commit,
    load: (requests) => Effect.map(load(requests), (slices) => slices.map((slice) => ({ ...slice, receipt: null })))
  })
}

export const outboxRowLost = changing((commit) => ({ ...commit, outbox: [] }))

export const rowNotUpdated = changing((commit) => (commit.expectedVersion === 0 ? commit : { ...commit, row: null }))

export const sealKept = changing((commit) =>
  commit.sealed._tag === "erase" ? { ...commit, sealed: { _tag: "keep" } } : commit
)

/** Every seventh commit is acknowledged and not kept, as by a disk that lies about its cache. */
export const acknowledgedBeforeDurable: Mutation = {
  store: ({ persistence: { commit, load } }) => {
    let commits = 0
    return { load, commit: (batch) => Effect.suspend(() => (++commits % 7 === 0 ? Effect.void : commit(batch))) }
  }
}

/** Mutations of what keeps customers, bins and orders apart, and of what the writers are given to remember. */
export const windowsUnkept: Mutation = { unkept: ["window_taken"] }

export const serialsUnkept: Mutation = { unkept: ["serial_taken"] }

/** Nobody looks at the others before a decision becomes a fact. */
export const requirementsDropped = changing((commit) => ({ ...commit, requires: [] }))

export const profileKept = changing((commit) =>
  commit.category === "customer" && commit.sealed._tag === "erase" ? { ...commit, sealed: { _tag: "keep" } } : commit
)

/** What is loaded is not what was stored. */
const loading = (change: (slice: Slice) => Slice): Mutation => ({
  store: ({ persistence: { commit, load } }) => ({
    commit,
    load: (requests) => Effect.map(load(requests), (slices) => slices.map(change))
  })
})

/** What came right after the snapshot is not read. */
export const snapshotSkipsEvent = loading((slice) =>
  slice.snapshot === null ? slice : { ...slice, events: slice.events.slice(1) }
)

/** Nothing says who caused what: a repeat is taken for something new. */
export const repeatsForgotten = loading((slice) => ({
  ...slice,
  snapshot:
    slice.snapshot === null ? null : { ...slice.snapshot, state: { ...(slice.snapshot.state as object), recent: [] } },
  events: slice.events.map((event) => ({ ...event, metadata: { ...event.metadata, commandId: nobody } }))
}))
const nobody = "nobody" as Slice["events"][number]["metadata"]["commandId"]

/** Whoever has a snapshot gets the latest one of another of its kind. */
export const snapshotOfAnother: Mutation = {
  store: ({ persistence: { commit, load } }) => {
    const kinds = new Map<string, string>()
    const latest = new Map<string, { readonly streamId: string; readonly snapshot: Snapshot }>()
    const another = (streamId: string, snapshot: Snapshot): Snapshot => {
      const other = latest.get(kinds.get(streamId) ?? "")
      return other === undefined || other.streamId === streamId
        ? snapshot
        : { ...snapshot, state: other.snapshot.state }
    }
    return {
      commit: (batch) =>
        Effect.tap(commit(batch), () =>
          Effect.sync(() => {
            for (const { category, snapshot, streamId } of batch) {
              kinds.set(streamId, category)
              if (snapshot !== null) latest.set(category, { streamId, snapshot })
            }
          })
        ),
      load: (requests) =>
        Effect.map(load(requests), (slices) =>
          slices.map((slice, i) => {
            const { snapshot } = slice
            return snapshot === null ? slice : { ...slice, snapshot: another(requests[i]?.streamId ?? "", snapshot) }
          })
        )
    }
  }
}
