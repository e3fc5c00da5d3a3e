/** Decides a batch in order, without a store: a later command sees what an earlier one decided, and each stream has one commit. */
import type { Envelope } from "@dueline/contracts/Envelope"
import type { Intent } from "@dueline/contracts/Intent"
import { IdempotencyKeyReused, VersionMismatch } from "@dueline/contracts/ports/Orchestrator"
import type { Commit, Receipt, Snapshot } from "@dueline/contracts/ports/Persistence"
import { Result } from "effect"
import type { Aggregate, Command, Tagged } from "./Aggregate.ts"
import { commitOf, type Lane, makeLane, record } from "./Lane.ts"
import { type Carried, type Remembered, receiptKey, streamKey, withCarried } from "./StreamCache.ts"

export type BatchAnswer<R, O> = Result.Result<
  { readonly version: number; readonly replayed: boolean; readonly outcome: O },
  R | VersionMismatch | IdempotencyKeyReused
>

export interface Loaded<S, E> {
  /** By `streamKey`; a stream that is missing does not exist yet. */
  readonly streams: ReadonlyMap<string, Remembered<S, E>>
  /** By tenant and key, as `receiptKey` puts them together. */
  readonly receipts: ReadonlyMap<string, Receipt>
}

export interface Decided<S, E, R, O> {
  /** In the order of the commands. Valid only once the commits are durable. */
  readonly answers: ReadonlyArray<BatchAnswer<R, O>>
  readonly commits: ReadonlyArray<Commit>
  /** What the streams look like afterwards. */
  readonly after: ReadonlyMap<string, Remembered<S, E>>
  readonly intents: ReadonlyArray<Intent>
}

/** What one batch gathers while it is decided. */
interface Desk<S, E> {
  readonly lanes: Map<string, Lane<S, E>>
  readonly receipts: Map<string, Receipt>
  readonly intents: Array<Intent>
  readonly receiptTtlMs: number
}

export const decideBatch = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  envelopes: ReadonlyArray<Envelope<C>>,
  loaded: Loaded<S, E>,
  receiptTtlMs: number,
  snapshotOf: (before: number, after: Remembered<S, E>) => Snapshot | null = () => null
): Decided<S, E, R, O> => {
  const desk: Desk<S, E> = { lanes: new Map(), receipts: new Map(loaded.receipts), intents: [], receiptTtlMs }
  const answers = envelopes.map((envelope) => {
    const lane = laneOf(aggregate, envelope, loaded, desk)
    const { idempotency, tenantId } = envelope
    const earlier = idempotency === null ? undefined : desk.receipts.get(receiptKey(tenantId, idempotency.key))
    return earlier === undefined ? decideOne(aggregate, envelope, lane, desk) : answerAgain<C, R, O>(envelope, earlier)
  })
  const commits: Array<Commit> = []
  const after = new Map<string, Remembered<S, E>>()
  for (const [key, lane] of desk.lanes) {
    after.set(key, lane.current)
    const commit = commitOf(aggregate.category, lane, snapshotOf(lane.loaded.version, lane.current))
    if (commit !== null) commits.push(commit)
  }
  return { answers, commits, after, intents: desk.intents }
}

const laneOf = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  { command, tenantId }: Envelope<C>,
  { streams }: Loaded<S, E>,
  { lanes }: Desk<S, E>
): Lane<S, E> => {
  const streamId = aggregate.streamOf(command)
  const key = streamKey(tenantId, streamId)
  const known = lanes.get(key)
  if (known !== undefined) return known
  const start = streams.get(key) ?? { state: aggregate.initial, version: 0, sealed: null, recent: [] }
  const lane = makeLane(tenantId, streamId, start)
  lanes.set(key, lane)
  return lane
}

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
  lane: Lane<S, E>,
  desk: Desk<S, E>
): BatchAnswer<R, O> => {
  const { command, commandId, expectedVersion, idempotency, tenantId } = envelope
  const { current } = lane
  const carried = idempotency === null ? current.recent.findLast((one) => one.commandId === commandId) : undefined
  if (carried !== undefined) return tellAgain(aggregate, envelope, lane, carried, desk)
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
    record(aggregate, envelope, lane, events, state)
    lane.current = { state, version, sealed, recent: withCarried(current.recent, { commandId, events }) }
    const stamp = { tenantId, streamId: lane.streamId, version, at: command.at }
    lane.row = aggregate.project(state, stamp)
    lane.requires.push(...aggregate.requires(events, state, command))
    desk.intents.push(...aggregate.intend(events, state, stamp, sealed, command))
  }
  if (idempotency !== null) remember(envelope, lane, outcome, desk)
  return Result.succeed({ version, replayed: false, outcome })
}

/** The same command once more, because its answer was lost: it is told what it did, and if it was the last, what follows follows again. */
const tellAgain = <C extends Command, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  { command, tenantId }: Envelope<C>,
  { current, streamId }: Lane<S, E>,
  carried: Carried<E>,
  { intents }: Desk<S, E>
): BatchAnswer<R, O> => {
  const { recent, sealed, state, version } = current
  if (recent.at(-1) === carried) {
    const stamp = { tenantId, streamId, version, at: command.at }
    intents.push(...aggregate.intend(carried.events, state, stamp, sealed, command))
  }
  return Result.succeed({ version, replayed: false, outcome: aggregate.respond(command, state, carried.events) })
}

/** Also for a command that changed nothing: its key is taken, and a repeat hears the same. */
const remember = <C extends Command, S, E>(
  { command, idempotency, tenantId }: Envelope<C>,
  { current, receipts, streamId }: Lane<S, E>,
  answer: unknown,
  desk: Desk<S, E>
): void => {
  if (idempotency === null) return
  const { fingerprint, key } = idempotency
  const receipt = { key, fingerprint, commandType: command._tag, streamId, version: current.version, answer }
  desk.receipts.set(receiptKey(tenantId, key), receipt)
  receipts.push({ ...receipt, expiresAt: command.at + desk.receiptTtlMs })
}
