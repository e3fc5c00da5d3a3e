/**
 * The write side in memory: a batch is judged as a whole, then stored as a whole, in one turn of the event loop. The rules between aggregates, over
 * plain rows: what a database keeps with constraints and locks.
 */
import type { RecordedEvent } from "@dueline/contracts/Envelope"
import type { EpochMillis } from "@dueline/contracts/Ids"
import type { FieldValue, NoRow, RowIs, Rules, Test } from "@dueline/contracts/Rules"
import type { StoreRule } from "@dueline/contracts/StoreRule"
import {
  categories,
  type Category,
  categoryOfRow,
  fieldsOf,
  kinds,
  opsCategories,
  type OpsCategory,
  type ReadModelRow,
  rowId,
  type RowOf,
  rulesOf
} from "@dueline/contracts/kinds"
import {
  type Commit,
  CommitConflict,
  type LoadRequest,
  type Persistence,
  RuleBroken,
  type Slice
} from "@dueline/contracts/ports/Persistence"
import { callbackTopic } from "@dueline/contracts/serviceCall/Topic"
import { Effect } from "effect"
import { copyOf, keyOf, type MemoryState, rowsOf } from "./MemoryState.ts"

const load = (state: MemoryState, request: LoadRequest): Slice => {
  const stream = state.streams.get(keyOf(request.tenantId, request.streamId))
  const stored =
    request.receiptKey === null ? undefined : state.receipts.get(keyOf(request.tenantId, request.receiptKey))
  const kept = stream?.snapshot ?? null
  const snapshot = request.wantEvents && kept?.form === request.snapshotForm ? kept : null
  return {
    version: stream?.events.length ?? 0,
    snapshot,
    events: request.wantEvents ? (stream?.events.slice(snapshot?.version ?? 0) ?? []) : [],
    sealed: stream?.sealed ?? null,
    receipt: stored?.receipt ?? null
  }
}

const withAttachment: ReadonlyArray<string> = categories.filter((category) => kinds[category].attachment)

/** Breaking the port's rules is a bug of the caller, and the memory store is where it should show. */
const assertLawful = (batch: ReadonlyArray<Commit>): void => {
  const streams = new Set<string>()
  for (const commit of batch) {
    const key = keyOf(commit.tenantId, commit.streamId)
    if (streams.has(key)) throw new Error(`two commits of stream ${key} in one batch`)
    if (commit.sealed._tag === "set" && !withAttachment.includes(commit.category))
      throw new Error(`an attachment of a ${commit.category}`)
    if (commit.events.length === 0 && commit.receipts.length === 0) throw new Error(`an empty commit of stream ${key}`)
    streams.add(key)
  }
}

const conflictIn = (state: MemoryState, batch: ReadonlyArray<Commit>): CommitConflict | undefined => {
  const keys = new Set<string>()
  for (const { expectedVersion, receipts, streamId, tenantId } of batch) {
    const version = state.streams.get(keyOf(tenantId, streamId))?.events.length ?? 0
    if (version !== expectedVersion) return new CommitConflict({ kind: "version", stream: { tenantId, streamId } })
    for (const receipt of receipts) {
      const key = keyOf(tenantId, receipt.key)
      if (state.receipts.has(key) || keys.has(key))
        return new CommitConflict({ kind: "receipt", stream: { tenantId, streamId } })
      keys.add(key)
    }
  }
  return undefined
}

const storeEvents = (state: MemoryState, commit: Commit): void => {
  const { category, streamId, tenantId } = commit
  const key = keyOf(tenantId, streamId)
  const stream = state.streams.get(key) ?? { events: [], sealed: null, snapshot: null }
  state.streams.set(key, stream)
  for (const event of commit.events) {
    const recorded: RecordedEvent = { ...copyOf(event), version: stream.events.length + 1 }
    stream.events.push(recorded)
    state.events.push({ position: state.events.length + 1, category, tenantId, streamId, event: recorded })
  }
  if (commit.snapshot !== null) stream.snapshot = copyOf(commit.snapshot)
  if (commit.sealed._tag === "set") stream.sealed = commit.sealed.value
  if (commit.sealed._tag === "erase") stream.sealed = null
}

/** What asks for a callback, and for the subscriptions of the tenant, where it has any, the rest; not the ends of the calls that deliveries are made with. */
const keepForSubscriptions = (state: MemoryState, { events, outbox, streamId, tenantId }: Commit): void => {
  if (outbox.length === 0) return
  const isHeard =
    rowsOf(state, "subscription").some((row) => row.tenantId === tenantId && row.status !== "Deleted") &&
    !state.deliveries.some((each) => each.tenantId === tenantId && each.callId === (streamId as string))
  const keptAt = (events.at(-1)?.recordedAt ?? 0) as EpochMillis
  for (const message of outbox) {
    if (!isHeard && message.topic !== callbackTopic) continue
    state.lastKept += 1
    const { unheard: _, ...told } = message
    state.kept.push({ ...copyOf(told), tenantId, streamId, seq: state.lastKept, keptAt, sorted: false })
  }
}

