-- An outbox whose cost per entry depends neither on its size nor on how many deleted rows the vacuum has yet to take away.

-- Entries that never failed and entries whose retry is due, without those behind a waiting entry of their stream. All entries that have
-- never failed lie behind p_after, where the walk through the index begins. Those that the asker holds are passed over: of a thousand that are on
-- their way each claim would otherwise read and tell all of them.
--
-- callers: dueline_worker
create or replace function dueline.claim_outbox(p_now bigint, p_limit integer, p_after bigint, p_held bigint[])
returns table (entry_position bigint, event_id uuid, tenant_id uuid, stream_id uuid, topic text, payload json, failures integer)
language plpgsql stable {{stable plan}} as $$
begin
  return query
    select a.position, a.event_id, a.tenant_id, a.stream_id, a.topic, a.payload, a.failures from (
      (select o.* from dueline.outbox o
        where o.available_at is null and o.position > p_after and o.position not in (select h from unnest(p_held) h) and not exists (
          select from dueline.outbox w where w.tenant_id = o.tenant_id and w.stream_id = o.stream_id
            and w.position < o.position and w.available_at > p_now)
        order by o.position limit p_limit)
      union all
      (select o.* from dueline.outbox o
        where o.available_at <= p_now and o.position not in (select h from unnest(p_held) h) and not exists (
          select from dueline.outbox w where w.tenant_id = o.tenant_id and w.stream_id = o.stream_id
            and w.position < o.position and w.available_at > p_now)
        order by o.available_at, o.position limit p_limit)
    ) a order by a.position limit p_limit;
end $$
;

-- Moves the mark behind which claims begin. Positions are handed out before they are committed, so the mark must not pass a position
-- that somebody still holds: it goes as far as the asker had seen (p_seen) when it asked the last time, and that only when every
-- transaction which had begun to write by then (those before p_xact, drawn after) has ended; and never past an entry that is left.
-- A commit writes its events first, so it has its transaction id before its positions. The next time the asker brings the answer's
-- xact and what it had seen before it asked; an answer without one says that its old pair still has to wait. Not one snapshot for all of
-- it: each statement sees at least what the one before did.
--
-- callers: dueline_worker
create or replace function dueline.outbox_floor(p_after bigint, p_seen bigint, p_xact text)
returns table (mark bigint, xact text) language plpgsql {{stable plan}} as $$
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

-- One statement for each kind. A trace that travels with a message is no part of it. A failure, or an end, that was told under an older count has been told before and changes nothing.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.settle_outbox(p_settlements json, p_at bigint) returns void
language plpgsql security definer {{stable plan}} as $$
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
    select g.tenant_id, g.event_id, g.stream_id, g.topic,
      case when jsonb_exists(g.payload::jsonb, '$traceparent') then (g.payload::jsonb - '$traceparent')::json else g.payload end,
      g.failures + 1, g.reason,
      g.history || jsonb_build_object('at', p_at, 'error', g.reason), p_at
    from gone g
    on conflict do nothing;
end $$
;

-- For an operator: what waits, of all tenants, the oldest first, and how much of each topic, of p_budget rows at the most. Event ids begin with
-- the time.
--
-- callers: dueline_worker
create or replace function dueline.list_outbox(p_topic text, p_failing boolean, p_limit integer, p_budget integer) returns json
language plpgsql stable {{stable plan}} as $$
begin
  return (with waiting as materialized (
    select o.event_id, o.tenant_id, o.topic, o.failures, o.available_at, o.last_error, o.position,
        ('x' || substr(replace(o.event_id::text, '-', ''), 1, 12))::bit(48)::bigint as since
      from ((select * from dueline.outbox f where f.available_at is null order by f.position limit p_budget)
        union all (select * from dueline.outbox w where w.available_at is not null order by w.available_at, w.position limit p_budget)) o
      where (p_topic is null or o.topic = p_topic) and (not p_failing or o.failures > 0)
  )
  select json_build_object(
    'topics', (select coalesce(json_agg(json_build_object('topic', t.topic, 'waiting', t.n, 'failing', t.f, 'oldest', t.since) order by t.since), '[]')
      from (select w.topic, count(*) as n, count(*) filter (where w.failures > 0) as f, min(w.since) as since from waiting w group by w.topic) t),
    'entries', (select coalesce(json_agg(json_build_object('id', e.event_id, 'tenantId', e.tenant_id, 'topic', e.topic, 'since', e.since,
        'failures', e.failures, 'retryAt', e.available_at, 'reason', e.last_error) order by e.since, e.position), '[]')
      from (select * from waiting w order by w.since, w.position limit p_limit) e)));
end $$
;

-- callers: dueline_worker
create or replace function dueline.find_outbox(p_event uuid) returns json language plpgsql stable {{stable plan}} as $$
begin
  return (select json_build_object('id', o.event_id, 'tenantId', o.tenant_id, 'streamId', o.stream_id, 'topic', o.topic,
      'since', ('x' || substr(replace(o.event_id::text, '-', ''), 1, 12))::bit(48)::bigint, 'failures', o.failures, 'retryAt', o.available_at,
      'reason', o.last_error, 'attempts', o.history, 'payload', o.payload::jsonb - '$traceparent')
    from dueline.outbox o where o.event_id = p_event limit 1);
end $$
;

-- What waits for its next attempt has it now; p_event null: all of it, p_limit at the most. One that is on its way is not touched.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.retry_outbox(p_event uuid, p_now bigint, p_limit integer) returns integer
language plpgsql security definer {{stable plan}} as $$
declare
  v_count integer;
begin
  update dueline.outbox o set available_at = p_now
    where (o.tenant_id, o.event_id) in (
      select w.tenant_id, w.event_id from dueline.outbox w
        where w.available_at > p_now and (p_event is null or w.event_id = p_event)
        order by w.available_at, w.position limit p_limit)
      and o.available_at > p_now;
  get diagnostics v_count = row_count;
  return v_count;
end $$
;
