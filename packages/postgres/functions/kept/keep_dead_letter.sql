-- kept for: 0.1.0

-- p_group '' is the outbox itself: a message that never reached the bus.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.keep_dead_letter(
  p_tenant uuid, p_event uuid, p_group text, p_stream uuid, p_topic text, p_payload text, p_reasons text[], p_failures integer, p_at bigint
) returns void language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into dueline.dead_letters
      (tenant_id, event_id, consumer_group, stream_id, topic, payload, failures, last_error, history, died_at)
    values (p_tenant, p_event, p_group, p_stream, p_topic, p_payload::json, p_failures,
      coalesce(p_reasons[cardinality(p_reasons)], ''),
      (select coalesce(jsonb_agg(jsonb_build_object('error', r.reason) order by r.n), '[]')
        from unnest(p_reasons) with ordinality as r(reason, n)),
      p_at)
    on conflict do nothing
$$
;
