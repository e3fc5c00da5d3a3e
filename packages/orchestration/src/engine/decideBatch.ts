/**
 * Decides a batch of commands, in order, on what was loaded for them: pure, so that all the writer's rules can be tested without one.
 * A later command sees what an earlier one of the batch decided; each has its own answer; all events of a stream go into one commit.
 */
import type { Envelope, NewEvent } from "@dueline/contracts/Envelope"
import type { EpochMillis, StreamId, TenantId } from "@dueline/contracts/Ids"
import type { Intent } from "@dueline/contracts/Intent"
import { IdempotencyKeyReused, VersionMismatch } from "@dueline/contracts/ports/Orchestrator"
import type { Commit, OutboxMessage, Receipt } from "@dueline/contracts/ports/Persistence"
import { Result } from "effect"
import type { Aggregate, Tagged } from "./Aggregate.ts"
import { eventId } from "./eventId.ts"
import { type Remembered, streamKey } from "./StreamCache.ts"

type Command = Tagged & { readonly at: EpochMillis }
export type BatchAnswer<R, O> = Result.Result<
  { readonly version: number; readonly replayed: boolean; readonly outcome: O },
  R | VersionMismatch | IdempotencyKeyReused
>

export interface Decided<S, R, O> {
  /** In the order of the commands. Valid only once the commits are durable. */
  readonly answers: ReadonlyArray<BatchAnswer<R, O>>
  readonly commits: ReadonlyArray<Commit>
  /** What the streams look like afterwards. */
  readonly after: ReadonlyMap<string, Remembered<S>>
  readonly intents: ReadonlyArray<Intent>
}

interface Lane<S> {
  readonly tenantId: TenantId
  readonly streamId: StreamId
  readonly loaded: Remembered<S>
  current: Remembered<S>
  readonly events: Array<NewEvent>
  readonly outbox: Array<OutboxMessage>
  readonly receipts: Array<Receipt & { readonly expiresAt: number }>
  row: Commit["row"]
}

export const decideBatch = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  envelopes: ReadonlyArray<Envelope<C>>,
  loaded: {
    /** By `streamKey`; a stream that is missing does not exist yet. */
    readonly streams: ReadonlyMap<string, Remembered<S>>
    /** By tenant and key, as `receiptKey` puts them together. */
    readonly receipts: ReadonlyMap<string, Receipt>
  },
  receiptTtlMs: number
): Decided<S, R, O> => {
  const lanes = new Map<string, Lane<S>>()
  const receipts = new Map(loaded.receipts)
  const intents: Array<Intent> = []
  const laneOf = (envelope: Envelope<C>): Lane<S> => {
    const streamId = aggregate.streamOf(envelope.command)
    const key = streamKey(envelope.tenantId, streamId)
    const known = lanes.get(key)
    if (known !== undefined) return known
    const start = loaded.streams.get(key) ?? { state: aggregate.initial, version: 0, sealed: null }
    const { tenantId } = envelope
    const lane = { tenantId, streamId, loaded: start, current: start, events: [], outbox: [], receipts: [], row: null }
    lanes.set(key, lane)
    return lane
  }
  const answers = envelopes.map((envelope) => {
    const earlier = envelope.idempotency === null
      ? undefined
      : receipts.get(receiptKey(envelope.tenantId, envelope.idempotency.key))
    const lane = laneOf(envelope)
    if (earlier !== undefined) return answerAgain<C, R, O>(envelope, earlier)
    return decideOne(aggregate, envelope, lane, receipts, intents, receiptTtlMs)
  })
  const { commits, after } = harvest(aggregate.category, lanes)
  return { answers, commits, after, intents }
}

export const receiptKey = (tenantId: string, key: string): string => `${tenantId}/${key}`

/** A receipt proves one request: the same type of command with the same fingerprint. Anything else under its key is a mistake. */
const answerAgain = <C extends Command, R, O>(
  { command, idempotency }: Envelope<C>,
  receipt: Receipt
): BatchAnswer<R, O> =>
  receipt.fingerprint === idempotency?.fingerprint && receipt.commandType === command._tag
    ? Result.succeed({ version: receipt.version, replayed: true, outcome: receipt.answer as O })
    : Result.fail(new IdempotencyKeyReused({ key: receipt.key }))

const decideOne = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  envelope: Envelope<C>,
  lane: Lane<S>,
  receipts: Map<string, Receipt>,
  intents: Array<Intent>,
  receiptTtlMs: number
): BatchAnswer<R, O> => {
  const { command, expectedVersion, idempotency, tenantId } = envelope
  const { current, streamId } = lane
  if (expectedVersion !== null && current.version !== 0 && expectedVersion !== current.version) {
    return Result.fail(new VersionMismatch({ expected: expectedVersion, actual: current.version }))
  }
  const decision = aggregate.decide(command, current.state)
  if (Result.isFailure(decision)) return Result.fail(decision.failure)
  const events = decision.success
  const state = events.reduce((before, event) => aggregate.evolve(before, event, command.at), current.state)
  const version = current.version + events.length
  const outcome = aggregate.respond(command, state, events)
  if (events.length > 0) {
    const sealed = aggregate.attachment(command, current.sealed, state)
    lane.current = { state, version, sealed }
    const stamp = { tenantId, version, at: command.at }
    record(aggregate, envelope, lane, events, current.version, state)
    lane.row = aggregate.project(state, stamp, command)
    const intent = aggregate.intend(events, state, stamp, sealed, command)
    if (intent !== null) intents.push(intent)
    if (idempotency !== null) {
      const { key, fingerprint } = idempotency
      const receipt = { key, fingerprint, commandType: command._tag, streamId, version, answer: outcome }
      receipts.set(receiptKey(tenantId, key), receipt)
      lane.receipts.push({ ...receipt, expiresAt: command.at + receiptTtlMs })
    }
  }
  return Result.succeed({ version, replayed: false, outcome })
}

const record = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  { actor, command, commandId, correlationId, tenantId, traceparent }: Envelope<C>,
  lane: Lane<S>,
  events: ReadonlyArray<E>,
  before: number,
  state: S
): void => {
  const { at } = command
  const metadata = { commandId, correlationId, actor, traceparent }
  events.forEach((payload, i) => {
    const version = before + i + 1
    const id = eventId(tenantId, lane.streamId, version, at)
    const { eventVersion } = aggregate
    lane.events.push({ eventId: id, type: payload._tag, eventVersion, payload, metadata, recordedAt: at })
    const message = aggregate.announce(payload, state, { tenantId, version, at }, command)
    if (message !== null) lane.outbox.push({ eventId: id, ...message })
  })
}

const harvest = <S>(
  category: string,
  lanes: ReadonlyMap<string, Lane<S>>
): { readonly commits: ReadonlyArray<Commit>; readonly after: ReadonlyMap<string, Remembered<S>> } => {
  const commits: Array<Commit> = []
  const after = new Map<string, Remembered<S>>()
  for (const [key, { current, events, loaded, outbox, receipts, row, streamId, tenantId }] of lanes) {
    after.set(key, current)
    if (events.length === 0) continue
    const sealed = attachmentChange(loaded, current)
    commits.push({ tenantId, streamId, category, expectedVersion: loaded.version, events, row, sealed, outbox, receipts })
  }
  return { commits, after }
}

const attachmentChange = <S>(before: Remembered<S>, after: Remembered<S>): Commit["sealed"] => {
  if (before.sealed === after.sealed) return { _tag: "keep" }
  return after.sealed === null ? { _tag: "erase" } : { _tag: "set", value: after.sealed }
}
