-- Tenants, and what is forgotten in time.

-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.create_tenant(p_id uuid, p_name text, p_at bigint) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into dueline.tenants (tenant_id, name, created_at) values (p_id, p_name, p_at)
$$
;

-- Bounded: deletes at most p_limit receipts and says how many.
--
-- callers: dueline_worker, dueline_writer
-- owner: dueline_append
create or replace function dueline.forget_receipts(p_now bigint, p_limit integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
  forgotten integer;
begin
  delete from dueline.receipts where ctid = any (array(
    select r.ctid from dueline.receipts r where r.expires_at <= p_now limit p_limit
  ));
  get diagnostics forgotten = row_count;
  return forgotten;
end $$
;
