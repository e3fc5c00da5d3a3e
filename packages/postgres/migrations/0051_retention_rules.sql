-- How long a tenant itself wants to keep what has ended, within what the installation allows; without a row, as long as the installation does.
create table dueline.retention_rules (
  tenant_id uuid primary key,
  -- Null: for ever.
  days integer check (days between 1 and 36500),
  set_at bigint not null,
  set_by text not null check (length(set_by) <= 1000)
)
;
alter table dueline.retention_rules enable row level security
;
alter table dueline.retention_rules force row level security
;
create policy append_writes on dueline.retention_rules to dueline_append using (true) with check (true)
;
grant select, insert, update, delete on dueline.retention_rules to dueline_append
;
