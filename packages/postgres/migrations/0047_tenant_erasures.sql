-- Tenants that are deleted: everything of theirs may be removed, by the functions that erase and by nothing else.
create or replace function dueline.refuse_change() returns trigger language plpgsql as $$
  begin
    if tg_op = 'DELETE' and tg_table_name in ('events', 'audit_entries')
        and current_setting('dueline.removing', true) = pg_current_xact_id_if_assigned()::text then
      return null;
    end if;
    raise exception 'events are never changed or deleted' using errcode = 'DL003';
  end $$
;
grant delete on dueline.tenants, dueline.audit_entries, dueline.api_key_uses, dueline.product_events, dueline.personal_data to dueline_append
;
-- How far the erasure of a tenant is. It stays when nothing else of the tenant is left, and says when that was.
create table dueline.tenant_erasures (
  tenant_id uuid primary key,
  begun_at bigint not null,
  -- The first tile of the audit tree that may hold entries of the tenant which are still there.
  entry_tile bigint not null default 0,
  streams bigint not null default 0,
  events bigint not null default 0,
  others bigint not null default 0,
  erased_at bigint
) with (fillfactor = 50)
;
alter table dueline.tenant_erasures enable row level security
;
alter table dueline.tenant_erasures force row level security
;
create policy append_writes on dueline.tenant_erasures to dueline_append using (true) with check (true)
;
grant select, insert, update on dueline.tenant_erasures to dueline_append
;
-- Those whom the edge refuses, and those that are being erased: found without looking at the others.
create index tenant_rows_refused on dueline.tenant_rows (id) where status <> 'Active'
;
drop index dueline.tenant_rows_suspended
;
