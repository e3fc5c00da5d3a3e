/** A batch of commits as the columns that `dueline.commit_batch` and the functions for rows of calls take, each in its order. */
import type { Commit } from "@dueline/contracts/ports/Persistence"
import { PgTypes } from "@effect/sql-pg"
import { Result } from "effect"
import { type StoredCall, stepParameters, wholeParameters } from "../schema/callColumns.ts"

type Column = PgTypes.Parameter

/** How a table's rows become columns: one picker for each, with the type of what it picks. */
type Columns<Row> = ReadonlyArray<readonly [oid: number, pick: (row: Row) => unknown]>

const { float8, int4, text, uuid } = PgTypes.OID

const columnsOf = <Row>(columns: Columns<Row>, rows: ReadonlyArray<Row>): ReadonlyArray<Column> =>
  columns.map(([oid, pick]) => Result.getOrThrow(PgTypes.array(rows.map(pick), oid)))

const check: Columns<Commit> = [
  [uuid, (commit) => commit.tenantId],
  [uuid, (commit) => commit.streamId],
  [int4, (commit) => commit.expectedVersion]
]

interface EventRow {
  readonly commit: Commit
  readonly event: Commit["events"][number]
  readonly index: number
}

const event: Columns<EventRow> = [
  [uuid, ({ commit }) => commit.tenantId],
  [uuid, ({ commit }) => commit.streamId],
  [int4, ({ commit, index }) => commit.expectedVersion + index + 1],
  [text, ({ commit }) => commit.category],
  [uuid, ({ event }) => event.eventId],
  [text, ({ event }) => event.type],
  [int4, ({ event }) => event.eventVersion],
  [text, ({ event }) => JSON.stringify(event.payload)],
  [text, ({ event }) => JSON.stringify(event.metadata)],
  [float8, ({ event }) => event.recordedAt]
]

interface MessageRow {
  readonly commit: Commit
  readonly message: Commit["outbox"][number]
}

const message: Columns<MessageRow> = [
  [uuid, ({ commit }) => commit.tenantId],
  [uuid, ({ message }) => message.eventId],
  [uuid, ({ commit }) => commit.streamId],
  [text, ({ message }) => (message.unheard === true ? `-${message.topic}` : message.topic)],
  [text, ({ message }) => JSON.stringify(message.payload)]
]

interface ReceiptRow {
  readonly commit: Commit
  readonly receipt: Commit["receipts"][number]
  /** The call's first event says what the receipt would: only its key is kept, and `load_batch` puts the rest together again. */
  readonly said: boolean
}

const answerMembers = 5

/** Whether `load_batch` makes this very receipt from the call's first event. */
const saidByFirstEvent = ({ events: [first], expectedVersion, streamId }: Commit, receipt: ReceiptRow["receipt"]) => {
  if (expectedVersion !== 0 || first?.type !== "ServiceCallSubmitted") return false
  if (receipt.commandType !== "SubmitServiceCall" || receipt.streamId !== streamId) return false
  const { dueAt, fingerprint } = first.payload as Readonly<Record<string, unknown>>
  const answer = receipt.answer as Readonly<Record<string, unknown>>
  return (
    receipt.fingerprint === fingerprint &&
    answer["_tag"] === "Submitted" &&
    answer["callId"] === streamId &&
    answer["status"] === "Scheduled" &&
    answer["dueAt"] === dueAt &&
    answer["attempt"] === 0 &&
    Object.keys(answer).length === answerMembers
  )
}

const receipt: Columns<ReceiptRow> = [
  [uuid, ({ commit }) => commit.tenantId],
  [text, ({ receipt }) => receipt.key],
  [text, ({ receipt, said }) => (said ? "" : receipt.fingerprint)],
  [text, ({ receipt, said }) => (said ? "" : receipt.commandType)],
  [uuid, ({ receipt }) => receipt.streamId],
  [int4, ({ receipt }) => receipt.version],
  [text, ({ receipt, said }) => (said ? "null" : JSON.stringify(receipt.answer))],
  [float8, ({ receipt }) => receipt.expiresAt]
]

const erased: Columns<Commit> = check.slice(0, 2)

export const commitParameters = (batch: ReadonlyArray<Commit>): ReadonlyArray<Column> => [
  ...columnsOf(
    check,
    batch.filter(({ expectedVersion }) => expectedVersion > 0)
  ),
  ...columnsOf(
    event,
    batch.flatMap((commit) => commit.events.map((event, index) => ({ commit, event, index })))
  ),
  ...columnsOf(
    message,
    batch.flatMap((commit) => commit.outbox.map((message) => ({ commit, message })))
  ),
  ...columnsOf(
    receipt,
    batch.flatMap((commit) =>
      commit.receipts.map((receipt) => ({ commit, receipt, said: saidByFirstEvent(commit, receipt) }))
    )
  ),
  ...columnsOf(
    erased,
    batch.filter(({ row, sealed }) => row === null && sealed._tag === "erase")
  )
]

export const commitParameterCount = [check, event, message, receipt, erased].reduce(
  (sum, { length }) => sum + length,
  0
)

const whole: Columns<StoredCall> = wholeParameters.map(([type, pick]) => [PgTypes.OID[type], pick])
const step: Columns<StoredCall> = stepParameters.map(([type, pick]) => [PgTypes.OID[type], pick])

/** What becomes of rows of calls: begun with their stream, changed by a step, or made what they should be, whatever they were. */
export type RowChange = "add" | "step" | "store"
export const rowChanges: ReadonlyArray<RowChange> = ["add", "step", "store"]

const columnsOfChange = { add: whole, step, store: whole } as const

export const rowParameterCount = (change: RowChange): number => columnsOfChange[change].length

const isReplaced = ({ type }: Commit["events"][number]): boolean => type === "ServiceCallReplaced"

/** A commit without events puts its row right, and one that replaces a call changes what a step leaves as it is. */
const changeOf = ({ events, expectedVersion }: Commit): RowChange =>
  events.length === 0 || (expectedVersion > 0 && events.some(isReplaced))
    ? "store"
    : expectedVersion === 0
      ? "add"
      : "step"

/** '' means: keep what is there. A new stream has nothing to keep. */
const sealedOf = ({ expectedVersion, sealed }: Commit): string | null =>
  sealed._tag === "set" ? sealed.value : sealed._tag === "keep" && expectedVersion > 0 ? "" : null

/** The rows of calls in the batch by what becomes of them, where there are any; `certain`: each is stored whole. */
export const rowParameters = (
  batch: ReadonlyArray<Commit>,
  certain: boolean
): ReadonlyArray<readonly [change: RowChange, parameters: ReadonlyArray<Column>]> => {
  const stored: Readonly<Record<RowChange, Array<StoredCall>>> = { add: [], step: [], store: [] }
  for (const commit of batch)
    if (commit.row?._tag === "ServiceCallRow")
      stored[certain ? "store" : changeOf(commit)].push({ row: commit.row, sealed: sealedOf(commit) })
  return rowChanges
    .filter((change) => stored[change].length > 0)
    .map((change) => [change, columnsOf(columnsOfChange[change], stored[change])])
}
