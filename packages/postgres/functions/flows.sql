-- The places of flows: how many calls of one are under way, whichever process asks.

-- Asked in the order of flows, so that two that ask for several never wait for each other. The meter's row is held meanwhile: of two that ask for
-- one flow the second counts what the first has taken. A place whose time is over and whose call does not run was left by a process that is gone.
-- A call that was cancelled, moved or begun since its alarm was set takes nothing; programs of before say no revision (v), and theirs do.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.take_flow_places(p_keep_ms integer, p_asked json) returns json
language plpgsql security definer {{stable plan}} as $$
declare
  asked record;
  v_answers json[] := '{}';
  v_next double precision;
  v_now double precision;
  v_limit integer;
  v_every double precision;
  v_taken integer;
begin
  for asked in
    select * from rows from (json_to_recordset(p_asked) as (t uuid, f text, k uuid, v integer, c integer, r double precision))
      with ordinality as a(t, f, k, v, c, r, n) order by t, f, n
  loop
    if exists (
      select from dueline.service_calls s
      where s.tenant_id = asked.t and s.call_id = asked.k and (s.status <> 'Scheduled' or s.revision > asked.v) and asked.v is not null
    ) then
      v_answers[asked.n] := json_build_object('_tag', 'Stale');
      continue;
    end if;
    insert into dueline.flow_meters as m (tenant_id, flow) values (asked.t, asked.f)
      on conflict (tenant_id, flow) do update set flow = m.flow returning m.next_at into v_next;
    v_now := extract(epoch from clock_timestamp()) * 1000;
    -- What the flow itself says counts beside it, and the stricter of the two.
    select least(asked.c, d.concurrency), greatest(1000 / asked.r, 1000 / d.rate_per_second) into v_limit, v_every
      from (select 1) one
      left join dueline.flow_rows d on d.tenant_id = asked.t and d.key = asked.f and d.status = 'Active';
    delete from dueline.flow_places p
      where p.tenant_id = asked.t and p.flow = asked.f and p.until <= clock_timestamp()
        and not exists (
          select from dueline.service_calls c where c.tenant_id = p.tenant_id and c.call_id = p.call_id and c.status = 'Running');
    select count(*) into v_taken from dueline.flow_places p
      where p.tenant_id = asked.t and p.flow = asked.f and p.call_id <> asked.k;
    if v_taken >= v_limit then
      v_answers[asked.n] := json_build_object('_tag', 'Full', 'taken', v_taken, 'limit', v_limit);
    elsif v_every is not null and v_next > v_now then
      v_answers[asked.n] := json_build_object('_tag', 'Early', 'waitMs', v_next - v_now);
    else
      if v_every is not null then
        update dueline.flow_meters m set next_at = greatest(m.next_at, v_now) + v_every where m.tenant_id = asked.t and m.flow = asked.f;
      end if;
      insert into dueline.flow_places as p (tenant_id, flow, call_id, until)
        values (asked.t, asked.f, asked.k, clock_timestamp() + p_keep_ms * interval '1 millisecond')
        on conflict (tenant_id, flow, call_id) do update set until = excluded.until;
      v_answers[asked.n] := json_build_object('_tag', 'Granted');
    end if;
  end loop;
  return array_to_json(v_answers);
end $$
;

-- Calls that were granted a place wait still: their time begins anew. One whose place is being taken by another at this moment has none any more,
-- which is why nothing is waited for.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.keep_flow_places(p_keep_ms integer, p_holders json) returns json
language plpgsql security definer {{stable plan}} as $$
declare
  v_kept json;
begin
  with asked as (
    select * from rows from (json_to_recordset(p_holders) as (t uuid, f text, k uuid)) with ordinality as a(t, f, k, n)
  ), held as (
    select p.tenant_id, p.flow, p.call_id from dueline.flow_places p join asked a on p.tenant_id = a.t and p.flow = a.f and p.call_id = a.k
    for update of p skip locked
  ), kept as (
    update dueline.flow_places p set until = clock_timestamp() + p_keep_ms * interval '1 millisecond' from held h
    where p.tenant_id = h.tenant_id and p.flow = h.flow and p.call_id = h.call_id
    returning p.tenant_id, p.flow, p.call_id
  )
  select coalesce(json_agg(kept.call_id is not null order by a.n), '[]') into v_kept
  from asked a left join kept on kept.tenant_id = a.t and kept.flow = a.f and kept.call_id = a.k;
  return v_kept;
end $$
;

-- The place of a call that runs is not given back: whoever says so means an attempt before, or one that another process has begun since. A
-- meter that says nothing any more is forgotten, so that flows that are idle cost nothing.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.release_flow_places(p_holders json) returns void
language plpgsql security definer {{stable plan}} as $$
begin
  delete from dueline.flow_places p using json_to_recordset(p_holders) as h(t uuid, f text, k uuid)
    where p.tenant_id = h.t and p.flow = h.f and p.call_id = h.k
      and not exists (
        select from dueline.service_calls c where c.tenant_id = p.tenant_id and c.call_id = p.call_id and c.status = 'Running');
  delete from dueline.flow_meters m using (
      select distinct h.t, h.f from json_to_recordset(p_holders) as h(t uuid, f text) order by h.t, h.f
    ) h
    where m.tenant_id = h.t and m.flow = h.f and m.next_at <= extract(epoch from clock_timestamp()) * 1000
      and not exists (select from dueline.flow_places p where p.tenant_id = h.t and p.flow = h.f);
end $$
;

-- How it stands with a flow, along the index of its live calls: those that were due first are counted, up to the limit.
--
-- callers: dueline_edge
create or replace function dueline.flow_state(p_tenant uuid, p_flow text, p_now bigint, p_limit integer) returns json
language plpgsql {{stable plan}} as $$
begin
  perform set_config('app.current_tenant', p_tenant::text, true);
  return (
    select json_build_object('running', count(*) filter (where f.status = 'Running'), 'waiting', count(*) filter (where f.status = 'Scheduled'))
    from (
      select c.status from dueline.service_calls c
      where c.tenant_id = p_tenant and c.flow ->> 'key' = p_flow and c.flow is not null and c.wake_at is not null and c.wake_at <= p_now
      order by c.wake_at limit p_limit
    ) f
  );
end $$
;
