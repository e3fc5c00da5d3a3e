-- What is kept for subscriptions, and the line in which each of them has its messages. One process at a time works on it; a lock of the
-- transaction holds two together that overlap, so that no line is left without a first.

-- The first of each of these lines may have a call, unless one before it has not ended.
--
-- callers: none
-- owner: dueline_append
create or replace function dueline.promote_deliveries(p_lines json) returns void
language plpgsql {{stable plan}} as $$
declare
  line record;
  head record;
begin
  for line in select distinct x.t, x.u, x.s from json_to_recordset(p_lines) as x(t uuid, u uuid, s uuid) loop
    select d.place, d.state into head from dueline.deliveries d
      where d.tenant_id = line.t and d.subscription_id = line.u and d.stream_id = line.s and d.state < 3
      order by d.place limit 1;
    if found and head.state = 0 then
      update dueline.deliveries d set state = 1 where d.tenant_id = line.t and d.place = head.place;
    end if;
  end loop;
end $$
;

-- callers: none
-- owner: dueline_append
create or replace function dueline.lock_deliveries() returns void
language plpgsql {{stable plan}} as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('dueline deliveries', 0));
end $$
;

-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.unsorted_messages(p_limit integer) returns setof json
language plpgsql stable security definer {{stable plan}} as $$
begin
  return query
    select json_build_object('tenantId', m.tenant_id, 'seq', m.seq, 'eventId', m.event_id, 'streamId', m.stream_id, 'topic', m.topic,
        'payload', m.payload, 'keptAt', m.kept_at)
      from dueline.subscription_messages m where not m.sorted order by m.seq limit p_limit;
end $$
;

-- u: the subscriptions that want it.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.sort_messages(p_sorted json) returns void
language plpgsql security definer {{stable plan}} as $$
declare
  message record;
  lines jsonb := '[]';
begin
  perform dueline.lock_deliveries();
  for message in select x.t, x.q, x.u from json_to_recordset(p_sorted) as x(t uuid, q bigint, u json) order by x.q loop
    update dueline.subscription_messages m set sorted = true where m.tenant_id = message.t and m.seq = message.q and not m.sorted;
    if found and json_array_length(message.u) > 0 then
      with put as (
        insert into dueline.deliveries (tenant_id, subscription_id, seq, stream_id)
          select m.tenant_id, u.id::uuid, m.seq, m.stream_id
            from json_array_elements_text(message.u) as u(id), dueline.subscription_messages m
            where m.tenant_id = message.t and m.seq = message.q
        on conflict do nothing
        returning tenant_id, subscription_id, stream_id
      )
      select lines || coalesce(jsonb_agg(jsonb_build_object('t', p.tenant_id, 'u', p.subscription_id, 's', p.stream_id)), '[]')
        into lines from put p;
    end if;
  end loop;
  perform dueline.promote_deliveries(lines::json);
end $$
;

-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.kept_messages(p_tenant uuid, p_from bigint, p_to bigint, p_after bigint, p_limit integer) returns setof json
language plpgsql stable security definer {{stable plan}} as $$
begin
  return query
    select json_build_object('tenantId', m.tenant_id, 'seq', m.seq, 'eventId', m.event_id, 'streamId', m.stream_id, 'topic', m.topic,
        'payload', m.payload, 'keptAt', m.kept_at)
      from dueline.subscription_messages m
      where m.tenant_id = p_tenant and m.seq > p_after and m.kept_at between p_from and p_to
      order by m.seq limit p_limit;
end $$
;

-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.repeat_deliveries(p_tenant uuid, p_subscription uuid, p_redelivery integer, p_seqs bigint[]) returns void
language plpgsql security definer {{stable plan}} as $$
declare
  lines json;
begin
  perform dueline.lock_deliveries();
  insert into dueline.deliveries (tenant_id, subscription_id, seq, redelivery, stream_id)
    select m.tenant_id, p_subscription, m.seq, p_redelivery, m.stream_id from dueline.subscription_messages m
      where m.tenant_id = p_tenant and m.seq = any (p_seqs) order by m.seq
    on conflict do nothing;
  select coalesce(json_agg(json_build_object('t', p_tenant, 'u', p_subscription, 's', l.stream_id)), '[]') into lines
    from (select distinct m.stream_id from dueline.subscription_messages m where m.tenant_id = p_tenant and m.seq = any (p_seqs)) l;
  perform dueline.promote_deliveries(lines);
end $$
;

-- Walks from one subscription to the next along the index of what is at work, whatever each has.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.open_subscriptions(p_tenant uuid, p_subscription uuid, p_limit integer) returns setof json
language plpgsql stable security definer {{stable plan}} as $$
declare
  at record;
  found_row json;
  left_over integer := p_limit;
