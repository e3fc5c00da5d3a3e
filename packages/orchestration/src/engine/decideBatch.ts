/**
 * Decides a batch in order, without a store: a later command sees what an earlier one decided, and each stream has one commit. A pure
 * function; event ids follow from what is decided, so the same decision made again has the same ids. Every command passes through here, so
 * what is done for each is a plain loop.
 */
import type { Envelope, NewEvent } from "@dueline/contracts/Envelope"
import type { StreamId, TenantId } from "@dueline/contracts/Ids"
import type { Intent } from "@dueline/contracts/Intent"
import { IdempotencyKeyReused, VersionMismatch } from "@dueline/contracts/ports/Orchestrator"
import type { Commit, OutboxMessage, Receipt, Snapshot } from "@dueline/contracts/ports/Persistence"
import type { Requirement } from "@dueline/contracts/StoreRule"
import { withTrace } from "@dueline/contracts/telemetry/Tracing"
import { Result } from "effect"
import type { Aggregate, Command, Stamp, Tagged } from "./Aggregate.ts"
import { eventId } from "./eventId.ts"
import type { Joint } from "./joint.ts"
import { type AppliedCommand, type CachedStream, currentVersion, withApplied } from "./storedForms.ts"

/** Tenant and stream in one string; a stream id never stands without its tenant. */
export const streamKey = (tenantId: TenantId, streamId: StreamId): string => `${tenantId}/${streamId}`

/** The same for a receipt: an idempotency key never stands without its tenant either. */
export const receiptKey = (tenantId: string, key: string): string => `${tenantId}/${key}`

/** A command with what it is about, worked out once. */
export interface Request<C> {
  readonly envelope: Envelope<C>
  readonly streamId: StreamId
  /** `streamKey` of tenant and stream. */
  readonly key: string
  /** `receiptKey` of tenant and idempotency key, where there is one. */
  readonly receiptKey: string | null
  /** A command about the same stream that is decided right after this one, if this one is accepted. */
  readonly next?: Envelope<C> | null
  /** What is to be in the same commit, if this one decides anything. */
  readonly joint?: Joint | null
}

export const requestOf = <C extends Command>(streamOf: (command: C) => StreamId, envelope: Envelope<C>): Request<C> => {
  const { command, idempotency, tenantId } = envelope
  const streamId = streamOf(command)
  const key = streamKey(tenantId, streamId)
  return { envelope, streamId, key, receiptKey: idempotency === null ? null : receiptKey(tenantId, idempotency.key) }
}

/** One stream's part of a batch: what was there before, what it is by now, and what will be committed for it. */
interface StreamBatch<S, E> {
  readonly tenantId: TenantId
  readonly streamId: StreamId
  readonly loaded: CachedStream<S, E>
  /** What was there before came out of the cache. */
  readonly cached: boolean
  current: CachedStream<S, E>
  readonly events: Array<NewEvent>
  readonly outbox: Array<OutboxMessage>
  readonly receipts: Array<Receipt & { readonly expiresAt: number }>
  readonly requires: Array<Requirement>
  row: Commit["row"]
}

/** Adds decided events to the stream, with the public messages they call for. `state` is the one after all of them. */
const record = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  { actor, command, commandId, correlationId, tenantId, traceparent }: Envelope<C>,
  stream: StreamBatch<S, E>,
  events: ReadonlyArray<E>,
  state: S
): void => {
  const { at } = command
  const { streamId } = stream
  const own = actor.kind === "system" ? aggregate.correlation(state) : null
  const metadata = { commandId, correlationId: own ?? correlationId, actor, traceparent }
  let { version } = stream.current
  for (const payload of events) {
    version += 1
    const id = eventId(tenantId, streamId, version, at)
    const type = payload._tag
    const eventVersion = currentVersion(aggregate.upcasters, type)
    stream.events.push({ eventId: id, type, eventVersion, payload, metadata, recordedAt: at })
    const message = aggregate.announce(payload, state, { tenantId, streamId, version, at }, command)
    if (message !== null)
      stream.outbox.push({ eventId: id, topic: message.topic, payload: withTrace(message.payload, traceparent) })
  }
}

/** What is to be committed for the stream: nothing, unless something was decided or a receipt has to be kept. */
const commitOf = <S, E>(
  category: string,
  stream: StreamBatch<S, E>,
  snapshotOf: (before: number, after: CachedStream<S, E>) => Snapshot | null
): Commit | null => {
  if (isEmpty(stream)) return null
  const { current, events, loaded, outbox, receipts, requires, row, streamId, tenantId } = stream
  const snapshot = snapshotOf(loaded.version, current)
  const sealed = attachmentChange(loaded.sealed, current.sealed)
  const expectedVersion = loaded.version
  return { tenantId, streamId, category, expectedVersion, events, row, requires, snapshot, sealed, outbox, receipts }
}

