-- What several processes need that share one database.

-- The clock is read when the row is held, so whoever waited for it is judged by the time it got it.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.take_lease(p_name text, p_holder text, p_ttl_ms integer) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into dueline.leases as l (name, holder, until)
    values (p_name, p_holder, clock_timestamp() + p_ttl_ms * interval '1 millisecond')
    on conflict (name) do update set holder = p_holder, until = clock_timestamp() + p_ttl_ms * interval '1 millisecond'
      where l.holder = p_holder or l.until <= clock_timestamp();
  return found;
end $$
;

-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.release_lease(p_name text, p_holder text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  delete from dueline.leases l where l.name = p_name and l.holder = p_holder
$$
;
