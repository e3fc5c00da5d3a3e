/** Persistence on PostgreSQL: a batch is one statement, one round trip and one transaction. */
import { StreamId, TenantId } from "@dueline/contracts/Ids"
import {
  type Commit,
  CommitConflict,
  type LoadRequest,
  Persistence,
  RuleBroken,
  type Slice
} from "@dueline/contracts/ports/Persistence"
import { StoreRule } from "@dueline/contracts/StoreRule"
import { Effect, Layer, Schema } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import {
  commitParameterCount,
  commitParameters,
  type RowChange,
  rowParameterCount,
  rowParameters
} from "./commitParameters.ts"
import { Database } from "../Database.ts"
import { opsParameter } from "./opsParameter.ts"
import { asking, reading, type ServerWords, serverWords } from "../SqlFailure.ts"

/** Our own codes: raised by `dueline.commit_batch` with "tenant stream" as its detail, by `dueline.commit_ops` with the rule, by `dueline.step_calls`. */
const versionConflict = "DL001"
const ruleBroken = "DL010"
const rowMissing = "DL011"
const uniqueViolation = "23505"
const exclusionViolation = "23P01"

const streamIn = (detail: string): CommitConflict["stream"] => {
  const [tenantId = "", streamId = ""] = detail.split(" ")
  return tenantId === "" || streamId === ""
    ? null
    : { tenantId: TenantId.make(tenantId), streamId: StreamId.make(streamId) }
}

/** As PostgreSQL words it: `Key (tenant_id, stream_id, version)=(…, …, 1) already exists.` */
const keyIn = (detail: string): string => /=\((.+), (.+), \d+\)/u.exec(detail)?.slice(1).join(" ") ?? ""

/** A new stream that exists, and a race that the version check could not see yet, end at a primary key. */
const conflictIn = ({ code, constraint, detail }: ServerWords): CommitConflict | null => {
  if (code === versionConflict) return new CommitConflict({ kind: "version", stream: streamIn(detail) })
  if (code !== uniqueViolation) return null
  if (constraint === "receipts_pkey") return new CommitConflict({ kind: "receipt", stream: null })
  return constraint === "events_pkey" ? new CommitConflict({ kind: "version", stream: streamIn(keyIn(detail)) }) : null
}

const isRule = Schema.is(StoreRule)

const ruleIn = ({ code, constraint, detail }: ServerWords): RuleBroken | null => {
  if (code === ruleBroken) return isRule(detail) ? new RuleBroken({ rule: detail }) : null
  // A constraint that is a rule of the program has the rule's name.
  const constrained = code === uniqueViolation || code === exclusionViolation
  return constrained && isRule(constraint) ? new RuleBroken({ rule: constraint }) : null
}

const refusalIn = (error: SqlError): CommitConflict | RuleBroken | null => {
  const words = serverWords(error)
  return conflictIn(words) ?? ruleIn(words)
}

const placeholders = (after: number, count: number): string =>
  Array.from({ length: count }, (_, index) => `$${after + index + 1}`).join(", ")

const commitBatch = `dueline.commit_batch(${placeholders(0, commitParameterCount)})`

/**
 * What stands under `from` has run before what is selected, and what is selected runs from left to right: versions and receipts are looked at before
 * rows are written, and before rules. Storing calls breaks no rule, and a batch without rules is spared the scan of a function, which costs
 * as much as the call of one.
 */
const statementFor = (changes: ReadonlyArray<RowChange>, hasOps: boolean): string => {
  let count = commitParameterCount
  const calls = changes.map((change) => {
    const from = count
    count += rowParameterCount(change)
    return `dueline.${change}_calls(${placeholders(from, rowParameterCount(change))})`
  })
  return hasOps
    ? `select ${[...calls, `dueline.commit_ops($${count + 1}::text::jsonb)`].join(", ")} from ${commitBatch}`
    : `select ${[commitBatch, ...calls].join(", ")}`
}

const statements = new Map<string, string>()

/** The same text for the same parts: the server keeps its plan. */
const statement = (changes: ReadonlyArray<RowChange>, hasOps: boolean): string => {
  const name = `${changes.join()} ${hasOps}`
  const known = statements.get(name) ?? statementFor(changes, hasOps)
  statements.set(name, known)
  return known
}

const send = (sql: SqlClient, batch: ReadonlyArray<Commit>, certain: boolean) => {
  const rows = rowParameters(batch, certain)
  const ops = opsParameter(batch)
  const parameters = [...commitParameters(batch), ...rows.flatMap(([, columns]) => columns)]
  const changes = rows.map(([change]) => change)
  return sql.unsafe(statement(changes, ops !== null), ops === null ? parameters : [...parameters, ops])
}

/** A row that should be there is not, or one is there that should not be: the log decides, and the batch brings the whole row. */
const isDrift = (error: SqlError): boolean => {
  const { code, constraint } = serverWords(error)
  return code === rowMissing || (code === uniqueViolation && constraint === "service_calls_pkey")
}

const commit = (sql: SqlClient) => (batch: ReadonlyArray<Commit>) =>
  batch.length === 0
    ? Effect.void
    : Effect.suspend(() => send(sql, batch, false)).pipe(
        Effect.catch((error) => (isDrift(error) ? send(sql, batch, true) : Effect.fail(error))),
        Effect.asVoid,
        Effect.catch((error) => Effect.fail(refusalIn(error) ?? error)),
        asking("commit")
      )

interface LoadedRow {
  readonly version: number
  readonly snapshot: Slice["snapshot"]
  readonly events: Slice["events"] | null
  readonly sealed: string | null
  readonly receipt: Slice["receipt"]
}

const loadStatement = "select version, snapshot, events, sealed, receipt from dueline.load_batch($1::text::json)"

const load = (sql: SqlClient) => (requests: ReadonlyArray<LoadRequest>) => {
  if (requests.length === 0) return Effect.succeed([])
  const asked = requests.map((request) => ({
    t: request.tenantId,
    s: request.streamId,
    k: request.receiptKey,
    e: request.wantEvents,
    f: request.snapshotForm
  }))
  return sql.unsafe<LoadedRow>(loadStatement, [JSON.stringify(asked)]).pipe(
    Effect.map((rows) => rows.map((row): Slice => ({ ...row, events: row.events ?? [], sealed: row.sealed || null }))),
    reading("load")
  )
}

export const layer: Layer.Layer<Persistence, never, Database> = Layer.effect(
  Persistence,
  Effect.map(Database, ({ writer }) => Persistence.of({ load: load(writer), commit: commit(writer) }))
)
