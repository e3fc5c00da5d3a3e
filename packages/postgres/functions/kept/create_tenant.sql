-- kept for: 0.1.0

-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.create_tenant(p_id uuid, p_name text, p_at bigint) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into dueline.tenants (tenant_id, name, created_at) values (p_id, p_name, p_at)
$$
;
