-- kept for: 0.1.0

-- Entries that never failed and entries whose retry is due, without those behind a waiting entry of their stream. All entries that have
-- never failed lie behind p_after, where the walk through the index begins.
--
-- callers: dueline_worker
create or replace function dueline.claim_outbox(p_now bigint, p_limit integer, p_after bigint)
returns table (entry_position bigint, event_id uuid, tenant_id uuid, stream_id uuid, topic text, payload json, failures integer)
language plpgsql stable {{stable plan}} as $$
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
