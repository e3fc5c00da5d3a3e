-- Orders that changed, for whoever makes up for messages that were lost.

-- In order of the time, then id; those without notifications have no calls to see to.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.changed_orders(p_after bigint, p_id uuid, p_before bigint, p_limit integer) returns setof json
language plpgsql stable security definer {{stable plan}} as $$
begin
  return query
    select json_build_object('tenantId', r.tenant_id, 'orderId', r.id, 'updatedAt', r.updated_at) from dueline.order_rows r
      where json_array_length(r.row -> 'notifications') > 0 and r.updated_at <= p_before and (r.updated_at, r.id) > (p_after, p_id)
      order by r.updated_at, r.id limit p_limit;
end $$
;
