-- What an overview shows: counted from the log, never by looking at all calls.

-- In which state a call was before one of its events: what the latest of those that set it says. Asked where an event alone does not tell.
--
-- callers: none
-- owner: dueline_append
create or replace function dueline.call_status_before(p_tenant uuid, p_call uuid, p_version integer) returns text
language plpgsql stable {{stable plan}} as $$
declare
  v_type text;
  v_after_loss boolean;
  v_version integer;
  v_before text;
begin
  select e.type, e.type = 'ExecutionHandedBack' and (e.payload ->> 'afterLoss') is not null, e.version into v_type, v_after_loss, v_version
    from dueline.events e
    where e.tenant_id = p_tenant and e.stream_id = p_call and e.version < p_version
      and e.type in ('ServiceCallSubmitted', 'ServiceCallRescheduled', 'ServiceCallRerun', 'RetryScheduled', 'ExecutionHandedBack',
        'ExecutionStarted', 'ExecutionSucceeded', 'ServiceCallFailed', 'ServiceCallCancelled')
    order by e.version desc limit 1;
  if v_after_loss then
    -- Counted as lost before: that a call failed for it is taken back, whatever else it did goes on.
    v_before := dueline.call_status_before(p_tenant, p_call, v_version);
    return case v_before when 'Failed' then 'Scheduled' else v_before end;
  end if;
  return case v_type
    when 'ExecutionStarted' then 'Running'
    when 'ExecutionSucceeded' then 'Succeeded'
    when 'ServiceCallFailed' then 'Failed'
    when 'ServiceCallCancelled' then 'Cancelled'
    else case when v_type is not null then 'Scheduled' end
  end;
end $$
;

-- Tells the index of transactions what lies in the ranges of the log that have become full, from the last one back to the first that it knows. Blocks that
-- it knows nothing of are read whole by whoever looks for a few transactions, several times a second, and the vacuum, which would tell it too, comes
-- once a minute. It waits for nobody: while a vacuum or an index in the making holds the table, it is tried at the next look. 32: as many blocks as the index
-- takes for a range.
--
-- callers: dueline_append
create or replace function dueline.summarize_events() returns integer
language plpgsql security definer {{stable plan}} set lock_timeout = '1ms' as $$
declare
  v_range bigint := pg_relation_size('dueline.events') / current_setting('block_size')::bigint / 32 - 1;
  v_told integer := 0;
begin
  while v_range >= 0 and brin_summarize_range('dueline.events_by_transaction', v_range * 32) > 0 loop
    v_told := v_told + 1;
    v_range := v_range - 1;
  end loop;
  return v_told;
exception
  when lock_not_available then
    return v_told;
end $$
;

-- Counts whole transactions behind the mark, as far as none may still be under way, about p_limit events at the most, and moves the mark with what it
-- counted: a step is counted once, whoever takes it and however often it is begun. Answers with how many events it saw, and null when another
-- is at it.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.count_calls(p_limit integer) returns integer
language plpgsql security definer {{stable plan}} set enable_bitmapscan = on as $$
declare
  v_all constant uuid := '00000000-0000-0000-0000-000000000000';
  v_from bigint;
  v_to bigint;
  v_end bigint := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
  v_now bigint := (extract(epoch from clock_timestamp()) * 1000)::bigint;
  v_width bigint := 256;
  v_found integer := 0;
begin
  select p.xact into v_from from dueline.overview_progress p for update skip locked;
  if not found then
    return null;
  end if;
  perform dueline.summarize_events();
  v_to := v_from;
  while v_found = 0 and v_from < v_end loop
    v_to := least(v_from + v_width, v_end);
    select count(*) into v_found from (
      select from dueline.events e where (e.xact::text)::bigint >= v_from and (e.xact::text)::bigint < v_to limit p_limit + 1
    ) w;
    if v_found > p_limit and v_to - v_from > 1 then
      v_width := greatest(v_width / 8, 1);
      v_found := 0;
    elsif v_found = 0 then
      v_from := v_to;
      v_width := v_width * 8;
    end if;
  end loop;
  if v_found > 0 then
    perform dueline.count_calls_between(v_from, v_to);
    if v_to < v_end and not exists (
      select from dueline.events e where (e.xact::text)::bigint >= v_to and (e.xact::text)::bigint < v_end) then
      v_to := v_end;
    end if;
  end if;
  update dueline.overview_progress set xact = v_to, counted_at = case when v_to = v_end then v_now else counted_at end
    where v_found > 0 or v_to = v_end and counted_at < v_now - 10000;
  delete from dueline.call_minutes where minute < v_now / 60000 - 75;
  delete from dueline.call_failures where minute < v_now / 60000 - 75;
  delete from dueline.call_circuits where until < v_now - 3600000;
  return v_found;
