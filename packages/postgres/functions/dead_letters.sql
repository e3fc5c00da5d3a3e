-- Messages that were given up: kept, shown, and taken for a replay.

-- The last twenty.
--
-- callers: dueline_append
create or replace function dueline.latest_reasons(p_history jsonb) returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp as $$
  select coalesce(jsonb_agg(h.value order by h.ordinality), '[]')
    from jsonb_array_elements(p_history) with ordinality h
    where h.ordinality > jsonb_array_length(p_history) - 20
$$
;

-- p_group '' is the outbox itself: a message that never reached the bus. p_replay: which replay of the letter was given up, 0 for none.
-- One that was replayed waits again, with what went wrong this time after what did before; told twice, nothing changes.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.keep_dead_letter(
  p_tenant uuid, p_event uuid, p_group text, p_stream uuid, p_topic text, p_payload text, p_reasons text[], p_failures integer, p_at bigint,
  p_replay integer
) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into dueline.dead_letters as d
      (tenant_id, event_id, consumer_group, stream_id, topic, payload, failures, last_error, history, died_at)
    values (p_tenant, p_event, p_group, p_stream, p_topic, p_payload::json, p_failures,
      coalesce(p_reasons[cardinality(p_reasons)], ''),
      (select coalesce(jsonb_agg(jsonb_build_object('error', r.reason) order by r.n), '[]')
        from unnest(p_reasons) with ordinality as r(reason, n)),
      p_at)
    on conflict (tenant_id, event_id, consumer_group) do update
      set state = 'Waiting', failures = d.failures + excluded.failures, last_error = excluded.last_error, died_at = excluded.died_at,
        history = dueline.latest_reasons(d.history || excluded.history)
      where p_replay > 0 and d.replays = p_replay and d.state <> 'Waiting'
$$
;

-- Takes a letter for a replay by a job, once for each job: a job that asks again for one it has taken is told what became of it. Null for one that
-- is not there, is with another job, or died after p_before.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.take_dead_letter(p_tenant uuid, p_letter uuid, p_job uuid, p_before bigint) returns json
language plpgsql security definer {{stable plan}} as $$
begin
  update dueline.dead_letters d set state = 'Replaying', replays = d.replays + 1, replay_job = p_job
    where d.tenant_id = p_tenant and d.letter_id = p_letter and d.state = 'Waiting' and d.died_at <= p_before
      and d.replay_job is distinct from p_job;
  return (select json_build_object('state', d.state, 'group', d.consumer_group, 'replay', d.replays, 'message', json_build_object('eventId', d.event_id,
      'tenantId', d.tenant_id, 'streamId', d.stream_id, 'topic', d.topic, 'payload', d.payload))
    from dueline.dead_letters d
    where d.tenant_id = p_tenant and d.letter_id = p_letter and d.replay_job = p_job);
end $$
;

-- What became of a replay: p_error null when the bus has the message, else why it does not. Told twice, nothing changes.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.settle_dead_letter(p_tenant uuid, p_letter uuid, p_job uuid, p_error text, p_at bigint) returns void
language plpgsql security definer {{stable plan}} as $$
begin
  update dueline.dead_letters d set
      state = case when p_error is null then 'Replayed' else 'Waiting' end,
      replayed_at = case when p_error is null then p_at else d.replayed_at end,
      failures = d.failures + case when p_error is null then 0 else 1 end,
      last_error = coalesce(p_error, d.last_error),
      history = case when p_error is null then d.history
        else dueline.latest_reasons(d.history || jsonb_build_object('at', p_at, 'error', p_error)) end
    where d.tenant_id = p_tenant and d.letter_id = p_letter and d.state = 'Replaying' and d.replay_job = p_job;
end $$
;

