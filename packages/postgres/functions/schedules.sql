-- What of schedules is to be looked at.

-- Without the request: a due schedule is judged by its rule and by how far it has come. In order of the time at which it must be looked at.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.due_schedules(p_before bigint, p_wake bigint, p_id uuid, p_limit integer) returns setof json
language plpgsql stable security definer {{stable plan}} as $$
begin
  return query
    select (r.row::jsonb - 'call' - 'pausedReason')::json
    from dueline.schedule_rows r
    where r.wake_at is not null and r.wake_at <= p_before and (r.wake_at, r.id) > (p_wake, p_id)
    order by r.wake_at, r.id limit p_limit;
end $$
;

-- Schedules with what is sealed beside each, as they are at one moment: for the calls that they are fired for. What is sealed and longer is left out
-- with its schedule. Each is looked up by itself: a join would leave it to the planner to walk a table that is small.
--
-- callers: dueline_edge
create or replace function dueline.schedule_requests(p_tenant uuid, p_ids uuid[], p_longest integer) returns setof json
language plpgsql {{stable plan}} as $$
begin
  perform set_config('app.current_tenant', p_tenant::text, true);
  return query
    select json_build_object('row', f.row, 'sealed', f.sealed)
    from unnest(p_ids) as asked(id) cross join lateral (
      select r.row, d.data_key || '.' || d.profile as sealed
      from dueline.schedule_rows r left join dueline.personal_data d on d.tenant_id = p_tenant and d.customer_id = asked.id
      where r.tenant_id = p_tenant and r.id = asked.id
        and (p_longest is null or d.profile is null or octet_length(d.profile) <= p_longest) limit 1
    ) f;
end $$
;

-- Those whose next time follows from older zone data than this, without the request. Versions such as 2026c sort as they follow each other.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.schedules_of_older_zone_data(p_zone_data text, p_after text, p_id uuid, p_limit integer) returns setof json
language plpgsql stable security definer {{stable plan}} as $$
begin
  return query
    select (r.row::jsonb - 'call' - 'pausedReason')::json
    from dueline.schedule_rows r
    where r.wake_at is not null and r.zone_data < p_zone_data and (r.zone_data, r.id) > (p_after, p_id)
    order by r.zone_data, r.id limit p_limit;
end $$
;