end $$
;

-- Events that say all by themselves are counted by type and minute before anything is made of them; of the others each stays a row.
--
-- callers: none
-- owner: dueline_append
create or replace function dueline.count_calls_between(p_from bigint, p_to bigint) returns void
language plpgsql {{stable plan}} set enable_bitmapscan = on set enable_hashjoin = on as $$
declare
  v_recent integer := floor(date_part('epoch', clock_timestamp()) / 60)::integer - 75;
begin
  with logged as materialized (
    select e.tenant_id, e.stream_id, e.type, e.minute, e.n,
      case when e.type = 'ExecutionHandedBack' then (
        select b.payload from dueline.events b where b.tenant_id = e.tenant_id and b.stream_id = e.stream_id and b.version = e.version
      ) end as back,
      case e.type
        when 'ServiceCallSubmitted' then 'Scheduled'
        when 'ServiceCallRescheduled' then 'Scheduled'
        when 'ServiceCallRerun' then 'Scheduled'
        when 'RetryScheduled' then 'Scheduled'
        when 'ExecutionStarted' then 'Running'
        when 'ExecutionSucceeded' then 'Succeeded'
        when 'ServiceCallFailed' then 'Failed'
        when 'ServiceCallCancelled' then 'Cancelled'
        when 'ExecutionHandedBack' then dueline.call_status_before(e.tenant_id, e.stream_id, e.version + 1)
      end as into_state,
      case e.type
        when 'ExecutionStarted' then 'Scheduled'
        when 'ExecutionSucceeded' then 'Running'
        when 'RetryScheduled' then 'Running'
        when 'ServiceCallRescheduled' then dueline.call_status_before(e.tenant_id, e.stream_id, e.version)
        when 'ServiceCallRerun' then dueline.call_status_before(e.tenant_id, e.stream_id, e.version)
        when 'ServiceCallFailed' then dueline.call_status_before(e.tenant_id, e.stream_id, e.version)
        when 'ServiceCallCancelled' then dueline.call_status_before(e.tenant_id, e.stream_id, e.version)
        when 'ExecutionHandedBack' then dueline.call_status_before(e.tenant_id, e.stream_id, e.version)
      end as out_of_state
    from (
      select k.tenant_id, k.type, floor(date_part('epoch', k.recorded_at) / 60)::integer as minute, count(*) as n,
        case when k.type not in ('ServiceCallSubmitted', 'ExecutionStarted', 'ExecutionSucceeded') then k.stream_id end as stream_id,
        case when k.type not in ('ServiceCallSubmitted', 'ExecutionStarted', 'ExecutionSucceeded') then k.version end as version
      from dueline.events k
      where (k.xact::text)::bigint >= p_from and (k.xact::text)::bigint < p_to and k.category = 'service-call'
      group by 1, 2, 3, 5, 6
    ) e
  ), changes as (
    select s.tenant_id, s.status, sum(s.d) as n from (
      select l.tenant_id, l.into_state as status, l.n as d from logged l where l.into_state is distinct from l.out_of_state
      union all
      select l.tenant_id, l.out_of_state, -l.n from logged l where l.into_state is distinct from l.out_of_state
    ) s
    where s.status is not null group by grouping sets ((s.tenant_id, s.status), (s.status))
  ), counted as (
    insert into dueline.call_counts as k (tenant_id, status, n)
      select coalesce(c.tenant_id, '00000000-0000-0000-0000-000000000000'), c.status, c.n from changes c where c.n <> 0 order by 1, 2
      on conflict (tenant_id, status) do update set n = k.n + excluded.n
  ), minutes as (
    insert into dueline.call_minutes as m (tenant_id, minute, submitted, succeeded, failed, cancelled, attempts_failed)
      select coalesce(l.tenant_id, '00000000-0000-0000-0000-000000000000'), l.minute,
        coalesce(sum(l.n) filter (where l.type = 'ServiceCallSubmitted'), 0), coalesce(sum(l.n) filter (where l.type = 'ExecutionSucceeded'), 0),
        coalesce(sum(l.n) filter (where l.type = 'ServiceCallFailed'), 0), coalesce(sum(l.n) filter (where l.type = 'ServiceCallCancelled'), 0),
        coalesce(sum(l.n) filter (where l.type = 'ExecutionFailed'), 0)
      from logged l
      where l.minute >= v_recent
        and l.type in ('ServiceCallSubmitted', 'ExecutionSucceeded', 'ServiceCallFailed', 'ServiceCallCancelled', 'ExecutionFailed')
      group by grouping sets ((l.tenant_id, l.minute), (l.minute)) order by 1, 2
      on conflict (tenant_id, minute) do update set submitted = m.submitted + excluded.submitted, succeeded = m.succeeded + excluded.succeeded,
        failed = m.failed + excluded.failed, cancelled = m.cancelled + excluded.cancelled,
        attempts_failed = m.attempts_failed + excluded.attempts_failed
  ), failed as (
    select coalesce(f.tenant_id, '00000000-0000-0000-0000-000000000000') as tenant_id, f.minute, f.target, f.reason, count(*)::integer as n from (
      select l.tenant_id, l.minute, left(dueline.target_of(c.url), 300) as target, left(coalesce(c.failure_reason, 'unknown'), 100) as reason
      from logged l join dueline.service_calls c on c.tenant_id = l.tenant_id and c.call_id = l.stream_id
      where l.type = 'ServiceCallFailed' and l.minute >= v_recent
    ) f
    group by grouping sets ((f.tenant_id, f.minute, f.target, f.reason), (f.minute, f.target, f.reason))
  ), placed as (
    select f.tenant_id, f.minute, f.n, f.target, f.reason,
      exists (select from dueline.call_failures k
          where k.tenant_id = f.tenant_id and k.minute = f.minute and k.target = f.target and k.reason = f.reason)
        or (select count(*) from dueline.call_failures k where k.tenant_id = f.tenant_id and k.minute = f.minute)
          + row_number() over (partition by f.tenant_id, f.minute order by f.n desc, f.target, f.reason) <= 100 as fits
    from failed f
  ), failures as (
    insert into dueline.call_failures as k (tenant_id, minute, target, reason, n)
      select p.tenant_id, p.minute, case when p.fits then p.target else '' end, case when p.fits then p.reason else '' end, sum(p.n)
      from placed p group by 1, 2, 3, 4 order by 1, 2, 3, 4
      on conflict (tenant_id, minute, target, reason) do update set n = k.n + excluded.n
  )
  insert into dueline.call_circuits as k (tenant_id, target, until)
    select b.tenant_id, left(dueline.target_of(c.url), 300), max((b.back ->> 'retryAt')::bigint)
    from logged b join dueline.service_calls c on c.tenant_id = b.tenant_id and c.call_id = b.stream_id
    where b.back ->> 'reason' = 'circuit_open' and b.back ->> 'cause' is null and b.minute >= v_recent
    group by 1, 2 order by 1, 2
    on conflict (tenant_id, target) do update set until = greatest(k.until, excluded.until);
