/** One stream's part of a batch: what was loaded, what it is by now, and what will be committed for it. */
import type { Envelope, NewEvent } from "@dueline/contracts/Envelope"
import type { StreamId, TenantId } from "@dueline/contracts/Ids"
import type { Commit, OutboxMessage, Receipt, Snapshot } from "@dueline/contracts/ports/Persistence"
import type { Requirement } from "@dueline/contracts/StoreRule"
import type { Aggregate, Command, Tagged } from "./Aggregate.ts"
import { eventId } from "./eventId.ts"
import type { Remembered } from "./StreamCache.ts"
import { currentVersion } from "./upcast.ts"

export interface Lane<S, E> {
  readonly tenantId: TenantId
  readonly streamId: StreamId
  readonly loaded: Remembered<S, E>
  current: Remembered<S, E>
  readonly events: Array<NewEvent>
  readonly outbox: Array<OutboxMessage>
  readonly receipts: Array<Receipt & { readonly expiresAt: number }>
  readonly requires: Array<Requirement>
  row: Commit["row"]
}

export const makeLane = <S, E>(tenantId: TenantId, streamId: StreamId, loaded: Remembered<S, E>): Lane<S, E> => ({
  tenantId,
  streamId,
  loaded,
  current: loaded,
  events: [],
  outbox: [],
  receipts: [],
  requires: [],
  row: null
})

/** Adds decided events to the lane, with the public messages they call for. `state` is the one after all of them. */
export const record = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  { actor, command, commandId, correlationId, tenantId, traceparent }: Envelope<C>,
  lane: Lane<S, E>,
  events: ReadonlyArray<E>,
  state: S
): void => {
  const { at } = command
  const own = actor.kind === "system" ? aggregate.correlation(state) : null
  const metadata = { commandId, correlationId: own ?? correlationId, actor, traceparent }
  const before = lane.current.version
  events.forEach((payload, i) => {
    const version = before + i + 1
    const id = eventId(tenantId, lane.streamId, version, at)
    const type = payload._tag
    const eventVersion = currentVersion(aggregate.upcasters, type)
    lane.events.push({ eventId: id, type, eventVersion, payload, metadata, recordedAt: at })
    const message = aggregate.announce(payload, state, { tenantId, streamId: lane.streamId, version, at }, command)
    if (message !== null) lane.outbox.push({ eventId: id, ...message })
  })
}

/** What is to be committed for the lane: nothing, unless something was decided or has to be remembered under a key. */
export const commitOf = <S, E>(category: string, lane: Lane<S, E>, snapshot: Snapshot | null): Commit | null => {
  const { current, events, loaded, outbox, receipts, requires, row, streamId, tenantId } = lane
  if (events.length === 0 && receipts.length === 0) return null
  const sealed = attachmentChange(loaded.sealed, current.sealed)
  const expectedVersion = loaded.version
  return { tenantId, streamId, category, expectedVersion, events, row, requires, snapshot, sealed, outbox, receipts }
}

const attachmentChange = (before: string | null, after: string | null): Commit["sealed"] => {
  if (before === after) return { _tag: "keep" }
  return after === null ? { _tag: "erase" } : { _tag: "set", value: after }
}
