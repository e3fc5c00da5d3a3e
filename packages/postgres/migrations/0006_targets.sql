-- What the workers are told of a call's URL. The functions are replaced by those in ../functions.

create function dueline.target_of(p_url text) returns text language sql immutable parallel safe
return coalesce(lower(substring(p_url from '^[a-zA-Z][a-zA-Z0-9+.-]*://(?:[^/?#]*@)?([^/?#]*)')), '')
;
revoke all on function dueline.target_of(text) from public
;
grant execute on function dueline.target_of(text) to dueline_append
;
alter function dueline.target_of(text) owner to dueline_append
;
create function dueline.upcoming(p_before bigint, p_due bigint, p_call uuid, p_limit integer) returns setof json
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
  set enable_bitmapscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
  set plan_cache_mode = force_generic_plan as $$
begin
  return query
    select json_build_object('tenantId', c.tenant_id, 'callId', c.call_id, 'revision', c.revision, 'dueAt', c.due_at,
      'target', dueline.target_of(c.url))
    from dueline.service_calls c
    where c.wake_at is not null and c.wake_at <= p_before and (c.wake_at, c.call_id) > (p_due, p_call) and c.status = 'Scheduled'
    order by c.wake_at, c.call_id limit p_limit;
end $$
;
revoke all on function dueline.upcoming(bigint, bigint, uuid, integer) from public
;
grant execute on function dueline.upcoming(bigint, bigint, uuid, integer) to dueline_worker
;
alter function dueline.upcoming(bigint, bigint, uuid, integer) owner to dueline_append
;
