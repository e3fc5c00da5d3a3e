/** Mutations of the write side: the store keeps less, or guards less, than the port promises. */
import type { MemoryStore } from "@dueline/port-contracts/memory/MemoryStore"
import type { Commit, Persistence } from "@dueline/contracts/ports/Persistence"
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
