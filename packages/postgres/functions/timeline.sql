-- What was: events by stream and by what they were caused by.

-- callers: dueline_edge
create or replace function dueline.stream_events(p_tenant uuid, p_category text, p_stream uuid, p_after integer, p_limit integer)
returns setof json language plpgsql {{stable plan}} as $$
begin
  perform set_config('app.current_tenant', p_tenant::text, true);
  return query
    select json_build_object('eventId', e.event_id, 'type', e.type, 'eventVersion', e.event_version, 'payload', e.payload, 'metadata', e.metadata,
      'recordedAt', (extract(epoch from e.recorded_at) * 1000)::bigint, 'version', e.version) from dueline.events e
    where e.tenant_id = p_tenant and e.stream_id = p_stream and e.version > p_after and e.category = p_category
    order by e.version limit p_limit;
end $$
;

-- Where the events are that belong together. It runs as dueline_append, because row-level security keeps operators it does not trust,
-- such as those that look into JSON, from being asked of an index. The tenant is the session's, and what is at a place is read under the
-- policies. For the same reason the planner does not see by itself that all have one cause, and is told to go by it; nor may it sort:
-- however few it expects, it would first fetch all of the cause.
--
-- callers: dueline_edge
-- owner: dueline_append
create or replace function dueline.correlated(
  p_correlation text, p_recorded timestamptz, p_stream uuid, p_version integer, p_limit integer
) returns table (stream_id uuid, version integer) language plpgsql stable security definer {{stable plan}} set enable_sort = off as $$
begin
  return query
    select e.stream_id, e.version from dueline.events e
    where e.tenant_id = nullif(current_setting('app.current_tenant', true), '')::uuid and (e.metadata ->> 'correlationId') collate "C" = p_correlation
      and e.recorded_at >= p_recorded and (e.recorded_at, e.stream_id, e.version) > (p_recorded, p_stream, p_version)
    order by (e.metadata ->> 'correlationId') collate "C", e.recorded_at, e.stream_id, e.version limit p_limit;
end $$
;

-- callers: dueline_edge
create or replace function dueline.timeline(
  p_tenant uuid, p_correlation text, p_recorded float8, p_stream uuid, p_version integer, p_limit integer
) returns setof json language plpgsql {{stable plan}} as $$
begin
  perform set_config('app.current_tenant', p_tenant::text, true);
  return query
    select (
      select json_build_object('category', e.category, 'streamId', e.stream_id, 'eventId', e.event_id, 'type', e.type, 'eventVersion', e.event_version, 'payload', e.payload, 'metadata', e.metadata,
      'recordedAt', (extract(epoch from e.recorded_at) * 1000)::bigint, 'version', e.version) from dueline.events e
        where e.tenant_id = p_tenant and e.stream_id = c.stream_id and e.version = c.version)
    from dueline.correlated(p_correlation, to_timestamp(p_recorded / 1000), p_stream, p_version, p_limit) with ordinality c
    order by c.ordinality;
end $$
;
