-- What the edge reads of calls. Each function sets the tenant for its own transaction and runs with the rights of its caller, so that row-level
-- security has the last word, in one round trip.

-- callers: dueline_edge
create or replace function dueline.find_call(p_tenant uuid, p_call uuid) returns json language plpgsql {{stable plan}} as $$
begin
  perform set_config('app.current_tenant', p_tenant::text, true);
  return (select {{service-call c}} from dueline.service_calls c where c.tenant_id = p_tenant and c.call_id = p_call);
end $$
;

-- By the primary key: as many looks into it as there are ids.
--
-- callers: dueline_edge
create or replace function dueline.find_calls(p_tenant uuid, p_calls uuid[]) returns json language plpgsql {{stable plan}} as $$
begin
  perform set_config('app.current_tenant', p_tenant::text, true);
  return (select coalesce(json_agg({{service-call c}}), '[]') from dueline.service_calls c
    where c.tenant_id = p_tenant and c.call_id = any (p_calls));
end $$
;

-- callers: dueline_edge
create or replace function dueline.call_history(p_tenant uuid, p_call uuid, p_after integer, p_limit integer)
returns setof json language plpgsql {{stable plan}} as $$
begin
  perform set_config('app.current_tenant', p_tenant::text, true);
  return query
    select json_build_object('eventId', e.event_id, 'type', e.type, 'eventVersion', e.event_version, 'payload', e.payload,
      'metadata', e.metadata, 'recordedAt', (extract(epoch from e.recorded_at) * 1000)::bigint, 'version', e.version)
    from dueline.events e
    where e.tenant_id = p_tenant and e.stream_id = p_call and e.version > p_after
    order by e.version limit p_limit;
end $$
;

-- Walks one index from the mark, at most p_budget rows; filters what it walked; answers with hits and with where the walk ended.
-- Written twice, since each of the two goes by an index of its own.
--
-- callers: dueline_edge
create or replace function dueline.list_calls(
  p_tenant uuid, p_created bigint, p_call uuid, p_status text, p_tags text[], p_from bigint, p_to bigint, p_search text,
  p_budget integer, p_limit integer
) returns table (calls json, walked integer, reached json) language plpgsql {{stable plan}} as $$
begin
  perform set_config('app.current_tenant', p_tenant::text, true);
  if p_status in ('Failed', 'Cancelled') then
    return query
    with walked as materialized (
      select {{call shown}}
      from dueline.service_calls
      where listed_under = p_tenant and mishap = p_status and (created_at, call_id) < (p_created, p_call)
      order by created_at desc, call_id desc limit p_budget
    ), hits as materialized (
      select * from walked c
      where (p_status is null or c.status = p_status)
        and (p_tags is null or c.tags @> p_tags)
        and (p_from is null or c.due_at >= p_from)
        and (p_to is null or c.due_at < p_to)
        and (p_search is null or strpos(lower(c.url), lower(p_search)) > 0)
      order by c.created_at desc, c.call_id desc limit p_limit
    )
    select
      coalesce((select json_agg({{service-call h}} order by h.created_at desc, h.call_id desc) from hits h), '[]'),
      (select count(*)::integer from walked),
      (select json_build_object('createdAt', w.created_at, 'callId', w.call_id) from walked w
        order by w.created_at, w.call_id limit 1);
  else
    return query
    with walked as materialized (
      select {{call shown}}
      from dueline.service_calls
      where listed_under = p_tenant and (created_at, call_id) < (p_created, p_call)
      order by created_at desc, call_id desc limit p_budget
    ), hits as materialized (
      select * from walked c
      where (p_status is null or c.status = p_status)
        and (p_tags is null or c.tags @> p_tags)
        and (p_from is null or c.due_at >= p_from)
        and (p_to is null or c.due_at < p_to)
        and (p_search is null or strpos(lower(c.url), lower(p_search)) > 0)
      order by c.created_at desc, c.call_id desc limit p_limit
    )
    select
      coalesce((select json_agg({{service-call h}} order by h.created_at desc, h.call_id desc) from hits h), '[]'),
      (select count(*)::integer from walked),
      (select json_build_object('createdAt', w.created_at, 'callId', w.call_id) from walked w
        order by w.created_at, w.call_id limit 1);
  end if;
end $$
;
