-- What workers may change. The functions are replaced by those in ../functions.

create function dueline.extend_leases(p_worker text, p_until bigint, p_holdings json) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
  set enable_bitmapscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
  set plan_cache_mode = force_generic_plan as $$
declare
  holding record;
  extended integer := 0;
begin
  for holding in select * from json_to_recordset(p_holdings) as h(t uuid, c uuid, e integer) loop
    perform 1 from dueline.service_calls k
      where k.tenant_id = holding.t and k.call_id = holding.c and k.epoch = holding.e and k.worker = p_worker
        and k.status = 'Running' and k.lease_until < p_until
      for update skip locked;
    if found then
      update dueline.service_calls k set lease_until = p_until where k.tenant_id = holding.t and k.call_id = holding.c;
      extended := extended + 1;
    end if;
  end loop;
  return extended;
end $$
;
revoke all on function dueline.extend_leases(text, bigint, json) from public
;
grant execute on function dueline.extend_leases(text, bigint, json) to dueline_worker
;
alter function dueline.extend_leases(text, bigint, json) owner to dueline_append
;
create function dueline.claim_outbox(p_now bigint, p_limit integer)
returns table (entry_position bigint, event_id uuid, tenant_id uuid, stream_id uuid, topic text, payload json, failures integer)
language plpgsql stable set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
  set enable_bitmapscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
  set plan_cache_mode = force_generic_plan as $$
begin
  return query
    select a.position, a.event_id, a.tenant_id, a.stream_id, a.topic, a.payload, a.failures from (
      (select o.* from dueline.outbox o
        where o.available_at is null and not exists (
          select from dueline.outbox w where w.tenant_id = o.tenant_id and w.stream_id = o.stream_id
            and w.position < o.position and w.available_at > p_now)
        order by o.position limit p_limit)
      union all
      (select o.* from dueline.outbox o
        where o.available_at <= p_now and not exists (
          select from dueline.outbox w where w.tenant_id = o.tenant_id and w.stream_id = o.stream_id
            and w.position < o.position and w.available_at > p_now)
        order by o.available_at, o.position limit p_limit)
    ) a order by a.position limit p_limit;
end $$
;
revoke all on function dueline.claim_outbox(bigint, integer) from public
;
grant execute on function dueline.claim_outbox(bigint, integer) to dueline_worker
;
create function dueline.settle_outbox(p_settlements json, p_at bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
  set enable_bitmapscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
  set plan_cache_mode = force_generic_plan as $$
declare
  s record;
begin
  for s in select * from json_to_recordset(p_settlements)
    as x(k text, t uuid, i uuid, f integer, r bigint, m text)
  loop
    if s.k = 'Delivered' then
      delete from dueline.outbox o where o.tenant_id = s.t and o.event_id = s.i;
    elsif s.k = 'Failed' then
      update dueline.outbox o set failures = o.failures + 1, available_at = s.r, last_error = s.m,
          history = o.history || jsonb_build_object('at', p_at, 'error', s.m)
        where o.tenant_id = s.t and o.event_id = s.i and o.failures = s.f;
    else
      with gone as (delete from dueline.outbox o where o.tenant_id = s.t and o.event_id = s.i returning o.*)
      insert into dueline.dead_letters
          (tenant_id, event_id, stream_id, topic, payload, failures, last_error, history, died_at)
        select g.tenant_id, g.event_id, g.stream_id, g.topic, g.payload, g.failures + 1, s.m,
          g.history || jsonb_build_object('at', p_at, 'error', s.m), p_at
        from gone g
        on conflict do nothing;
    end if;
  end loop;
end $$
;
revoke all on function dueline.settle_outbox(json, bigint) from public
;
grant execute on function dueline.settle_outbox(json, bigint) to dueline_worker
;
alter function dueline.settle_outbox(json, bigint) owner to dueline_append
;