begin
  select p_tenant as tenant_id, p_subscription as subscription_id into at;
  loop
    select d.tenant_id, d.subscription_id into at from dueline.deliveries d
      where d.state in (1, 2) and (d.tenant_id, d.subscription_id) > (at.tenant_id, at.subscription_id)
      order by d.tenant_id, d.subscription_id limit 1;
    exit when not found or left_over = 0;
    select s.row into found_row from dueline.subscription_rows s
      where s.tenant_id = at.tenant_id and s.id = at.subscription_id
        and (s.status <> 'Paused' or exists (
          select from dueline.deliveries d
            where d.tenant_id = at.tenant_id and d.subscription_id = at.subscription_id and d.state = 2));
    if found then
      left_over := left_over - 1;
      return next found_row;
    end if;
  end loop;
end $$
;

-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.redelivering_subscriptions(p_limit integer) returns setof json
language plpgsql stable security definer {{stable plan}} as $$
begin
  return query
    select s.row from dueline.subscription_rows s where s.redelivering order by s.created_at, s.id limit p_limit;
end $$
;

-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.look_at_deliveries(p_tenant uuid, p_subscription uuid, p_limit integer) returns json
language plpgsql stable security definer {{stable plan}} as $$
begin
  return json_build_object(
    'ready', (select coalesce(json_agg(json_build_object('tenantId', m.tenant_id, 'seq', m.seq, 'eventId', m.event_id, 'streamId', m.stream_id,
        'topic', m.topic, 'payload', m.payload, 'keptAt', m.kept_at, 'place', r.place, 'redelivery', r.redelivery) order by r.place), '[]')
      from (
        select d.place, d.redelivery, d.seq from dueline.deliveries d
          where d.tenant_id = p_tenant and d.subscription_id = p_subscription and d.state = 1 order by d.place limit p_limit
      ) r join dueline.subscription_messages m on m.tenant_id = p_tenant and m.seq = r.seq),
    'called', (select coalesce(json_agg(json_build_object('place', d.place, 'eventId', m.event_id, 'callId', d.call_id, 'calledAt', d.called_at,
        'call', case when c.call_id is null then null else json_build_object('status', c.status, 'attempt', c.attempt,
          'lastStatus', c.last_status, 'failureReason', c.failure_reason) end) order by d.place), '[]')
      from dueline.deliveries d
        join dueline.subscription_messages m on m.tenant_id = d.tenant_id and m.seq = d.seq
        left join dueline.service_calls c on c.tenant_id = d.tenant_id and c.call_id = d.call_id
      where d.tenant_id = p_tenant and d.subscription_id = p_subscription and d.state = 2));
end $$
;

-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.call_delivery(p_tenant uuid, p_place bigint, p_call uuid, p_at bigint) returns void
language plpgsql security definer {{stable plan}} as $$
begin
  update dueline.deliveries d set state = 2, call_id = p_call, called_at = p_at
    where d.tenant_id = p_tenant and d.place = p_place and d.state < 2;
end $$
;

-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.settle_deliveries(p_tenant uuid, p_ended json) returns void
language plpgsql security definer {{stable plan}} as $$
declare
  lines json;
begin
  perform dueline.lock_deliveries();
  with ended as (
    update dueline.deliveries d set state = x.s from json_to_recordset(p_ended) as x(p bigint, s smallint)
      where d.tenant_id = p_tenant and d.place = x.p and d.state < 3
      returning d.tenant_id, d.subscription_id, d.stream_id
  )
  select coalesce(json_agg(json_build_object('t', e.tenant_id, 'u', e.subscription_id, 's', e.stream_id)), '[]') into lines from ended e;
  perform dueline.promote_deliveries(lines);
end $$
;

-- One that was set back has a call that may be made yet: it is under way once more, and leaves the line when that was called off.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.drop_deliveries(p_tenant uuid, p_subscription uuid, p_limit integer) returns integer
language plpgsql security definer {{stable plan}} as $$
declare
  lines json;
  dropped integer;
begin
  perform dueline.lock_deliveries();
  with gone as (
    update dueline.deliveries d set state = case when d.call_id is null then 5 else 2 end
      where d.tenant_id = p_tenant and d.state < 2 and d.place in (
        select l.place from dueline.deliveries l
          where l.tenant_id = p_tenant and l.subscription_id = p_subscription and l.state < 2 order by l.stream_id, l.place limit p_limit)
      returning d.stream_id
  )
  select count(*), coalesce(json_agg(json_build_object('t', p_tenant, 'u', p_subscription, 's', g.stream_id)), '[]')
    into dropped, lines from gone g;
  perform dueline.promote_deliveries(lines);
  return dropped;
end $$
;

-- The deliveries of a message go with it; one that has a call holds it until that has ended.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.forget_messages(p_before bigint, p_limit integer) returns integer
language plpgsql security definer {{stable plan}} as $$
declare
  old json;
  lines json;
  forgotten integer;
