-- kept for: 0.1.0

-- Rows by column, in parts by table, and four requirements by name. Constraints had the names of their tables then, which that release reads
-- from the error: here it is told the rule.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.commit_field(p jsonb) returns void
language plpgsql security definer {{stable plan}} as $$
declare
  v jsonb := '{}';
  v_constraint text;
begin
  v := v || jsonb_build_object('rows', (
    select coalesce(jsonb_agg(jsonb_build_object('k', d.k, 't', d.e -> 'tenant_id', 'i', d.e -> d.id, 'n', d.e -> 'version' = '1', 'r', d.r::text)), '[]') from (
      select 'customer' as k, 'customer_id' as id, c.e, json_build_object('_tag', 'CustomerRow', 'tenantId', c.e -> 'tenant_id',
        'customerId', c.e -> 'customer_id', 'version', c.e -> 'version', 'status', c.e -> 'status', 'createdAt', c.e -> 'created_at',
        'updatedAt', c.e -> 'updated_at', 'erasedAt', c.e -> 'erased_at', 'correlationId', c.e -> 'correlation_id') as r
      from jsonb_array_elements(p -> 'customers') as c(e)
      union all
      select 'bin', 'bin_id', b.e, json_build_object('_tag', 'BinRow', 'tenantId', b.e -> 'tenant_id', 'binId', b.e -> 'bin_id',
        'version', b.e -> 'version', 'status', b.e -> 'status', 'createdAt', b.e -> 'created_at', 'updatedAt', b.e -> 'updated_at',
        'correlationId', b.e -> 'correlation_id', 'serialNumber', b.e -> 'serial_number', 'category', b.e -> 'category',
        'sizeLitres', b.e -> 'size_litres', 'capacityLitres', b.e -> 'capacity_litres', 'customerId', b.e -> 'customer_id',
        'location', case when b.e ->> 'lat' is not null then json_build_object('lat', b.e -> 'lat', 'lon', b.e -> 'lon') end)
      from jsonb_array_elements(p -> 'bins') as b(e)
      union all
      select 'order', 'order_id', o.e, json_build_object('_tag', 'OrderRow', 'tenantId', o.e -> 'tenant_id', 'orderId', o.e -> 'order_id',
        'version', o.e -> 'version', 'status', o.e -> 'status', 'createdAt', o.e -> 'created_at', 'updatedAt', o.e -> 'updated_at',
        'correlationId', o.e -> 'correlation_id', 'customerId', o.e -> 'customer_id', 'binId', o.e -> 'bin_id', 'kind', o.e -> 'kind',
        'items', (o.e ->> 'items')::json, 'notifications', (o.e ->> 'notifications')::json, 'endedAt', o.e -> 'ended_at',
        'window', case when o.e ->> 'window_from' is not null
          then json_build_object('from', o.e -> 'window_from', 'to', o.e -> 'window_to') end)
      from jsonb_array_elements(p -> 'orders') as o(e)
    ) d
  ), 'attached', (
    select coalesce(jsonb_agg(jsonb_build_object('t', d.e -> 'tenant_id', 'i', d.e -> 'customer_id',
      's', (d.e ->> 'data_key') || '.' || (d.e ->> 'profile'))), '[]') from jsonb_array_elements(p -> 'personal_data') as d(e)
  ), 'snapshots', (
    select coalesce(jsonb_agg(jsonb_build_object('t', s.e -> 'tenant_id', 'i', s.e -> 'stream_id', 'v', s.e -> 'version',
      'f', s.e -> 'form', 's', s.e -> 'state')), '[]') from jsonb_array_elements(p -> 'snapshots') as s(e)
  ), 'forgotten', coalesce(p -> 'forgotten', '[]'),
  'hold', (
    select coalesce(jsonb_agg(jsonb_build_object('k', h.k, 't', h.t, 'i', h.i)), '[]') from (
      select 'bin' as k, o.e -> 'tenant_id' as t, o.e -> 'bin_id' as i from jsonb_array_elements(p -> 'orders') as o(e)
      union all select 'bin', r.e -> 't', r.e -> 'i' from jsonb_array_elements(p -> 'unused') as r(e)
      union all select 'customer', r.e -> 't', r.e -> 'i' from jsonb_array_elements(p -> 'idle') as r(e)
    ) h
  ), 'is', (
    select coalesce(jsonb_agg(jsonb_build_object('k', 'customer', 't', r.e -> 't', 'i', r.e -> 'i', 'h', 'share',
      'missing', 'customer_missing', 'unless', '[{"c": "status", "is": ["Erased"], "rule": "customer_erased"}]'::jsonb)), '[]')
    from jsonb_array_elements(p -> 'active') as r(e)
  ) || (
    select coalesce(jsonb_agg(jsonb_build_object('k', 'bin', 't', r.e -> 't', 'i', r.e -> 'i', 'h', 'update', 'missing', 'bin_missing',
      'unless', '[{"c": "status", "is": ["Retired"], "rule": "bin_retired"},
        {"c": "status", "isNot": ["Active"], "rule": "bin_in_maintenance"}]'::jsonb
        || jsonb_build_object('c', 'customer_id', 'isNot', jsonb_build_array(null, r.e -> 'c'), 'rule', 'bin_of_another_customer'))), '[]')
    from jsonb_array_elements(p -> 'fits') as r(e)
  ), 'none', (
    select coalesce(jsonb_agg(jsonb_build_object('k', 'order', 't', r.e -> 't', 'rule', 'bin_in_use', 'w',
      '[{"c": "status", "is": ["Scheduled", "Confirmed"]}]'::jsonb || jsonb_build_object('c', 'bin_id', 'is', jsonb_build_array(r.e -> 'i'))
        || case when r.e ->> 'c' is null then '[]' else jsonb_build_array(jsonb_build_object('c', 'customer_id',
          'isNot', jsonb_build_array(r.e -> 'c'))) end)), '[]')
    from jsonb_array_elements(p -> 'unused') as r(e)
  ) || (
    select coalesce(jsonb_agg(jsonb_build_object('k', 'order', 't', r.e -> 't', 'rule', 'customer_in_use', 'w',
      '[{"c": "status", "is": ["Scheduled", "Confirmed"]}]'::jsonb
        || jsonb_build_object('c', 'customer_id', 'is', jsonb_build_array(r.e -> 'i')))), '[]')
    from jsonb_array_elements(p -> 'idle') as r(e)
  ));
  perform dueline.commit_ops(v);
exception when unique_violation or exclusion_violation then
  get stacked diagnostics v_constraint = constraint_name;
  if v_constraint in ('serial_taken', 'window_taken') then
    raise exception 'rule' using errcode = 'DL010', detail = v_constraint;
  end if;
  raise;
end $$
;
