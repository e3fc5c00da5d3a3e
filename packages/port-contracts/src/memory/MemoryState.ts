/** What the memory adapters share: everything that has been committed, in plain maps, so that one commit is one turn. */
import type { RecordedEvent, StreamKey } from "@dueline/contracts/Envelope"
import type { EpochMillis, ServiceCallId } from "@dueline/contracts/Ids"
import type { KeptMessage } from "@dueline/contracts/ports/Deliveries"
import type { OutboxEntry } from "@dueline/contracts/ports/Outbox"
import { type Category, kinds, type ReadModelRow, type RowOf } from "@dueline/contracts/kinds"
import type { Receipt, Snapshot } from "@dueline/contracts/ports/Persistence"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import type { SubscriptionId } from "@dueline/contracts/subscription/Subscription"

/** One event in the global order of commits; `position` is 1 for the first event of the store. */
export interface StoredEvent extends StreamKey {
  readonly position: number
  readonly category: string
  readonly event: RecordedEvent
}

export interface StoredStream {
  readonly events: Array<RecordedEvent>
  sealed: string | null
  snapshot: Snapshot | null
}

export interface StoredReceipt extends StreamKey {
  readonly receipt: Receipt
  /** Epoch ms. The store may forget the receipt from then on, never before. */
  readonly expiresAt: number
}

export interface WaitingEntry {
  readonly entry: OutboxEntry
  /** Epoch ms before which it must not be delivered again; null when it has not failed. */
  readonly retryAt: number | null
  /** Why each delivery failed, oldest first. */
  readonly errors: ReadonlyArray<string>
}

/** A message that was given up, with everything that went wrong on the way. */
export interface DeadEntry {
  readonly entry: OutboxEntry
  readonly errors: ReadonlyArray<string>
}

/** A message in the line of a subscription. `state`: 0 waits, 1 may have a call, 2 has one; ended: 3 delivered, 4 failed, 5 dropped. */
export interface StoredDelivery extends Pick<KeptMessage, "tenantId" | "seq" | "streamId"> {
  readonly place: number
  readonly subscriptionId: SubscriptionId
  readonly redelivery: number
  state: 0 | 1 | 2 | 3 | 4 | 5
  callId: ServiceCallId | null
  calledAt: EpochMillis | null
}

export interface MemoryState {
  readonly events: Array<StoredEvent>
  readonly streams: Map<string, StoredStream>
  readonly rows: Map<string, ReadModelRow>
  readonly receipts: Map<string, StoredReceipt>
  /** By position; a Map keeps the order of insertion, which is the order of position. */
  readonly outbox: Map<number, WaitingEntry>
  readonly dead: Array<DeadEntry>
  lastOutboxPosition: number
  /** For subscriptions, in order of `seq`. */
  readonly kept: Array<KeptMessage & { sorted: boolean }>
  lastKept: number
  readonly deliveries: Array<StoredDelivery>
  lastPlace: number
}

export const makeState = (): MemoryState => ({
  events: [],
  streams: new Map(),
  rows: new Map(),
  receipts: new Map(),
  outbox: new Map(),
  dead: [],
  lastOutboxPosition: 0,
  kept: [],
  lastKept: 0,
  deliveries: [],
  lastPlace: 0
})

/** The tenant is part of every key: the wall that nothing crosses. */
export const keyOf = (tenantId: string, id: string): string => `${tenantId}/${id}`

/** The rows of one kind, in no order. */
export const rowsOf = <K extends Category>({ rows }: MemoryState, kind: K): ReadonlyArray<RowOf<K>> =>
  [...rows.values()].filter((row): row is RowOf<K> => row._tag === kinds[kind].rowTag)

export const callOf = (state: MemoryState, tenantId: string, callId: string): ServiceCallRow | null => {
  const row = state.rows.get(keyOf(tenantId, callId))
  return row?._tag === "ServiceCallRow" ? row : null
}

/** A copy through JSON: what a database would give back, and out of reach of whoever handed it in. */
export const copyOf = <A>(value: A): A => JSON.parse(JSON.stringify(value)) as A
