/** Items of bulk jobs, in their table: claimed and settled as a worker, read as the edge. */
import { storableReason } from "@dueline/contracts/deadLetter"
import type { BulkJobId } from "@dueline/contracts/bulkJob/BulkJob"
import type { TenantId } from "@dueline/contracts/Ids"
import { type ItemPage, type JobItem, JobItemQueries, JobItems } from "@dueline/contracts/ports/JobItems"
import { Clock, Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { Database } from "../Database.ts"
import { asking, reading } from "../SqlFailure.ts"

type Items = JobItems["Service"]

const active =
  (sql: SqlClient): Items["active"] =>
  (limit) =>
    sql
      .unsafe<{ readonly tenant: TenantId; readonly job: BulkJobId }>(
        "select tenant::text, job::text from dueline.active_jobs($1::int4)",
        [limit]
      )
      .pipe(
        Effect.map((rows) => rows.map(({ job, tenant }) => ({ tenantId: tenant, bulkJobId: job }))),
        asking("look for jobs")
      )

const claim =
  (sql: SqlClient): Items["claim"] =>
  ({ bulkJobId, items, step, tenantId }) =>
    sql
      .unsafe<{ readonly claimed: ReadonlyArray<JobItem> }>(
        "select dueline.claim_job_items($1::uuid, $2::uuid, $3::int4, $4::text::json) as claimed",
        [tenantId, bulkJobId, step, JSON.stringify(items)]
      )
      .pipe(
        Effect.map(([row]) => row?.claimed ?? []),
        asking("claim a job's items")
      )

const settle = (sql: SqlClient): Items["settle"] =>
  Effect.fnUntraced(function* ({ bulkJobId, results, tenantId }) {
    if (results.length === 0) return
    const kept = results.map(({ detail, ...rest }) => ({
      ...rest,
      detail: detail === null ? null : storableReason(detail)
    }))
    yield* sql
      .unsafe("select dueline.settle_job_items($1::uuid, $2::uuid, $3::text::json, $4::float8::bigint)", [
        tenantId,
        bulkJobId,
        JSON.stringify(kept),
        yield* Clock.currentTimeMillis
      ])
      .pipe(asking("settle a job's items"))
  })

const fromTheStart = { step: 0, id: "00000000-0000-0000-0000-000000000000" }

const list =
  (sql: SqlClient): JobItemQueries["Service"]["list"] =>
  ({ after, bulkJobId, limit, outcome, tenantId }) => {
    const { id, step } = after ?? fromTheStart
    return sql
      .unsafe<{ readonly items: ReadonlyArray<JobItem> }>(
        "select dueline.list_job_items($1::uuid, $2::uuid, $3::text, $4::int4, $5::uuid, $6::int4) as items",
        [tenantId, bulkJobId, outcome, step, id, limit + 1]
      )
      .pipe(
        Effect.map(([row]): ItemPage => {
          const found = row?.items ?? []
          const items = found.slice(0, limit)
          const last = items.at(-1)
          return { items, next: found.length > limit && last !== undefined ? { step: last.step, id: last.id } : null }
        }),
        reading("list a job's items")
      )
  }

export const layer: Layer.Layer<JobItems, never, Database> = Layer.effect(
  JobItems,
  Effect.map(Database, ({ worker }) =>
    JobItems.of({ active: active(worker), claim: claim(worker), settle: settle(worker) })
  )
)

export const layerQueries: Layer.Layer<JobItemQueries, never, Database> = Layer.effect(
  JobItemQueries,
  Effect.map(Database, ({ edge }) => JobItemQueries.of({ list: list(edge) }))
)
