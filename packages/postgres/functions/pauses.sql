-- What holds calls back, of all tenants.

-- Without reasons and names of people. Those that hold, and those that release at a rate since not long.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.pauses_in_force(p_resumed_after bigint, p_limit integer) returns setof json
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select json_build_object('tenantId', r.tenant_id, 'pauseId', r.id, 'of', r.of, 'key', r.key,
    'release', case when r.status = 'Active' then null
      else json_build_object('at', r.resumed_at, 'perSecond', r.release_per_second) end)
  from dueline.pause_rows r
  where r.in_force and (r.status = 'Active' or r.resumed_at > p_resumed_after)
  order by r.created_at, r.id limit p_limit
$$
;
