-- What the edge reads of aggregates whose rows are documents: as the functions for calls, the tenant's own and in one round trip.

-- A kind without a table of rows is an error.
--
-- callers: dueline_edge
create or replace function dueline.find_row(p_kind text, p_tenant uuid, p_id uuid) returns json language plpgsql {{stable plan}} as $$
declare
  v_row json;
begin
  perform set_config('app.current_tenant', p_tenant::text, true);
  execute format('select r.row from dueline.%I r where r.tenant_id = $1 and r.id = $2', dueline.rows_table(p_kind))
    into v_row using p_tenant, p_id;
  return v_row;
end $$
;

-- callers: dueline_edge
create or replace function dueline.find_profile(p_tenant uuid, p_id uuid) returns json language plpgsql {{stable plan}} as $$
    begin
      perform set_config('app.current_tenant', p_tenant::text, true);
      return (select to_json(r.data_key || '.' || r.profile) from dueline.personal_data r where r.tenant_id = p_tenant and r.customer_id = p_id);
    end $$
;

-- Held windows of one bin never overlap: of those that begin before this one only the last can reach into it. Under row-level security
-- an index is asked for plain comparisons with variables only, hence two steps.
--
-- callers: dueline_edge
create or replace function dueline.orders_holding(p_tenant uuid, p_bin uuid, p_from bigint, p_to bigint, p_limit integer) returns setof json
    language plpgsql {{stable plan}} as $$
    declare
      v_first bigint;
    begin
      perform set_config('app.current_tenant', p_tenant::text, true);
      select o.window_from into v_first from dueline.order_rows o
        where o.tenant_id = p_tenant and o.bin_id = p_bin and o.status in ('Scheduled', 'Confirmed') and o.window_from <= p_from
        order by o.window_from desc limit 1;
      v_first := coalesce(v_first, p_from);
      return query select o.row from dueline.order_rows o
        where o.tenant_id = p_tenant and o.bin_id = p_bin and o.status in ('Scheduled', 'Confirmed')
          and o.window_from >= v_first and o.window_from < p_to and o.window_to > p_from
        order by o.window_from limit p_limit;
    end $$
;

-- What it takes to check a request that names a courier source and has no tenant yet: whose the source is, its row, and its sealed secrets.
-- Runs as dueline_append, since the tenant, by which policies go, is what is looked for. Null for one that is not there.
--
-- callers: dueline_edge, dueline_ingest
-- owner: dueline_append
create or replace function dueline.find_courier_source(p_id uuid) returns json
    language plpgsql stable security definer {{stable plan}} as $$
    begin
      return (
        select json_build_object('row', r.row, 'sealed', (
            select d.data_key || '.' || d.profile from dueline.personal_data d where d.tenant_id = r.tenant_id and d.customer_id = r.id))
        from dueline.courier_source_rows r where r.id = p_id limit 1
      );
    end $$
;

-- Couriers' events that came in before a time and have not ended, across tenants and without contents.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.unended_events(p_before bigint, p_limit integer) returns setof json
    language plpgsql stable security definer {{stable plan}} as $$
    begin
      return query
        select json_build_object('tenantId', i.tenant_id, 'ingestionId', i.id) from dueline.ingestion_rows i
        where i.ended_at is null and i.source = 'courier' and i.created_at <= p_before order by i.created_at, i.id limit p_limit;
    end $$
;

-- Payloads that are due, across tenants and without contents: as with calls, host and port are all that is told of an address. Of one tenant a
-- bounded number.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.due_ingestions(p_before bigint, p_each integer, p_limit integer) returns setof json
    language plpgsql stable security definer {{stable plan}} as $$
    begin
      return query
        select json_build_object('tenantId', d.tenant_id, 'ingestionId', d.id,
          'target', dueline.target_of(coalesce(d.row #>> '{dropbin,reference,uri}', '')))
        from (
          select e.tenant_id, e.id, e.due_at, e.row, row_number() over (partition by e.tenant_id order by e.due_at, e.id) as place
          from (
            select i.tenant_id, i.id, i.due_at, i.row from dueline.ingestion_rows i
            where i.due_at is not null and i.due_at <= p_before order by i.due_at, i.id limit 10000
          ) e
        ) d
        where d.place <= p_each order by d.due_at, d.id limit p_limit;
    end $$
;
