/** Persistence on PostgreSQL: a batch is one statement, one round trip and one transaction. */
import { StreamId, TenantId } from "@dueline/contracts/Ids"
import {
  type Commit,
  CommitConflict,
  type LoadRequest,
  Persistence,
  type Slice
} from "@dueline/contracts/ports/Persistence"
import { Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { commitParameters, parameterCount } from "./commitParameters.ts"
import { Database } from "./Database.ts"
import { asking, serverWords } from "./SqlFailure.ts"

/** Our own code, raised by `dueline.commit_batch` with "tenant stream" as its detail. */
const versionConflict = "DL001"

const streamIn = (detail: string): CommitConflict["stream"] => {
  const [tenantId = "", streamId = ""] = detail.split(" ")
  return tenantId === "" || streamId === ""
    ? null
    : { tenantId: TenantId.make(tenantId), streamId: StreamId.make(streamId) }
}

/** As PostgreSQL words it: `Key (tenant_id, stream_id, version)=(…, …, 1) already exists.` */
const keyIn = (detail: string): string => /=\((.+), (.+), \d+\)/u.exec(detail)?.slice(1).join(" ") ?? ""

/** A new stream that exists, and a race that the version check could not see yet, end at a primary key. */
const conflictIn = (error: SqlError): CommitConflict | null => {
  const { code, detail } = serverWords(error)
  if (code === versionConflict) return new CommitConflict({ kind: "version", stream: streamIn(detail) })
  if (error.reason._tag !== "UniqueViolation") return null
  if (error.reason.constraint === "receipts_pkey") return new CommitConflict({ kind: "receipt", stream: null })
  return error.reason.constraint === "events_pkey"
    ? new CommitConflict({ kind: "version", stream: streamIn(keyIn(detail)) })
    : null
}

const commitStatement = `select dueline.commit_batch(${Array.from({ length: parameterCount }, (_, index) => `$${index + 1}`).join(", ")})`

const commit = (sql: SqlClient) => (batch: ReadonlyArray<Commit>) =>
  batch.length === 0
    ? Effect.void
    : sql.unsafe(commitStatement, commitParameters(batch)).pipe(
        Effect.asVoid,
        Effect.catch((error) => Effect.fail(conflictIn(error) ?? error)),
        asking("commit")
      )

interface LoadedRow {
  readonly version: number
  readonly events: Slice["events"] | null
  readonly sealed: string | null
  readonly receipt: Slice["receipt"]
}

const loadStatement = "select version, events, sealed, receipt from dueline.load_batch($1::text::json)"

const load = (sql: SqlClient) => (requests: ReadonlyArray<LoadRequest>) => {
  if (requests.length === 0) return Effect.succeed([])
  const asked = requests.map((request) => ({
    t: request.tenantId,
    s: request.streamId,
    k: request.receiptKey,
    e: request.wantEvents
  }))
  return sql.unsafe<LoadedRow>(loadStatement, [JSON.stringify(asked)]).pipe(
    Effect.map((rows) => rows.map((row): Slice => ({ ...row, events: row.events ?? [], sealed: row.sealed || null }))),
    asking("load")
  )
}

export const layer: Layer.Layer<Persistence, never, Database> = Layer.effect(
  Persistence,
  Effect.map(Database, ({ writer }) => Persistence.of({ load: load(writer), commit: commit(writer) }))
)
