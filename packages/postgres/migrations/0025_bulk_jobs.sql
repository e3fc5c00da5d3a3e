-- Bulk jobs, and what became of each of their items.
select dueline.make_rows_table('bulk-job', 'bulkJobId', $$
  action text not null generated always as (row #>> '{work,_tag}') stored,
  status text not null generated always as (row ->> 'status') stored,
  started_by text not null generated always as (row ->> 'startedBy') stored,
  ended_at bigint generated always as ((row ->> 'endedAt')::bigint) stored
$$)
;
create index bulk_job_rows_active on dueline.bulk_job_rows (created_at, id) where status in ('Running', 'Aborting')
;
create table dueline.bulk_job_items (
    tenant_id uuid not null,
    job_id uuid not null,
    item_id uuid not null,
    step integer not null,
    at bigint not null,
    version integer,
    outcome text check (outcome in ('done', 'failed', 'skipped')),
    detail text check (length(detail) <= 2000),
    settled_at bigint,
    primary key (tenant_id, job_id, item_id)
  ) with (fillfactor = 70)
;
create index bulk_job_items_of_step on dueline.bulk_job_items (tenant_id, job_id, step, item_id)
;
alter table dueline.bulk_job_items enable row level security
;
alter table dueline.bulk_job_items force row level security
;
create policy edge_reads on dueline.bulk_job_items for select to dueline_edge using (tenant_id = (select nullif(current_setting('app.current_tenant', true), '')::uuid))
;
create policy append_writes on dueline.bulk_job_items to dueline_append using (true) with check (true)
;
grant select on dueline.bulk_job_items to dueline_edge
;
grant select, insert, update, delete on dueline.bulk_job_items to dueline_append
;