-- Walks the list's index from the mark, at most p_budget rows; filters what it walked; answers with hits and with where the walk ended.
-- p_group '' is the outbox.
--
-- callers: dueline_edge
create or replace function dueline.list_dead_letters(
  p_tenant uuid, p_died bigint, p_letter uuid, p_state text, p_topic text, p_group text, p_reason text, p_from bigint, p_to bigint,
  p_budget integer, p_limit integer
) returns table (letters json, walked integer, reached json) language plpgsql {{stable plan}} as $$
begin
  perform set_config('app.current_tenant', p_tenant::text, true);
  return query
  with walked as materialized (
    select d.letter_id, d.event_id, d.stream_id, d.topic, d.consumer_group, d.failures, d.last_error, d.died_at, d.state, d.replays,
        d.replay_job, d.replayed_at
      from dueline.dead_letters d
      where d.tenant_id = p_tenant and (d.died_at, d.letter_id) < (p_died, p_letter)
      order by d.died_at desc, d.letter_id desc limit p_budget
  ), hits as materialized (
    select * from walked w
      where (p_state is null or w.state = p_state)
        and (p_topic is null or w.topic = p_topic)
        and (p_group is null or w.consumer_group = p_group)
        and (p_reason is null or strpos(lower(w.last_error), lower(p_reason)) > 0)
        and (p_from is null or w.died_at >= p_from)
        and (p_to is null or w.died_at < p_to)
      order by w.died_at desc, w.letter_id desc limit p_limit
  )
  select
    coalesce((select json_agg(json_build_object('id', h.letter_id, 'eventId', h.event_id, 'streamId', h.stream_id, 'topic', h.topic,
        'group', h.consumer_group, 'failures', h.failures, 'reason', h.last_error, 'diedAt', h.died_at, 'state', h.state,
        'replays', h.replays, 'replayJob', h.replay_job, 'replayedAt', h.replayed_at)
      order by h.died_at desc, h.letter_id desc) from hits h), '[]'),
    (select count(*)::integer from walked),
    (select json_build_object('diedAt', w.died_at, 'id', w.letter_id) from walked w order by w.died_at, w.letter_id limit 1);
end $$
;

-- callers: dueline_edge
create or replace function dueline.find_dead_letter(p_tenant uuid, p_letter uuid) returns json language plpgsql {{stable plan}} as $$
begin
  perform set_config('app.current_tenant', p_tenant::text, true);
  return (select json_build_object('id', d.letter_id, 'eventId', d.event_id, 'streamId', d.stream_id, 'topic', d.topic,
      'group', d.consumer_group, 'failures', d.failures, 'reason', d.last_error, 'diedAt', d.died_at, 'state', d.state,
      'replays', d.replays, 'replayJob', d.replay_job, 'replayedAt', d.replayed_at, 'payload', d.payload,
      'attempts', (select coalesce(json_agg(json_build_object('at', (h.value ->> 'at')::bigint, 'error', h.value ->> 'error')
        order by h.ordinality), '[]') from jsonb_array_elements(d.history) with ordinality h))
    from dueline.dead_letters d where d.tenant_id = p_tenant and d.letter_id = p_letter);
end $$
;

-- Letters of a tenant that is not there, and those that nobody can replay or remove any more: with a job that is not there, or replayed without a time.
-- What they are about may be gone: retention keeps a letter from its own time on. The first hundred.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.wrong_dead_letters() returns table (tenant uuid, letter uuid, detail text)
language plpgsql stable security definer {{stable plan}} set enable_seqscan = on as $$
begin
  return query
    select d.tenant_id, d.letter_id, 'there is a dead letter of a tenant who is not there' from dueline.dead_letters d
      where not exists (select from dueline.tenant_rows t where t.tenant_id = d.tenant_id and t.id = d.tenant_id)
    union all
    select d.tenant_id, d.letter_id, format('the dead letter is %s by a job that is not there', d.state) from dueline.dead_letters d
      where d.state <> 'Waiting'
        and not exists (select from dueline.bulk_job_rows j where j.tenant_id = d.tenant_id and j.id = d.replay_job)
        and not exists (select from dueline.tenant_rows t where t.tenant_id = d.tenant_id and t.status = 'Deleting')
    union all
    select d.tenant_id, d.letter_id, 'the dead letter was replayed, and does not say when' from dueline.dead_letters d
      where d.state = 'Replayed' and d.replayed_at is null
    order by 1, 2, 3 limit 100;
end $$
;