end $$
;

-- Of a tenant; of all of them with the nil tenant. What is looked for among things of all tenants, along an index, is looked for among p_budget of
-- them (calls: p_overdue): `more` says that there were more.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.overview(p_tenant uuid, p_now bigint, p_budget integer, p_overdue integer) returns json
language plpgsql stable security definer {{stable plan}} as $$
declare
  v_every boolean := p_tenant = '00000000-0000-0000-0000-000000000000';
  v_since integer := (p_now / 60000)::integer - 59;
begin
  return (with walked as materialized (
    select c.tenant_id, c.call_id, c.wake_at, c.status, c.flow from dueline.service_calls c
      where c.wake_at is not null and c.wake_at <= p_now order by c.wake_at, c.call_id limit p_overdue
  ), late as materialized (
    select w.* from walked w where (v_every or w.tenant_id = p_tenant) and w.status = 'Scheduled'
  )
  select json_build_object(
    'countedAt', (select p.counted_at from dueline.overview_progress p),
    'calls', (select coalesce(json_object_agg(k.status, k.n), '{}') from dueline.call_counts k where k.tenant_id = p_tenant),
    'minutes', (select coalesce(json_agg(json_build_object('at', m.minute::bigint * 60000, 'submitted', m.submitted, 'succeeded', m.succeeded,
        'failed', m.failed, 'cancelled', m.cancelled, 'attemptsFailed', m.attempts_failed) order by m.minute), '[]')
      from dueline.call_minutes m where m.tenant_id = p_tenant and m.minute >= v_since),
    'failures', (select coalesce(json_agg(json_build_object('target', f.target, 'reason', f.reason, 'count', f.n) order by f.n desc, f.target, f.reason),
        '[]') from (
      select k.target, k.reason, sum(k.n) as n from dueline.call_failures k where k.tenant_id = p_tenant and k.minute >= v_since
        group by k.target, k.reason order by n desc, k.target, k.reason limit 50) f),
    'circuits', (select coalesce(json_agg(json_build_object('tenantId', c.tenant_id, 'target', c.target, 'openUntil', c.until) order by c.until desc),
        '[]') from (
      select k.tenant_id, k.target, k.until from dueline.call_circuits k
        where case when v_every then true else k.tenant_id = p_tenant end and k.until > p_now
        order by k.until desc limit 50) c),
    'overdue', (
      select json_build_object('count', (select count(*) from late), 'more', (select count(*) = p_overdue from walked),
        'oldest', (select json_build_object('tenantId', m.tenant_id, 'id', m.call_id, 'dueAt', m.wake_at) from late m order by m.wake_at, m.call_id limit 1))),
    'flows', (
      with longest as (
        select m.tenant_id, m.flow ->> 'key' as key, count(*) as waiting, min((m.flow ->> 'concurrency')::integer) as own
          from late m where m.flow is not null
          group by 1, 2 order by 3 desc, 2, 1 limit 50
      )
      select coalesce(json_agg(json_build_object('tenantId', l.tenant_id, 'key', l.key, 'waiting', l.waiting,
          'running', (select count(*) from (select from dueline.flow_places p
            where p.tenant_id = l.tenant_id and p.flow = l.key and p.until > clock_timestamp() limit p_overdue) r),
          'limit', (select least(l.own, d.concurrency) from (select 1) one
            left join dueline.flow_rows d on d.tenant_id = l.tenant_id and d.key = l.key and d.status = 'Active' limit 1))
        order by l.waiting desc, l.key, l.tenant_id), '[]') from longest l),
    'pauses', (select json_build_object('count', count(*) filter (where p.mine), 'more', count(*) = p_budget,
        'oldestAt', min(p.created_at) filter (where p.mine)) from (
      select r.created_at, (v_every or r.tenant_id = p_tenant) and r.status = 'Active' as mine
        from dueline.pause_rows r where r.in_force order by r.created_at, r.id limit p_budget) p),
    'deadLetters', case when v_every
      then (select json_build_object('count', count(*), 'more', count(*) = p_budget, 'oldestAt', min(d.died_at)) from (
        select l.died_at from dueline.dead_letters l where l.state = 'Waiting' order by l.died_at limit p_budget) d)
      else (select json_build_object('count', count(*), 'more', count(*) = p_budget, 'oldestAt', min(d.died_at)) from (
        select l.died_at from dueline.dead_letters l where l.tenant_id = p_tenant and l.state = 'Waiting' order by l.died_at limit p_budget) d)
    end,
    'ingestion', (
      with courier as materialized (
        select i.tenant_id, i.created_at from dueline.ingestion_rows i where i.ended_at is null and i.source = 'courier'
          order by i.created_at, i.id limit p_budget
      ), dropbin as materialized (
        select i.tenant_id, i.created_at from dueline.ingestion_rows i where i.due_at is not null order by i.due_at, i.id limit p_budget
      ), mine as (
        select w.created_at from (select * from courier union all select * from dropbin) w where v_every or w.tenant_id = p_tenant
      )
      select json_build_object('count', (select count(*) from mine),
        'more', (select count(*) = p_budget from courier) or (select count(*) = p_budget from dropbin), 'oldestAt', (select min(m.created_at) from mine m))),
    'loops', (
      with waiting as materialized (
        select ('x' || substr(replace(o.event_id::text, '-', ''), 1, 12))::bit(48)::bigint as at
          from dueline.outbox o where o.available_at is null order by o.position limit 1
      ), again as materialized (
        select ('x' || substr(replace(o.event_id::text, '-', ''), 1, 12))::bit(48)::bigint as at
          from dueline.outbox o where o.available_at is not null order by o.available_at, o.position limit 1
      )
      select json_build_object('outbox', least((select w.at from waiting w), (select a.at from again a)),
        'schedules', (select s.wake_at from dueline.schedule_rows s where s.wake_at is not null order by s.wake_at, s.id limit 1),
        'jobs', (select j.created_at from dueline.bulk_job_rows j where j.status in ('Running', 'Aborting') order by j.created_at, j.id limit 1))),
    'leases', (select coalesce(json_agg(json_build_object('name', l.name, 'holder', l.holder) order by l.name), '[]')
      from dueline.leases l where l.until > clock_timestamp())));
