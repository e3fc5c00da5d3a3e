-- What the edge reads. The functions are replaced by those in ../functions.

create function dueline.find_call(p_tenant uuid, p_call uuid) returns json language plpgsql set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
  set enable_bitmapscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
  set plan_cache_mode = force_generic_plan as $$
begin
  perform set_config('app.current_tenant', p_tenant::text, true);
  return (select json_build_object('_tag', 'ServiceCallRow', 'tenantId', c.tenant_id, 'callId', c.call_id,
    'version', c.version, 'status', c.status, 'createdAt', c.created_at, 'updatedAt', c.updated_at,
    'dueAt', c.due_at, 'wakeAt', c.wake_at, 'revision', c.revision, 'attempt', c.attempt,
    'epoch', c.epoch, 'cancelRequested', c.cancel_requested,
    'request', json_build_object('method', c.method, 'url', c.url, 'headers', c.headers,
      'bodyBytes', c.body_bytes, 'bodySnippet', c.body_snippet),
    'timeoutMs', c.timeout_ms, 'retry', c.retry, 'tags', to_json(c.tags),
    'lastStatus', c.last_status, 'failureReason', c.failure_reason, 'endedAt', c.ended_at,
    'worker', c.worker, 'leaseUntil', c.lease_until, 'correlationId', c.correlation_id) from dueline.service_calls c where c.tenant_id = p_tenant and c.call_id = p_call);
end $$
;
revoke all on function dueline.find_call(uuid, uuid) from public
;
grant execute on function dueline.find_call(uuid, uuid) to dueline_edge
;
create function dueline.call_history(p_tenant uuid, p_call uuid, p_after integer, p_limit integer)
returns setof json language plpgsql set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
  set enable_bitmapscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
  set plan_cache_mode = force_generic_plan as $$
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
revoke all on function dueline.call_history(uuid, uuid, integer, integer) from public
;
grant execute on function dueline.call_history(uuid, uuid, integer, integer) to dueline_edge
;
create function dueline.list_calls(
  p_tenant uuid, p_created bigint, p_call uuid, p_status text, p_tags text[], p_from bigint, p_to bigint, p_search text,
  p_budget integer, p_limit integer
) returns table (calls json, walked integer, reached json) language plpgsql set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
  set enable_bitmapscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
  set plan_cache_mode = force_generic_plan as $$
begin
  perform set_config('app.current_tenant', p_tenant::text, true);
  if p_status in ('Failed', 'Cancelled') then
    return query
    with walked as materialized (
      select tenant_id, call_id, version, status, created_at, updated_at, due_at, wake_at, revision, attempt, epoch, cancel_requested, method, url, headers, body_bytes, body_snippet, timeout_ms, retry, tags, last_status, failure_reason, ended_at, worker, lease_until, correlation_id from dueline.service_calls
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
      coalesce((select json_agg(json_build_object('_tag', 'ServiceCallRow', 'tenantId', h.tenant_id, 'callId', h.call_id,
    'version', h.version, 'status', h.status, 'createdAt', h.created_at, 'updatedAt', h.updated_at,
    'dueAt', h.due_at, 'wakeAt', h.wake_at, 'revision', h.revision, 'attempt', h.attempt,
    'epoch', h.epoch, 'cancelRequested', h.cancel_requested,
    'request', json_build_object('method', h.method, 'url', h.url, 'headers', h.headers,
      'bodyBytes', h.body_bytes, 'bodySnippet', h.body_snippet),
    'timeoutMs', h.timeout_ms, 'retry', h.retry, 'tags', to_json(h.tags),
    'lastStatus', h.last_status, 'failureReason', h.failure_reason, 'endedAt', h.ended_at,
    'worker', h.worker, 'leaseUntil', h.lease_until, 'correlationId', h.correlation_id) order by h.created_at desc, h.call_id desc) from hits h), '[]'),
      (select count(*)::integer from walked),
      (select json_build_object('createdAt', w.created_at, 'callId', w.call_id) from walked w
        order by w.created_at, w.call_id limit 1);
  else
    return query
    with walked as materialized (
      select tenant_id, call_id, version, status, created_at, updated_at, due_at, wake_at, revision, attempt, epoch, cancel_requested, method, url, headers, body_bytes, body_snippet, timeout_ms, retry, tags, last_status, failure_reason, ended_at, worker, lease_until, correlation_id from dueline.service_calls
      where listed_under = p_tenant  and (created_at, call_id) < (p_created, p_call)
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
      coalesce((select json_agg(json_build_object('_tag', 'ServiceCallRow', 'tenantId', h.tenant_id, 'callId', h.call_id,
    'version', h.version, 'status', h.status, 'createdAt', h.created_at, 'updatedAt', h.updated_at,
    'dueAt', h.due_at, 'wakeAt', h.wake_at, 'revision', h.revision, 'attempt', h.attempt,
    'epoch', h.epoch, 'cancelRequested', h.cancel_requested,
    'request', json_build_object('method', h.method, 'url', h.url, 'headers', h.headers,
      'bodyBytes', h.body_bytes, 'bodySnippet', h.body_snippet),
    'timeoutMs', h.timeout_ms, 'retry', h.retry, 'tags', to_json(h.tags),
    'lastStatus', h.last_status, 'failureReason', h.failure_reason, 'endedAt', h.ended_at,
    'worker', h.worker, 'leaseUntil', h.lease_until, 'correlationId', h.correlation_id) order by h.created_at desc, h.call_id desc) from hits h), '[]'),
      (select count(*)::integer from walked),
      (select json_build_object('createdAt', w.created_at, 'callId', w.call_id) from walked w
        order by w.created_at, w.call_id limit 1);
  end if;
end $$
;
revoke all on function dueline.list_calls(uuid, bigint, uuid, text, text[], bigint, bigint, text, integer, integer) from public
;
grant execute on function dueline.list_calls(uuid, bigint, uuid, text, text[], bigint, bigint, text, integer, integer) to dueline_edge
;
