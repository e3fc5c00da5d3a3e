/** What a batch of commands rests on: streams from memory or from the store, and the receipts of those that may be repeats. */
import type { Envelope } from "@dueline/contracts/Envelope"
import type { StreamId } from "@dueline/contracts/Ids"
import type { LoadRequest, Persistence, Receipt } from "@dueline/contracts/ports/Persistence"
import { Effect } from "effect"
import type { Aggregate, Command, Tagged } from "./Aggregate.ts"
import { restorer } from "./restore.ts"
import type { SnapshotCodec } from "./snapshot.ts"
import { receiptKey, type Remembered, type StreamCache, streamKey } from "./StreamCache.ts"

/** A command with what it is about, worked out once. */
export interface Asked<C> {
  readonly envelope: Envelope<C>
  readonly streamId: StreamId
  /** `streamKey` of tenant and stream. */
  readonly key: string
}

/**
 * Streams come from memory where they are remembered, and in one query with the receipts where they are not. `hopeful`: lately every
 * command with a key that opened a stream was the first under its key.
 */
export const loader = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  store: Persistence["Service"],
  cache: StreamCache<S, E>,
  snapshots: SnapshotCodec<S, E>
) => {
  const restore = restorer(aggregate, snapshots)
  return Effect.fnUntraced(function* (batch: ReadonlyArray<Asked<C>>, trusting: boolean, hopeful: boolean) {
    const streams = new Map<string, Remembered<S, E>>()
    const receipts = new Map<string, Receipt>()
    const remembered = new Set<string>()
    const wanted = new Set<string>()
    const requests: Array<LoadRequest> = []
    for (const { envelope, key, streamId } of batch) {
      const { command, idempotency, tenantId } = envelope
      const entry = cache.get(key)
      if (entry !== undefined) {
        streams.set(key, entry)
        remembered.add(key)
      }
      const hoped = hopeful || idempotency === null
      if (entry === undefined && trusting && hoped && aggregate.opens(command)) continue
      const wantEvents = entry === undefined && !wanted.has(key)
      if (wantEvents) wanted.add(key)
      if (wantEvents || idempotency !== null) {
        const wantedReceipt = idempotency?.key ?? null
        requests.push({ tenantId, streamId, receiptKey: wantedReceipt, wantEvents, snapshotForm: snapshots.form })
      }
    }
    if (requests.length === 0) return { streams, receipts, remembered }
    const slices = yield* store.load(requests)
    slices.forEach((slice, i) => {
      const request = requests[i]
      if (request === undefined) return
      const { streamId, tenantId, wantEvents } = request
      if (wantEvents) streams.set(streamKey(tenantId, streamId), restore(slice))
      if (slice.receipt !== null) receipts.set(receiptKey(tenantId, slice.receipt.key), slice.receipt)
    })
    return { streams, receipts, remembered }
  })
}
