/**
 * Who may do what, enforced by the database. Every tenant table has row-level security, forced; the application roles own nothing and
 * write nothing directly. `dueline_append` owns the functions that write, and has no way to log in.
 */
import type { Migration } from "./Migration.ts"

const tenantTables = ["events", "service_calls", "outbox", "dead_letters", "receipts", "tenants"]

/** The sub-select makes it a constant of the query: evaluated once, not once a row. After a transaction the setting is ''. */
const currentTenant = `tenant_id = (select nullif(current_setting('app.current_tenant', true), '')::uuid)`

const secured = tenantTables.flatMap((table) => [
  `alter table dueline.${table} enable row level security`,
  `alter table dueline.${table} force row level security`,
  `create policy edge_reads on dueline.${table} for select to dueline_edge using (${currentTenant})`,
  `create policy writer_reads on dueline.${table} for select to dueline_writer using (true)`,
  `create policy append_writes on dueline.${table} to dueline_append using (true) with check (true)`
])

/** All of a call but its sealed request. */
const visible = `tenant_id, call_id, version, status, created_at, updated_at, due_at, wake_at, revision, attempt, epoch,
  cancel_requested, method, url, headers, body_bytes, body_snippet, timeout_ms, retry, tags, last_status, failure_reason, ended_at,
  worker, lease_until, correlation_id, mishap, listed_under`

/** What the workers need to find what is due or abandoned; no contents. */
const backlog = `tenant_id, call_id, status, due_at, wake_at, revision, epoch, worker, lease_until`

const grants = [
  `grant usage on schema dueline to dueline_append, dueline_writer, dueline_edge, dueline_worker`,
  `grant select, insert on dueline.events to dueline_append`,
  `grant select, insert, update on dueline.service_calls to dueline_append`,
  `grant select, insert, update, delete on dueline.outbox to dueline_append`,
  `grant select, insert on dueline.dead_letters to dueline_append`,
  `grant select, insert, delete on dueline.receipts to dueline_append`,
  `grant select, insert on dueline.tenants to dueline_append`,
  `grant select on dueline.events, dueline.service_calls, dueline.receipts, dueline.tenants to dueline_writer`,
  `grant select on dueline.events, dueline.tenants, dueline.dead_letters to dueline_edge`,
  `grant select (${visible}) on dueline.service_calls to dueline_edge`,
  `grant select (${backlog}) on dueline.service_calls to dueline_worker`,
  `grant select on dueline.outbox to dueline_worker`,
  `create policy worker_reads on dueline.service_calls for select to dueline_worker using (true)`,
  `create policy worker_reads on dueline.outbox for select to dueline_worker using (true)`
]

export const rights: Migration = { id: 2, name: "rights", statements: [...secured, ...grants] }
