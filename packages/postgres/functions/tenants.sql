-- What stands before every request: whether a tenant is there, and which may not ask at the moment. Without names, for every process that lets anybody in.

-- callers: dueline_writer, dueline_ingest
-- owner: dueline_append
create or replace function dueline.tenant_exists(p_id uuid) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select exists (select from dueline.tenant_rows r where r.tenant_id = p_id and r.id = p_id)
$$
;

-- Without a reason: deleted, or being deleted.
--
-- callers: dueline_writer, dueline_ingest
-- owner: dueline_append
create or replace function dueline.suspended_tenants() returns table (tenant_id uuid, reason text)
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select r.tenant_id, case r.status when 'Suspended' then r.row ->> 'suspendedReason' end
    from dueline.tenant_rows r where r.status <> 'Active' and r.id = r.tenant_id
$$
;
