/**
 * Decides a batch in order, without a store: a later command sees what an earlier one decided, and each stream has one commit. A pure
 * function; event ids follow from what is decided, so the same decision made again has the same ids.
 */
import type { Envelope, NewEvent } from "@dueline/contracts/Envelope"
import type { StreamId, TenantId } from "@dueline/contracts/Ids"
import type { Intent } from "@dueline/contracts/Intent"
import { IdempotencyKeyReused, VersionMismatch } from "@dueline/contracts/ports/Orchestrator"
import type { Commit, OutboxMessage, Receipt, Snapshot } from "@dueline/contracts/ports/Persistence"
import type { Requirement } from "@dueline/contracts/StoreRule"
import { Result } from "effect"
import type { Aggregate, Command, Tagged } from "./Aggregate.ts"
import { eventId } from "./eventId.ts"
import { type AppliedCommand, type CachedStream, currentVersion, withApplied } from "./storedForms.ts"

/** Tenant and stream in one string; a stream id never stands without its tenant. */
export const streamKey = (tenantId: TenantId, streamId: StreamId): string => `${tenantId}/${streamId}`

/** The same for a receipt: an idempotency key never stands without its tenant either. */
export const receiptKey = (tenantId: string, key: string): string => `${tenantId}/${key}`

/** One stream's part of a batch: what was loaded, what it is by now, and what will be committed for it. */
interface StreamBatch<S, E> {
  readonly tenantId: TenantId
  readonly streamId: StreamId
  readonly loaded: CachedStream<S, E>
  current: CachedStream<S, E>
  readonly events: Array<NewEvent>
  readonly outbox: Array<OutboxMessage>
  readonly receipts: Array<Receipt & { readonly expiresAt: number }>
  readonly requires: Array<Requirement>
  row: Commit["row"]
}

const makeStreamBatch = <S, E>(
  tenantId: TenantId,
  streamId: StreamId,
  loaded: CachedStream<S, E>
): StreamBatch<S, E> => ({
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

/** Adds decided events to the stream, with the public messages they call for. `state` is the one after all of them. */
const record = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  { actor, command, commandId, correlationId, tenantId, traceparent }: Envelope<C>,
  stream: StreamBatch<S, E>,
  events: ReadonlyArray<E>,
  state: S
): void => {
  const { at } = command
  const own = actor.kind === "system" ? aggregate.correlation(state) : null
  const metadata = { commandId, correlationId: own ?? correlationId, actor, traceparent }
  const before = stream.current.version
  events.forEach((payload, i) => {
    const version = before + i + 1
    const id = eventId(tenantId, stream.streamId, version, at)
    const type = payload._tag
    const eventVersion = currentVersion(aggregate.upcasters, type)
    stream.events.push({ eventId: id, type, eventVersion, payload, metadata, recordedAt: at })
    const message = aggregate.announce(payload, state, { tenantId, streamId: stream.streamId, version, at }, command)
    if (message !== null) stream.outbox.push({ eventId: id, ...message })
  })
}

/** What is to be committed for the stream: nothing, unless something was decided or a receipt has to be kept. */
const commitOf = <S, E>(category: string, stream: StreamBatch<S, E>, snapshot: Snapshot | null): Commit | null => {
  const { current, events, loaded, outbox, receipts, requires, row, streamId, tenantId } = stream
  if (events.length === 0 && receipts.length === 0) return null
  const sealed = attachmentChange(loaded.sealed, current.sealed)
  const expectedVersion = loaded.version
  return { tenantId, streamId, category, expectedVersion, events, row, requires, snapshot, sealed, outbox, receipts }
}

const attachmentChange = (before: string | null, after: string | null): Commit["sealed"] => {
  if (before === after) return { _tag: "keep" }
  return after === null ? { _tag: "erase" } : { _tag: "set", value: after }
}

export type BatchAnswer<R, O> = Result.Result<
  { readonly version: number; readonly replayed: boolean; readonly outcome: O },
  R | VersionMismatch | IdempotencyKeyReused
>

interface Loaded<S, E> {
  /** By `streamKey`; a stream that is missing does not exist yet. */
  readonly streams: ReadonlyMap<string, CachedStream<S, E>>
  /** By tenant and key, as `receiptKey` puts them together. */
  readonly receipts: ReadonlyMap<string, Receipt>
}

export interface Decided<S, E, R, O> {
  /** In the order of the commands. Valid only once the commits are durable. */
  readonly answers: ReadonlyArray<BatchAnswer<R, O>>
  readonly commits: ReadonlyArray<Commit>
  /** What the streams look like afterwards. */
  readonly after: ReadonlyMap<string, CachedStream<S, E>>
  readonly intents: ReadonlyArray<Intent>
}

/** What one batch gathers while it is decided. */
interface BatchContext<S, E> {
  readonly streams: Map<string, StreamBatch<S, E>>
  readonly receipts: Map<string, Receipt>
  readonly intents: Array<Intent>
  readonly receiptTtlMs: number
}

export const decideBatch = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  envelopes: ReadonlyArray<Envelope<C>>,
  loaded: Loaded<S, E>,
  receiptTtlMs: number,
  snapshotOf: (before: number, after: CachedStream<S, E>) => Snapshot | null = () => null
): Decided<S, E, R, O> => {
  const context: BatchContext<S, E> = {
    streams: new Map(),
    receipts: new Map(loaded.receipts),
    intents: [],
    receiptTtlMs
  }
  const answers = envelopes.map((envelope) => {
    const stream = streamBatchOf(aggregate, envelope, loaded, context)
    const { idempotency, tenantId } = envelope
    const earlier = idempotency === null ? undefined : context.receipts.get(receiptKey(tenantId, idempotency.key))
    return earlier === undefined
      ? decideOne(aggregate, envelope, stream, context)
      : answerFromReceipt<C, R, O>(envelope, earlier)
  })
  const commits: Array<Commit> = []
  const after = new Map<string, CachedStream<S, E>>()
  for (const [key, stream] of context.streams) {
    after.set(key, stream.current)
    const commit = commitOf(aggregate.category, stream, snapshotOf(stream.loaded.version, stream.current))
    if (commit !== null) commits.push(commit)
  }
  return { answers, commits, after, intents: context.intents }
}