const isEmpty = <S, E>({ events, receipts }: StreamBatch<S, E>): boolean => events.length === 0 && receipts.length === 0

const attachmentChange = (before: string | null, after: string | null): Commit["sealed"] => {
  if (before === after) return { _tag: "keep" }
  return after === null ? { _tag: "erase" } : { _tag: "set", value: after }
}

export type BatchAnswer<R, O> = Result.Result<
  { readonly version: number; readonly replayed: boolean; readonly outcome: O },
  R | VersionMismatch | IdempotencyKeyReused
>

export interface Loaded<S, E> {
  /** By request, as far as the cache has its stream. */
  readonly cached: ReadonlyArray<CachedStream<S, E> | undefined>
  /** What was read just now, by `streamKey`. A stream that is in neither does not exist yet. */
  readonly streams: ReadonlyMap<string, CachedStream<S, E>>
  /** By `receiptKey`. */
  readonly receipts: ReadonlyMap<string, Receipt>
}

export interface Decided<C, S, E, R, O> {
  /** In the order of the commands. Valid only once the commits are durable. */
  readonly answers: ReadonlyArray<BatchAnswer<R, O>>
  /** What became of the `next` of each command; undefined where none was decided. */
  readonly nextAnswers: ReadonlyArray<BatchAnswer<R, O> | undefined>
  readonly commits: ReadonlyArray<Commit>
  /** By `streamKey`: what each stream is afterwards. */
  readonly streams: ReadonlyMap<string, { readonly current: CachedStream<S, E> }>
  readonly intents: Array<Intent>
  /** Requests whose answers rest on the cache alone, since no commit checks them. */
  readonly unproven: ReadonlyArray<Request<C>>
}

/** What one batch gathers while it is decided. */
interface BatchContext<S, E> {
  readonly streams: Map<string, StreamBatch<S, E>>
  /** Those of this batch, by `receiptKey`. */
  readonly receipts: Map<string, Receipt>
  readonly intents: Array<Intent>
  readonly receiptTtlMs: number
}

export const decideBatch = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  requests: ReadonlyArray<Request<C>>,
  loaded: Loaded<S, E>,
  receiptTtlMs: number,
  snapshotOf: (before: number, after: CachedStream<S, E>) => Snapshot | null = () => null
): Decided<C, S, E, R, O> => {
  const context: BatchContext<S, E> = { streams: new Map(), receipts: new Map(), intents: [], receiptTtlMs }
  const answers: Array<BatchAnswer<R, O>> = []
  const nextAnswers: Array<BatchAnswer<R, O> | undefined> = []
  for (const request of requests) {
    const stream = streamBatchOf(aggregate, request, loaded, answers.length, context)
    const { next, receiptKey } = request
    const earlier =
      receiptKey === null ? undefined : (context.receipts.get(receiptKey) ?? loaded.receipts.get(receiptKey))
    const intended = context.intents.length
    const answer =
      earlier === undefined
        ? decideOne(aggregate, request, stream, context)
        : answerFromReceipt<C, R, O>(request.envelope, earlier)
    answers.push(answer)
    const goesOn = next !== undefined && next !== null && Result.isSuccess(answer)
    nextAnswers.push(goesOn ? decideNext(aggregate, request, next, stream, context, intended) : undefined)
  }
  const { intents, streams } = context
  const commits: Array<Commit> = []
  let unfenced = false
  for (const stream of streams.values()) {
    const commit = commitOf(aggregate.category, stream, snapshotOf)
    if (commit !== null) commits.push(commit)
    else if (stream.cached) unfenced = true
  }
  return {
    answers,
    nextAnswers,
    commits,
    streams,
    intents,
    unproven: unfenced ? unprovenOf(requests, answers, streams) : []
  }
}

const unprovenOf = <C, S, E, R, O>(
  requests: ReadonlyArray<Request<C>>,
  answers: ReadonlyArray<BatchAnswer<R, O>>,
  streams: ReadonlyMap<string, StreamBatch<S, E>>
): ReadonlyArray<Request<C>> =>
  requests.filter(({ key }, i) => {
    const answer = answers[i]
    const stream = streams.get(key)
    const replayed = answer !== undefined && Result.isSuccess(answer) && answer.success.replayed
    return !replayed && stream !== undefined && stream.cached && isEmpty(stream)
  })

