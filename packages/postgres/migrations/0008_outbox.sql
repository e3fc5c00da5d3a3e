-- An outbox whose cost per entry depends neither on its size nor on how many deleted rows the vacuum has yet to take away.
-- The functions are replaced by those in ../functions.

drop function dueline.claim_outbox(bigint, integer)
;
create function dueline.claim_outbox(p_now bigint, p_limit integer, p_after bigint)
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
        where o.available_at is null and o.position > p_after and not exists (
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
revoke all on function dueline.claim_outbox(bigint, integer, bigint) from public
;
grant execute on function dueline.claim_outbox(bigint, integer, bigint) to dueline_worker
;
create function dueline.outbox_floor(p_after bigint, p_seen bigint, p_xact text)
returns table (mark bigint, xact text) language plpgsql set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
  set enable_bitmapscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
  set plan_cache_mode = force_generic_plan as $$
declare
  left_over bigint;
begin
  mark := p_after;
  if p_xact::xid8 > pg_snapshot_xmin(pg_current_snapshot()) then
    return next;
    return;
  end if;
  if p_xact is not null then
    select o.position into left_over from dueline.outbox o
      where o.available_at is null and o.position > p_after order by o.position limit 1;
    mark := greatest(p_after, least(p_seen, coalesce(left_over - 1, p_seen)));
  end if;
  xact := pg_current_xact_id()::text;
  return next;
end $$
;
revoke all on function dueline.outbox_floor(bigint, bigint, text) from public
;
grant execute on function dueline.outbox_floor(bigint, bigint, text) to dueline_worker
;
create or replace function dueline.settle_outbox(p_settlements json, p_at bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
  set enable_bitmapscan = off
  set enable_hashjoin = off
  set enable_mergejoin = off
  set plan_cache_mode = force_generic_plan as $$
begin
  delete from dueline.outbox o using json_to_recordset(p_settlements) as s(k text, t uuid, i uuid)
    where s.k = 'Delivered' and o.tenant_id = s.t and o.event_id = s.i;

  update dueline.outbox o set failures = o.failures + 1, available_at = s.r, last_error = s.m,
      history = o.history || jsonb_build_object('at', p_at, 'error', s.m)
    from json_to_recordset(p_settlements) as s(k text, t uuid, i uuid, f integer, r bigint, m text)
    where s.k = 'Failed' and o.tenant_id = s.t and o.event_id = s.i and o.failures = s.f;

  with gone as (
    delete from dueline.outbox o using json_to_recordset(p_settlements) as s(k text, t uuid, i uuid, f integer, m text)
      where s.k = 'Dead' and o.tenant_id = s.t and o.event_id = s.i and o.failures = s.f
      returning o.*, s.m as reason
  )
  insert into dueline.dead_letters
      (tenant_id, event_id, stream_id, topic, payload, failures, last_error, history, died_at)
    select g.tenant_id, g.event_id, g.stream_id, g.topic, g.payload, g.failures + 1, g.reason,
      g.history || jsonb_build_object('at', p_at, 'error', g.reason), p_at
    from gone g
    on conflict do nothing;
end $$
;