end $$
;

-- What of the log lies behind a mark, as far as no transaction may still be under way: how many events, p_limit at the most, and since when the
-- oldest of them. `more`: there are others.
--
-- callers: none
-- owner: dueline_append
create or replace function dueline.log_behind(p_xact bigint, p_position bigint, p_limit integer) returns json
language plpgsql stable {{stable plan}} set enable_bitmapscan = on as $$
declare
  v_from bigint := p_xact;
  v_to bigint;
  v_end bigint := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
  v_width bigint := 16;
  v_count integer := 0;
  v_oldest timestamptz;
  v_window record;
begin
  while v_count <= p_limit and v_from < v_end loop
    v_to := least(v_from + v_width, v_end);
    select count(*) as n, min(w.recorded_at) as oldest into v_window from (
      select e.recorded_at from dueline.events e
        where (e.xact::text)::bigint >= v_from and (e.xact::text)::bigint < v_to and (e.xact, e.position) > (p_xact::text::xid8, p_position)
        limit p_limit + 1 - v_count
    ) w;
    v_count := v_count + v_window.n;
    v_oldest := least(v_oldest, v_window.oldest);
    v_from := v_to;
    v_width := v_width * 4;
  end loop;
  return json_build_object('count', least(v_count, p_limit), 'more', v_count > p_limit,
    'oldestAt', (extract(epoch from v_oldest) * 1000)::bigint);