const streamBatchOf = <C extends Command, S, E extends Tagged, R, O>(
  { initial }: Aggregate<C, S, E, R, O>,
  { envelope, key, streamId }: Request<C>,
  loaded: Loaded<S, E>,
  index: number,
  { streams }: BatchContext<S, E>
): StreamBatch<S, E> => {
  const known = streams.get(key)
  if (known !== undefined) return known
  const cached = loaded.cached[index]
  const start = cached ?? loaded.streams.get(key) ?? { state: initial, version: 0, sealed: null, recent: [] }
  const stream: StreamBatch<S, E> = {
    tenantId: envelope.tenantId,
    streamId,
    loaded: start,
    cached: cached !== undefined,
    current: start,
    events: [],
    outbox: [],
    receipts: [],
    requires: [],
    row: null
  }
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
  { envelope, receiptKey }: Request<C>,
  stream: StreamBatch<S, E>,
  context: BatchContext<S, E>
): BatchAnswer<R, O> => {
  const { command, commandId, expectedVersion, tenantId } = envelope
  const { current } = stream
  const applied = receiptKey === null ? appliedBefore(current.recent, commandId) : undefined
  if (applied !== undefined) return answerFromState(aggregate, envelope, stream, applied, context)
  if (expectedVersion !== null && current.version !== 0 && expectedVersion !== current.version) {
    return Result.fail(new VersionMismatch({ expected: expectedVersion, actual: current.version }))
  }
  const decision = aggregate.decide(command, current.state)
  if (Result.isFailure(decision)) return Result.fail(decision.failure)
  const events = decision.success
  let { state } = current
  for (const event of events) state = aggregate.evolve(state, event, command.at)
  const version = current.version + events.length
  const outcome = aggregate.respond(command, state, events)
  if (events.length > 0) {
    const sealed = aggregate.attachment(command, current.sealed, state)
    record(aggregate, envelope, stream, events, state)
    stream.current = { state, version, sealed, recent: withApplied(current.recent, { commandId, events }) }
    const stamp = { tenantId, streamId: stream.streamId, version, at: command.at }
    stream.row = aggregate.project(state, stamp)
    for (const required of aggregate.requires(events, state, command)) stream.requires.push(required)
    intend(aggregate, command, stream, events, stamp, context)
  }
  if (receiptKey !== null) keepReceipt(envelope, receiptKey, stream, outcome, context)
  return Result.succeed({ version, replayed: false, outcome })
}

/** What the command before it wanted, since `intended`, is overtaken by whatever this one comes to. */
const decideNext = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  request: Request<C>,
  envelope: Envelope<C>,
  stream: StreamBatch<S, E>,
  context: BatchContext<S, E>,
  intended: number
): BatchAnswer<R, O> => {
  const { intents } = context
  const [{ version }, since] = [stream.current, intents.length]
  const answer = decideOne(aggregate, { ...request, envelope, receiptKey: null }, stream, context)
  if (stream.current.version !== version) intents.splice(intended, since - intended)
  return answer
}

const appliedBefore = <E>(
  recent: ReadonlyArray<AppliedCommand<E>>,
  commandId: string
): AppliedCommand<E> | undefined => {
  for (let i = recent.length - 1; i >= 0; i--) if (recent[i]?.commandId === commandId) return recent[i]
  return undefined
}

const intend = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  command: C,
  { current: { sealed, state } }: StreamBatch<S, E>,
  events: ReadonlyArray<E>,
  stamp: Stamp,
  { intents }: BatchContext<S, E>
): void => {
  for (const intent of aggregate.intend(events, state, stamp, sealed, command)) intents.push(intent)
}

/** The same command again, because its answer was lost: the answer is repeated, and its intents too if no command came after it. */
const answerFromState = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  { command, tenantId }: Envelope<C>,
  stream: StreamBatch<S, E>,
  applied: AppliedCommand<E>,
  context: BatchContext<S, E>
): BatchAnswer<R, O> => {
  const { recent, state, version } = stream.current
  if (recent.at(-1) === applied) {
    const stamp = { tenantId, streamId: stream.streamId, version, at: command.at }
    intend(aggregate, command, stream, applied.events, stamp, context)
  }
  return Result.succeed({ version, replayed: false, outcome: aggregate.respond(command, state, applied.events) })
}

/** Also for a command that changed nothing: its key is used up, and a repeat gets the same answer. */
const keepReceipt = <C extends Command, S, E>(
  { command, idempotency }: Envelope<C>,
  id: string,
  { current: { version }, receipts, streamId }: StreamBatch<S, E>,
  answer: unknown,
  context: BatchContext<S, E>
): void => {
  if (idempotency === null) return
  const { fingerprint, key } = idempotency
  const expiresAt = command.at + context.receiptTtlMs
  const receipt = { key, fingerprint, commandType: command._tag, streamId, version, answer, expiresAt }
  context.receipts.set(id, receipt)
  receipts.push(receipt)
}
