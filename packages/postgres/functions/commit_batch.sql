-- The write path of all aggregates.

-- Makes a whole batch durable, or none of it: its events, messages and receipts. Rows follow in the same statement, each kind of them by a
-- function of its own (add_calls, step_calls, store_calls, commit_ops), so that a kind's columns are no part of this signature, which stays as it is.
--
-- The version check covers streams that exist; a new one is guarded by the primary key of its first event. A transaction that builds on
-- another's events began after it was seen, so it has the higher id, and the global order never turns a stream's events around.
--
-- Columns come as arrays, which cost half of what a JSON document does, and are read by their places: `unnest` of many arrays writes each of them
-- down first, which costs a row ten times as much. Contents come as JSON text: json keeps characters such as
-- U+0000 that text may not hold. A topic with a hyphen before it is one that nobody takes from the bus: its message has a row only where its tenant
-- has a subscription, which is told by a trigger of that table. x are the calls whose sealed request is erased without a row being written.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.commit_batch(
  c_tenant uuid[], c_stream uuid[], c_version integer[],
  e_tenant uuid[], e_stream uuid[], e_version integer[], e_category text[], e_id uuid[], e_type text[], e_type_version integer[],
  e_payload text[], e_metadata text[], e_recorded float8[],
  o_tenant uuid[], o_event uuid[], o_stream uuid[], o_topic text[], o_payload text[],
  k_tenant uuid[], k_key text[], k_fingerprint text[], k_command text[], k_stream uuid[], k_version integer[], k_answer text[],
  k_expires float8[],
  x_tenant uuid[], x_stream uuid[]
) returns void language plpgsql security definer {{stable plan}} as $$
declare
  conflict record;
begin
  if cardinality(c_tenant) > 0 then
    select c.tenant, c.stream into conflict
      from (select c_tenant[n] as tenant, c_stream[n] as stream, c_version[n] as version from generate_series(1, cardinality(c_tenant)) n) c
      where c.version is distinct from (
        select e.version from dueline.events e
        where e.tenant_id = c.tenant and e.stream_id = c.stream order by e.version desc limit 1
      )
      limit 1;
    if found then
      raise exception 'version' using errcode = 'DL001', detail = conflict.tenant || ' ' || conflict.stream;
    end if;
  end if;

  insert into dueline.events
    (tenant_id, stream_id, version, category, event_id, type, event_version, payload, metadata, recorded_at)
    select e_tenant[n], e_stream[n], e_version[n], e_category[n], e_id[n], e_type[n], e_type_version[n], e_payload[n]::json, e_metadata[n]::json,
      to_timestamp(e_recorded[n] / 1000)
    from generate_series(1, cardinality(e_tenant)) n;

  if cardinality(x_tenant) > 0 then
    for conflict in select * from unnest(x_tenant, x_stream) as x(tenant, stream) loop
      update dueline.service_calls set sealed = null where tenant_id = conflict.tenant and call_id = conflict.stream;
    end loop;
  end if;

  if cardinality(o_tenant) > 0 then
    insert into dueline.outbox (tenant_id, event_id, stream_id, topic, payload)
      select o_tenant[n], o_event[n], o_stream[n], ltrim(o_topic[n], '-'), o_payload[n]::json
      from generate_series(1, cardinality(o_tenant)) n
      where not starts_with(o_topic[n], '-')
        or o_tenant[n] in (select s.tenant_id from dueline.subscription_rows s where s.status <> 'Deleted');
  end if;

  if cardinality(k_tenant) > 0 then
    insert into dueline.receipts (tenant_id, key, fingerprint, command_type, stream_id, version, answer, expires_at)
      select k_tenant[n], k_key[n], k_fingerprint[n], k_command[n], k_stream[n], k_version[n], k_answer[n]::json, k_expires[n]
      from generate_series(1, cardinality(k_tenant)) n;
  end if;
end $$
;
