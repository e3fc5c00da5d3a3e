-- What the edge reads of one customer, bin or order. The functions are replaced by those in ../functions.

create function dueline.find_customer(p_tenant uuid, p_id uuid) returns json language plpgsql set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
  set enable_bitmapscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
  set plan_cache_mode = force_generic_plan as $$
    begin
      perform set_config('app.current_tenant', p_tenant::text, true);
      return (select json_build_object('_tag', 'CustomerRow', 'tenantId', r.tenant_id, 'customerId', r.customer_id, 'version', r.version,
    'status', r.status, 'createdAt', r.created_at, 'updatedAt', r.updated_at,
    'correlationId', r.correlation_id, 'erasedAt', r.erased_at) from dueline.customers r where r.tenant_id = p_tenant and r.customer_id = p_id);
    end $$
;
revoke all on function dueline.find_customer from public
;
grant execute on function dueline.find_customer to dueline_edge
;
create function dueline.find_profile(p_tenant uuid, p_id uuid) returns json language plpgsql set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
  set enable_bitmapscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
  set plan_cache_mode = force_generic_plan as $$
    begin
      perform set_config('app.current_tenant', p_tenant::text, true);
      return (select to_json(r.data_key || '.' || r.profile) from dueline.personal_data r where r.tenant_id = p_tenant and r.customer_id = p_id);
    end $$
;
revoke all on function dueline.find_profile from public
;
grant execute on function dueline.find_profile to dueline_edge
;
create function dueline.find_bin(p_tenant uuid, p_id uuid) returns json language plpgsql set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
  set enable_bitmapscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
  set plan_cache_mode = force_generic_plan as $$
    begin
      perform set_config('app.current_tenant', p_tenant::text, true);
      return (select json_build_object('_tag', 'BinRow', 'tenantId', r.tenant_id, 'binId', r.bin_id, 'version', r.version,
    'status', r.status, 'createdAt', r.created_at, 'updatedAt', r.updated_at,
    'correlationId', r.correlation_id, 'serialNumber', r.serial_number, 'category', r.category,
    'sizeLitres', r.size_litres, 'capacityLitres', r.capacity_litres, 'customerId', r.customer_id,
    'location', case when r.lat is not null then json_build_object('lat', r.lat, 'lon', r.lon) end) from dueline.bins r where r.tenant_id = p_tenant and r.bin_id = p_id);
    end $$
;
revoke all on function dueline.find_bin from public
;
grant execute on function dueline.find_bin to dueline_edge
;
create function dueline.find_order(p_tenant uuid, p_id uuid) returns json language plpgsql set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
  set enable_bitmapscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
  set plan_cache_mode = force_generic_plan as $$
    begin
      perform set_config('app.current_tenant', p_tenant::text, true);
      return (select json_build_object('_tag', 'OrderRow', 'tenantId', r.tenant_id, 'orderId', r.order_id, 'version', r.version,
    'status', r.status, 'createdAt', r.created_at, 'updatedAt', r.updated_at,
    'correlationId', r.correlation_id, 'customerId', r.customer_id, 'binId', r.bin_id,
    'kind', r.kind, 'items', r.items, 'notifications', r.notifications, 'endedAt', r.ended_at,
    'window', case when r.window_from is not null
      then json_build_object('from', r.window_from, 'to', r.window_to) end) from dueline.orders r where r.tenant_id = p_tenant and r.order_id = p_id);
    end $$
;
revoke all on function dueline.find_order from public
;
grant execute on function dueline.find_order to dueline_edge
;
create function dueline.orders_holding(p_tenant uuid, p_bin uuid, p_from bigint, p_to bigint, p_limit integer) returns setof json
    language plpgsql set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
  set enable_bitmapscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
  set plan_cache_mode = force_generic_plan as $$
    declare
      v_first bigint;
    begin
      perform set_config('app.current_tenant', p_tenant::text, true);
      select o.window_from into v_first from dueline.orders o
        where o.tenant_id = p_tenant and o.bin_id = p_bin and o.status in ('Scheduled', 'Confirmed') and o.window_from <= p_from
        order by o.window_from desc limit 1;
      v_first := coalesce(v_first, p_from);
      return query select json_build_object('_tag', 'OrderRow', 'tenantId', o.tenant_id, 'orderId', o.order_id, 'version', o.version,
    'status', o.status, 'createdAt', o.created_at, 'updatedAt', o.updated_at,
    'correlationId', o.correlation_id, 'customerId', o.customer_id, 'binId', o.bin_id,
    'kind', o.kind, 'items', o.items, 'notifications', o.notifications, 'endedAt', o.ended_at,
    'window', case when o.window_from is not null
      then json_build_object('from', o.window_from, 'to', o.window_to) end) from dueline.orders o
        where o.tenant_id = p_tenant and o.bin_id = p_bin and o.status in ('Scheduled', 'Confirmed')
          and o.window_from >= v_first and o.window_from < p_to and o.window_to > p_from
        order by o.window_from limit p_limit;
    end $$
;
revoke all on function dueline.orders_holding from public
;
grant execute on function dueline.orders_holding to dueline_edge
;
