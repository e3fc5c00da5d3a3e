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
-- policies. The index knows a cause by a number, which others may have too. For the same reason the planner does not see by itself that all have one cause, and is told to go by it; nor may it sort:
-- however few it expects, it would first fetch all of the cause.
--
-- callers: dueline_edge
-- owner: dueline_append
create or replace function dueline.correlated(
  p_correlation text, p_recorded timestamptz, p_stream uuid, p_version integer, p_limit integer
) returns table (stream_id uuid, version integer) language plpgsql stable security definer {{stable plan}} set enable_sort = off as $$
declare
  v_tenant uuid := nullif(current_setting('app.current_tenant', true), '')::uuid;
  v_cause bigint := uuid_hash_extended(v_tenant, hashtextextended(p_correlation collate "C", 0));
begin
  return query
    select e.stream_id, e.version from dueline.events e
    where uuid_hash_extended(e.tenant_id, hashtextextended((e.metadata ->> 'correlationId') collate "C", 0)) = v_cause
      and e.recorded_at >= p_recorded and (e.recorded_at, e.stream_id, e.version) > (p_recorded, p_stream, p_version)
      and e.tenant_id = v_tenant and (e.metadata ->> 'correlationId') collate "C" = p_correlation
    order by uuid_hash_extended(e.tenant_id, hashtextextended((e.metadata ->> 'correlationId') collate "C", 0)), e.recorded_at, e.stream_id, e.version
    limit p_limit;
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

-- Where the rows of a page of the log lie: in the order of transactions and positions, behind a mark, as far as no transaction may still be under way; at most
-- p_limit events. p_from: it is known that between the mark and this transaction there is nothing. The index knows the transactions of a range of
-- blocks: it is asked for a few transactions at a time, for more where there is little in them, for fewer where there is much, so that what a page
-- costs depends neither on the table's size nor on gaps between transactions. Only what the order goes by is put in order, since whole rows are long;
-- who reads them by their places reads those of the page alone.
--
-- callers: dueline_writer, dueline_append
create or replace function dueline.log_places(p_from bigint, p_xact bigint, p_position bigint, p_limit integer) returns tid[]
language plpgsql stable {{stable plan}} set enable_bitmapscan = on as $$
declare
  v_mark xid8 := p_xact::text::xid8;
  v_from bigint := greatest(p_from, p_xact);
  v_to bigint;
  v_end bigint := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
  v_width bigint := 16;
  v_left integer := p_limit;
  v_places tid[] := '{}';
  v_some tid[];
  v_seen integer;
begin
  while v_left > 0 and v_from < v_end loop
    v_to := least(v_from + v_width, v_end);
    select count(*), (array_agg(w.ctid order by w.xact, w.position))[:v_left] into v_seen, v_some from (
      select e.ctid, e.xact, e.position from dueline.events e
        where (e.xact::text)::bigint >= v_from and (e.xact::text)::bigint < v_to and (e.xact, e.position) > (v_mark, p_position)
        limit case when v_to - v_from > 1 then 4 * p_limit + 1 end
    ) w;
    if v_seen > 4 * p_limit and v_to - v_from > 1 then
      v_width := greatest(v_width / 8, 1);
      continue;
    end if;
    v_places := v_places || v_some;
    v_left := v_left - least(v_seen, v_left);
    v_from := v_to;
    -- As wide as what is left takes, if the next transactions have as much in them as these.
    v_width := greatest(least(v_width * 4, (v_width * v_left + v_seen - 1) / greatest(v_seen, 1)), 1);
  end loop;
  return v_places;
end $$
;

-- The events at these places, in no order. No vacuum takes a row away that the statement sees.
--
-- callers: dueline_writer, dueline_append
create or replace function dueline.log_page(p_from bigint, p_xact bigint, p_position bigint, p_limit integer) returns setof dueline.events
language plpgsql stable {{stable plan}} as $$
declare
  v_places tid[] := dueline.log_places(p_from, p_xact, p_position, p_limit);
begin
  return query select e.* from dueline.events e where e.ctid = any (v_places);
end $$
;

-- Events as `log_page` gives them, each with the mark behind which the next page begins.
--
-- callers: dueline_writer
create or replace function dueline.read_log(p_xact bigint, p_position bigint, p_limit integer) returns setof json
language plpgsql stable {{stable plan}} as $$
begin
  return query
    select json_build_object('mark', json_build_object('transaction', e.xact::text, 'position', e.position),
      'tenantId', e.tenant_id, 'streamId', e.stream_id, 'category', e.category, 'eventId', e.event_id, 'type', e.type,
      'eventVersion', e.event_version, 'payload', e.payload, 'metadata', e.metadata,
      'recordedAt', (extract(epoch from e.recorded_at) * 1000)::bigint, 'version', e.version)
    from dueline.log_page(p_xact, p_xact, p_position, p_limit) e
    order by e.xact, e.position;
end $$
;

-- Who made each of these, of whatever kind: the actor of its first event, by the primary key. Those that are not there are left out.
--
-- callers: dueline_edge
create or replace function dueline.makers_of(p_tenant uuid, p_ids uuid[]) returns json language plpgsql {{stable plan}} as $$
begin
  perform set_config('app.current_tenant', p_tenant::text, true);
  return (select coalesce(json_object_agg(e.stream_id, e.metadata -> 'actor'), '{}') from dueline.events e
    where e.tenant_id = p_tenant and e.stream_id = any (p_ids) and e.version = 1);
end $$
;