end $$
;

-- How far the work behind the log is behind: what is not sealed into the audit tree, entries apart, and what is not counted for overviews.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.work_behind(p_limit integer) returns json
language plpgsql stable security definer {{stable plan}} as $$
begin
  return json_build_object(
    'sealing', (select dueline.log_behind(t.event_xact::text::bigint, t.event_position, p_limit) from dueline.audit_tree t),
    'counting', (select dueline.log_behind(p.xact, -1, p_limit) from dueline.overview_progress p));
end $$
;

-- callers: none
-- owner: dueline_append
create or replace function dueline.minute_in_words(p_minute integer) returns text language sql stable set search_path = pg_catalog, pg_temp as $$
  select to_char(to_timestamp(p_minute::bigint * 60) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"')
$$
;

-- States of which other calls are counted than there are, what the last hour's minutes say otherwise than the log, failures that their targets do not
-- sum up to, and sums of all tenants that are none. Nothing while an event waits to be counted, and of a tenant that is being deleted: then nobody can
-- tell. Which target failed for which reason is not held against anything: a minute keeps a hundred of them.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.wrong_call_counts() returns table (tenant uuid, state text, counted bigint, there bigint)
language plpgsql stable security definer {{stable plan}} set enable_seqscan = on set enable_hashagg = on as $$
declare
  v_all constant uuid := '00000000-0000-0000-0000-000000000000';
  -- Counting leaves out what is 75 minutes old.
  v_since constant integer := floor(date_part('epoch', clock_timestamp()) / 60)::integer - 60;
begin
  -- Without the mark nobody counts.
  if not exists (select from dueline.overview_progress) then
    return query select v_all, 'counted', 0::bigint, (select count(*) from dueline.service_calls);
    return;
  end if;
  if exists (select from dueline.overview_progress p join dueline.events e on (e.xact::text)::bigint >= p.xact and e.category = 'service-call') then
    return;
  end if;
  return query
    with calls as (
      select c.tenant_id, c.status, count(*) as n from dueline.service_calls c group by c.tenant_id, c.status
    ), sums as (
      select v_all as tenant_id, k.status, sum(k.n)::bigint as n from dueline.call_counts k where k.tenant_id <> v_all group by k.status
    ), right_ones as (
      select * from calls union all select * from sums
    ), logged as (
      select e.tenant_id, floor(date_part('epoch', e.recorded_at) / 60)::integer as minute,
        count(*) filter (where e.type = 'ServiceCallSubmitted') as submitted, count(*) filter (where e.type = 'ExecutionSucceeded') as succeeded,
        count(*) filter (where e.type = 'ServiceCallFailed') as failed, count(*) filter (where e.type = 'ServiceCallCancelled') as cancelled,
        count(*) filter (where e.type = 'ExecutionFailed') as attempts_failed
      from dueline.events e
      where e.category = 'service-call' and e.recorded_at >= to_timestamp(v_since::bigint * 60)
        and e.type in ('ServiceCallSubmitted', 'ExecutionSucceeded', 'ServiceCallFailed', 'ServiceCallCancelled', 'ExecutionFailed')
      group by 1, 2
    ), kept as (
      select m.* from dueline.call_minutes m where m.minute >= v_since
    ), right_minutes as (
      select * from logged
      union all
      select v_all, m.minute, sum(m.submitted), sum(m.succeeded), sum(m.failed), sum(m.cancelled), sum(m.attempts_failed)
        from kept m where m.tenant_id <> v_all group by m.minute
    ), targets as (
      select f.tenant_id, f.minute, sum(f.n) as n from dueline.call_failures f where f.tenant_id <> v_all and f.minute >= v_since group by 1, 2
    ), found as (
      select coalesce(k.tenant_id, r.tenant_id) as tenant_id, coalesce(k.status, r.status) as said, coalesce(k.n, 0) as counted, coalesce(r.n, 0) as n
        from dueline.call_counts k full join right_ones r on r.tenant_id = k.tenant_id and r.status = k.status
      union all
      select coalesce(k.tenant_id, r.tenant_id), format('%s in %s', x.said, dueline.minute_in_words(coalesce(k.minute, r.minute))), x.counted, x.n
        from kept k full join right_minutes r on r.tenant_id = k.tenant_id and r.minute = k.minute
          cross join lateral (values ('submitted', coalesce(k.submitted, 0), coalesce(r.submitted, 0)),
            ('succeeded', coalesce(k.succeeded, 0), coalesce(r.succeeded, 0)), ('failed', coalesce(k.failed, 0), coalesce(r.failed, 0)),
            ('cancelled', coalesce(k.cancelled, 0), coalesce(r.cancelled, 0)),
            ('failed attempts', coalesce(k.attempts_failed, 0), coalesce(r.attempts_failed, 0))) as x(said, counted, n)
      union all
      select coalesce(t.tenant_id, r.tenant_id), format('failed at their targets in %s', dueline.minute_in_words(coalesce(t.minute, r.minute))),
          coalesce(t.n, 0), coalesce(r.failed, 0)
        from targets t full join logged r on r.tenant_id = t.tenant_id and r.minute = t.minute
    )
    select f.tenant_id, f.said, f.counted::bigint, f.n::bigint from found f
    where f.counted <> f.n
      and not exists (select from dueline.tenant_rows t where t.tenant_id = f.tenant_id and t.status in ('Deleting', 'Deleted'))
    order by 1, 2 limit 100;
end $$
;

-- Has all calls counted anew, from the beginning of the log, where they are counted wrongly; until that is done counts are too low, as after an upgrade.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.recount_calls() returns boolean language plpgsql security definer {{stable plan}} as $$
declare
  v_lost boolean := not exists (select from dueline.overview_progress);
begin
  insert into dueline.overview_progress values ('00000000-0000-0000-0000-000000000000', 0, 0) on conflict do nothing;
  perform from dueline.overview_progress p for update;
  if not v_lost and not exists (select from dueline.wrong_call_counts()) then
    return false;
  end if;
  delete from dueline.call_counts;
  delete from dueline.call_minutes;
  delete from dueline.call_failures;
  update dueline.overview_progress set xact = 0;
  return true;
end $$
;