begin
  perform dueline.lock_deliveries();
  select coalesce(json_agg(json_build_object('t', o.tenant_id, 'q', o.seq)), '[]'), count(*) into old, forgotten from (
    select m.tenant_id, m.seq from dueline.subscription_messages m
      where m.kept_at < p_before and not exists (
        select from dueline.deliveries d where d.tenant_id = m.tenant_id and d.seq = m.seq and d.state = 2)
      order by m.kept_at, m.seq limit p_limit
  ) o;
  select coalesce(json_agg(json_build_object('t', d.tenant_id, 'u', d.subscription_id, 's', d.stream_id)), '[]') into lines
    from json_to_recordset(old) as x(t uuid, q bigint) join dueline.deliveries d on d.tenant_id = x.t and d.seq = x.q
    where d.state = 1;
  delete from dueline.subscription_messages m using json_to_recordset(old) as x(t uuid, q bigint) where m.tenant_id = x.t and m.seq = x.q;
  perform dueline.promote_deliveries(lines);
  return forgotten;
end $$
;

-- What of a subscription has not ended, counted up to the limit along its line. The first of all stands first in the line of its aggregate, so
-- that it is among those at work.
--
-- callers: dueline_edge
create or replace function dueline.waiting_deliveries(p_tenant uuid, p_subscription uuid, p_limit integer) returns json
language plpgsql {{stable plan}} as $$
begin
  perform set_config('app.current_tenant', p_tenant::text, true);
  return json_build_object(
    'count', (select count(*) from (
      select from dueline.deliveries d where d.tenant_id = p_tenant and d.subscription_id = p_subscription and d.state < 3 limit p_limit) w),
    'oldestAt', (select m.kept_at
      from (
        (select d.place, d.seq from dueline.deliveries d
          where d.tenant_id = p_tenant and d.subscription_id = p_subscription and d.state = 1 order by d.place limit 1)
        union all
        (select d.place, d.seq from dueline.deliveries d
          where d.tenant_id = p_tenant and d.subscription_id = p_subscription and d.state = 2 order by d.place limit 1)
        order by place limit 1
      ) f join dueline.subscription_messages m on m.tenant_id = p_tenant and m.seq = f.seq));
end $$
;

-- callers: dueline_edge
create or replace function dueline.list_kept_messages(p_tenant uuid, p_from bigint, p_to bigint, p_after bigint, p_limit integer) returns json
language plpgsql {{stable plan}} as $$
begin
  perform set_config('app.current_tenant', p_tenant::text, true);
  return (select coalesce(json_agg(json_build_object('tenantId', f.tenant_id, 'seq', f.seq, 'eventId', f.event_id, 'streamId', f.stream_id,
      'topic', f.topic, 'payload', f.payload, 'keptAt', f.kept_at) order by f.seq), '[]')
    from (
      select m.tenant_id, m.seq, m.event_id, m.stream_id, m.topic, m.payload, m.kept_at from dueline.subscription_messages m
        where m.tenant_id = p_tenant and m.seq > p_after and m.kept_at between p_from and p_to order by m.seq limit p_limit
    ) f);
end $$
;

-- Deliveries that will never be made or mean nothing: a line whose first waits, so that nothing of it goes on; one whose subscription is not there;
-- one that has a call and does not say which; one in the line of another aggregate than its message's. Of a tenant that is being deleted nobody can tell. The first hundred.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.wrong_deliveries() returns table (tenant uuid, subscription uuid, detail text)
language plpgsql stable security definer {{stable plan}} set enable_seqscan = on as $$
begin
  return query
    with firsts as (
      select distinct on (d.tenant_id, d.subscription_id, d.stream_id) d.* from dueline.deliveries d where d.state < 3
        order by d.tenant_id, d.subscription_id, d.stream_id, d.place
    )
    select f.tenant_id, f.subscription_id, format('nothing of its line for %s goes on: the first delivery, %s, waits', f.stream_id, f.place)
      from firsts f where f.state = 0
    union all
    select d.tenant_id, d.subscription_id, format('the delivery %s is for a subscription that is not there', d.place) from dueline.deliveries d
      where not exists (select from dueline.subscription_rows s where s.tenant_id = d.tenant_id and s.id = d.subscription_id)
        and not exists (select from dueline.tenant_rows t where t.tenant_id = d.tenant_id and t.status = 'Deleting')
    union all
    select d.tenant_id, d.subscription_id, format('the delivery %s has a call, and does not say which', d.place) from dueline.deliveries d
      where d.state = 2 and (d.call_id is null or d.called_at is null)
    union all
    select d.tenant_id, d.subscription_id, format('the delivery %s stands in the line of %s, its message is of %s', d.place, d.stream_id, m.stream_id)
      from dueline.deliveries d join dueline.subscription_messages m on m.tenant_id = d.tenant_id and m.seq = d.seq
      where m.stream_id <> d.stream_id
    order by 1, 2, 3 limit 100;
end $$
;
