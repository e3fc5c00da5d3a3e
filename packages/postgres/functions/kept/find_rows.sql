-- kept for: 0.1.0

-- One function for each kind of aggregate.
--
-- callers: dueline_edge
create or replace function dueline.find_customer(p_tenant uuid, p_id uuid) returns json language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return dueline.find_row('customer', p_tenant, p_id);
end $$
;

-- callers: dueline_edge
create or replace function dueline.find_bin(p_tenant uuid, p_id uuid) returns json language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return dueline.find_row('bin', p_tenant, p_id);
end $$
;

-- callers: dueline_edge
create or replace function dueline.find_order(p_tenant uuid, p_id uuid) returns json language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return dueline.find_row('order', p_tenant, p_id);
end $$
;
