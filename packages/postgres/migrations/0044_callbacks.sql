-- What asks for a callback is kept too, whether its tenant has a subscription or not: it is made from there.
create or replace function dueline.keep_for_subscriptions() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from dueline.subscription_rows s where s.status <> 'Deleted')
    and not exists (select from made m where m.topic = 'ops.callback.due') then
    return null;
  end if;
  insert into dueline.subscription_messages (tenant_id, event_id, stream_id, topic, payload, kept_at)
    select m.tenant_id, m.event_id, m.stream_id, m.topic, m.payload, floor(extract(epoch from clock_timestamp()) * 1000)::bigint
      from made m
      where m.topic = 'ops.callback.due'
        or (exists (select from dueline.subscription_rows s where s.tenant_id = m.tenant_id and s.status <> 'Deleted')
          and not (m.topic like 'ops.service-call.%'
            and exists (select from dueline.deliveries d where d.tenant_id = m.tenant_id and d.call_id = m.stream_id)))
      order by m.position;
  return null;
end $$
;