const streamBatchOf = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  { command, tenantId }: Envelope<C>,
  loaded: Loaded<S, E>,
  { streams }: BatchContext<S, E>
): StreamBatch<S, E> => {
  const streamId = aggregate.streamOf(command)
  const key = streamKey(tenantId, streamId)
  const known = streams.get(key)
  if (known !== undefined) return known
  const start = loaded.streams.get(key) ?? { state: aggregate.initial, version: 0, sealed: null, recent: [] }
  const stream = makeStreamBatch(tenantId, streamId, start)
  streams.set(key, stream)
  return stream
}

/** A receipt proves one request: the same type of command with the same fingerprint. Anything else under its key is a mistake. */
const answerFromReceipt = <C extends Command, R, O>(
  { command, idempotency }: Envelope<C>,
  receipt: Receipt
): BatchAnswer<R, O> =>
  receipt.fingerprint === idempotency?.fingerprint && receipt.commandType === command._tag
    ? Result.succeed({ version: receipt.version, replayed: true, outcome: receipt.answer as O })
    : Result.fail(new IdempotencyKeyReused({ key: receipt.key }))

const decideOne = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  envelope: Envelope<C>,
  stream: StreamBatch<S, E>,
  context: BatchContext<S, E>
): BatchAnswer<R, O> => {
  const { command, commandId, expectedVersion, idempotency, tenantId } = envelope
  const { current } = stream
  const applied = idempotency === null ? current.recent.findLast((one) => one.commandId === commandId) : undefined
  if (applied !== undefined) return answerFromState(aggregate, envelope, stream, applied, context)
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
    record(aggregate, envelope, stream, events, state)
    stream.current = { state, version, sealed, recent: withApplied(current.recent, { commandId, events }) }
    const stamp = { tenantId, streamId: stream.streamId, version, at: command.at }
    stream.row = aggregate.project(state, stamp)
    stream.requires.push(...aggregate.requires(events, state, command))
    context.intents.push(...aggregate.intend(events, state, stamp, sealed, command))
  }
  if (idempotency !== null) keepReceipt(envelope, stream, outcome, context)
  return Result.succeed({ version, replayed: false, outcome })
}

/** The same command again, because its answer was lost: the answer is repeated, and its intents too if no command came after it. */
const answerFromState = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  { command, tenantId }: Envelope<C>,
  { current, streamId }: StreamBatch<S, E>,
  applied: AppliedCommand<E>,
  { intents }: BatchContext<S, E>
): BatchAnswer<R, O> => {
  const { recent, sealed, state, version } = current
  if (recent.at(-1) === applied) {
    const stamp = { tenantId, streamId, version, at: command.at }
    intents.push(...aggregate.intend(applied.events, state, stamp, sealed, command))
  }
  return Result.succeed({ version, replayed: false, outcome: aggregate.respond(command, state, applied.events) })
}

/** Also for a command that changed nothing: its key is used up, and a repeat gets the same answer. */
const keepReceipt = <C extends Command, S, E>(
  { command, idempotency, tenantId }: Envelope<C>,
  { current, receipts, streamId }: StreamBatch<S, E>,
  answer: unknown,
  context: BatchContext<S, E>
): void => {
  if (idempotency === null) return
  const { fingerprint, key } = idempotency
  const receipt = { key, fingerprint, commandType: command._tag, streamId, version: current.version, answer }
  context.receipts.set(receiptKey(tenantId, key), receipt)
  receipts.push({ ...receipt, expiresAt: command.at + context.receiptTtlMs })
}