const store = (state: MemoryState, commit: Commit): void => {
  const { row, streamId, tenantId } = commit
  storeEvents(state, commit)
  if (row !== null) state.rows.set(keyOf(tenantId, rowId(row)), copyOf(row))
  for (const message of commit.outbox) {
    if (message.unheard === true) continue
    state.lastOutboxPosition += 1
    const position = state.lastOutboxPosition
    const entry = { ...copyOf(message), position, tenantId, streamId, failures: 0 }
    state.outbox.set(position, { entry, retryAt: null, errors: [] })
  }
  keepForSubscriptions(state, commit)
  for (const { expiresAt, ...receipt } of commit.receipts) {
    state.receipts.set(keyOf(tenantId, receipt.key), { tenantId, streamId, receipt: copyOf(receipt), expiresAt })
  }
}

export const make = (state: MemoryState, unkept: ReadonlyArray<StoreRule> = []): Persistence["Service"] => ({
  load: (requests) => Effect.sync(() => requests.map((request) => load(state, request))),
  commit: (batch) =>
    Effect.suspend((): Effect.Effect<void, CommitConflict | RuleBroken> => {
      assertLawful(batch)
      const conflict = conflictIn(state, batch)
      if (conflict !== undefined) return Effect.fail(conflict)
      const broken = brokenRule(state, batch, unkept)
      if (broken !== null) return Effect.fail(new RuleBroken({ rule: broken }))
      for (const commit of batch) store(state, commit)
      return Effect.void
    })
})

/** What the rows will be once the batch is stored. */
type Rows = ReadonlyMap<string, ReadModelRow>
type OpsRow = RowOf<OpsCategory>

/** The first rule that the batch would break, or null. Nothing of it has been stored yet. `unkept` rules are not looked at. */
export const brokenRule = (
  state: MemoryState,
  batch: ReadonlyArray<Commit>,
  unkept: ReadonlyArray<StoreRule> = []
): StoreRule | null => {
  const concerned = batch.filter(({ requires, row }) => requires.length > 0 || (row !== null && isConstrained(row)))
  if (concerned.length === 0) return null
  const rows = new Map(state.rows)
  for (const { row, tenantId } of batch) if (row !== null) rows.set(keyOf(tenantId, rowId(row)), row)
  for (const { requires, row, tenantId } of concerned) {
    const constraints = row !== null && isConstrained(row) ? brokenConstraints(rows, row) : []
    const broken = [...constraints, ...requires.map((each) => unmet(rows, tenantId, each))].find(
      (rule) => rule !== null && !unkept.includes(rule)
    )
    if (broken !== undefined) return broken
  }
  return null
}

const isOps = (category: Category): category is OpsCategory => opsCategories.some((kind) => kind === category)

const isConstrained = (row: ReadModelRow): row is OpsRow => {
  const kind = categoryOfRow(row)
  if (!isOps(kind)) return false
  const { apart, unique }: Rules = rulesOf(kind)
  return unique.length + apart.length > 0
}

const valueOf = (kind: OpsCategory, row: OpsRow, field: string): FieldValue => {
  const known = fieldsOf<OpsCategory>(kind)[field]
  if (known === undefined) throw new Error(`a ${kind} has no field ${field}`)
  return known.read(row)
}

const passes = (kind: OpsCategory, row: OpsRow, test: Test): boolean => {
  const value = valueOf(kind, row, test.field)
  return "is" in test ? test.is.includes(value) : !test.isNot.includes(value)
}

const isOf = (kind: OpsCategory, tenantId: string, row: ReadModelRow): row is OpsRow =>
  row._tag === kinds[kind].rowTag && row.tenantId === tenantId

const brokenConstraints = (rows: Rows, row: OpsRow): ReadonlyArray<StoreRule | null> => {
  const kind = categoryOfRow(row) as OpsCategory
  const { apart, unique }: Rules<string, StoreRule> = rulesOf(kind)
  const others = [...rows.values()].filter(
    (other): other is OpsRow => isOf(kind, row.tenantId, other) && rowId(other) !== rowId(row)
  )
  const alike = (fields: ReadonlyArray<string>, other: OpsRow) =>
    fields.every((field) => {
      const value = valueOf(kind, row, field)
      return value !== null && value === valueOf(kind, other, field)
    })
  const overlap = (from: string, to: string, other: OpsRow) =>
    before(valueOf(kind, other, from), valueOf(kind, row, to)) &&
    before(valueOf(kind, row, from), valueOf(kind, other, to))
  return [
    ...unique.map(({ fields, rule }) => (others.some((other) => alike(fields, other)) ? rule : null)),
    ...apart.map(({ alike: by, from, rule, to, when }) =>
      passes(kind, row, when) &&
      others.some((other) => passes(kind, other, when) && alike(by, other) && overlap(from, to, other))
        ? rule
        : null
    )
  ]
}

const before = (a: FieldValue, b: FieldValue): boolean => typeof a === "number" && typeof b === "number" && a < b

type Asked = RowIs<OpsCategory, string, StoreRule> | NoRow<OpsCategory, string, StoreRule>

const unmet = (rows: Rows, tenantId: string, requirement: Asked): StoreRule | null => {
  const { kind } = requirement
  if (requirement._tag === "RowIs") {
    const row = rows.get(keyOf(tenantId, requirement.id))
    if (row === undefined || !isOf(kind, tenantId, row)) return requirement.missing
    return requirement.unless.find((test) => passes(kind, row, test))?.rule ?? null
  }
  const { rule, when, where } = requirement
  const matches = (row: ReadModelRow): boolean =>
    isOf(kind, tenantId, row) &&
    Object.entries(where).every(([field, value]) => valueOf(kind, row, field) === value) &&
    when.every((test) => passes(kind, row, test))
  return [...rows.values()].some(matches) ? rule : null
}
