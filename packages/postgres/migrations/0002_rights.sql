-- Who may do what, enforced by the database. Every tenant table has row-level security, forced; the application roles own nothing and
-- write nothing directly. dueline_append owns the functions that write, and has no way to log in.
-- In a policy the sub-select makes the tenant a constant of the query: evaluated once, not once a row. After a transaction the setting is ''.

alter table dueline.events enable row level security
;
alter table dueline.events force row level security
;
create policy edge_reads on dueline.events for select to dueline_edge using (tenant_id = (select nullif(current_setting('app.current_tenant', true), '')::uuid))
;
create policy writer_reads on dueline.events for select to dueline_writer using (true)
;
create policy append_writes on dueline.events to dueline_append using (true) with check (true)
;
alter table dueline.service_calls enable row level security
;
alter table dueline.service_calls force row level security
;
create policy edge_reads on dueline.service_calls for select to dueline_edge using (tenant_id = (select nullif(current_setting('app.current_tenant', true), '')::uuid))
;
create policy writer_reads on dueline.service_calls for select to dueline_writer using (true)
;
create policy append_writes on dueline.service_calls to dueline_append using (true) with check (true)
;
alter table dueline.outbox enable row level security
;
alter table dueline.outbox force row level security
;
create policy edge_reads on dueline.outbox for select to dueline_edge using (tenant_id = (select nullif(current_setting('app.current_tenant', true), '')::uuid))
;
create policy writer_reads on dueline.outbox for select to dueline_writer using (true)
;
create policy append_writes on dueline.outbox to dueline_append using (true) with check (true)
;
alter table dueline.dead_letters enable row level security
;
alter table dueline.dead_letters force row level security
;
create policy edge_reads on dueline.dead_letters for select to dueline_edge using (tenant_id = (select nullif(current_setting('app.current_tenant', true), '')::uuid))
;
create policy writer_reads on dueline.dead_letters for select to dueline_writer using (true)
;
create policy append_writes on dueline.dead_letters to dueline_append using (true) with check (true)
;
alter table dueline.receipts enable row level security
;
alter table dueline.receipts force row level security
;
create policy edge_reads on dueline.receipts for select to dueline_edge using (tenant_id = (select nullif(current_setting('app.current_tenant', true), '')::uuid))
;
create policy writer_reads on dueline.receipts for select to dueline_writer using (true)
;
create policy append_writes on dueline.receipts to dueline_append using (true) with check (true)
;
alter table dueline.tenants enable row level security
;
alter table dueline.tenants force row level security
;
create policy edge_reads on dueline.tenants for select to dueline_edge using (tenant_id = (select nullif(current_setting('app.current_tenant', true), '')::uuid))
;
create policy writer_reads on dueline.tenants for select to dueline_writer using (true)
;
create policy append_writes on dueline.tenants to dueline_append using (true) with check (true)
;
grant usage on schema dueline to dueline_append, dueline_writer, dueline_edge, dueline_worker
;
grant select, insert on dueline.events to dueline_append
;
grant select, insert, update on dueline.service_calls to dueline_append
;
grant select, insert, update, delete on dueline.outbox to dueline_append
;
grant select, insert on dueline.dead_letters to dueline_append
;
grant select, insert, delete on dueline.receipts to dueline_append
;
grant select, insert on dueline.tenants to dueline_append
;
grant select on dueline.events, dueline.service_calls, dueline.receipts, dueline.tenants to dueline_writer
;
grant select on dueline.events, dueline.tenants, dueline.dead_letters to dueline_edge
;

-- All of a call but its sealed request.
grant select (tenant_id, call_id, version, status, created_at, updated_at, due_at, wake_at, revision, attempt, epoch,
  cancel_requested, method, url, headers, body_bytes, body_snippet, timeout_ms, retry, tags, last_status, failure_reason, ended_at,
  worker, lease_until, correlation_id, mishap, listed_under) on dueline.service_calls to dueline_edge
;

-- What the workers need to find what is due or abandoned; no contents.
grant select (tenant_id, call_id, status, due_at, wake_at, revision, epoch, worker, lease_until) on dueline.service_calls to dueline_worker
;
grant select on dueline.outbox to dueline_worker
;
create policy worker_reads on dueline.service_calls for select to dueline_worker using (true)
;
create policy worker_reads on dueline.outbox for select to dueline_worker using (true)
;
