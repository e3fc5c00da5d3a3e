-- Events may be removed after the time that they are kept, by the function that marks them in the audit tree, and by nothing else.
create or replace function dueline.refuse_change() returns trigger language plpgsql as $$
  begin
    if tg_op = 'DELETE' and tg_table_name = 'events'
        and current_setting('dueline.removing', true) = pg_current_xact_id_if_assigned()::text then
      return null;
    end if;
    raise exception 'events are never changed or deleted' using errcode = 'DL003';
  end $$
;
grant delete on dueline.events, dueline.service_calls, dueline.dead_letters, dueline.snapshots to dueline_append
;
-- How far each tenant's calls and ingestions have been looked through; begun anew when the end is reached.
create table dueline.retention_progress (
  tenant_id uuid not null,
  kind text not null check (kind in ('service-call', 'ingestion')),
  created_at bigint not null,
  id uuid not null,
  primary key (tenant_id, kind)
)
;
alter table dueline.retention_progress enable row level security
;
alter table dueline.retention_progress force row level security
;
create policy append_writes on dueline.retention_progress to dueline_append using (true) with check (true)
;
grant select, insert, update, delete on dueline.retention_progress to dueline_append
;
