-- The write path of all aggregates.

-- Makes a whole batch durable, or none of it: its events, messages and receipts. Rows follow in the same statement, each kind of them by a
-- function of its own (add_calls, step_calls, store_calls, commit_ops), so that a kind's columns are no part of this signature, which stays as it is.
--
-- The version check covers streams that exist; a new one is guarded by the primary key of its first event. A transaction that builds on
-- another's events began after it was seen, so it has the higher id, and the global order never turns a stream's events around.
--
-- Columns come as arrays, which cost half of what a JSON document does. Contents come as JSON text: json keeps characters such as
-- U+0000 that text may not hold. x are the calls whose sealed request is erased without a row being written.
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
      from unnest(c_tenant, c_stream, c_version) as c(tenant, stream, version)
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
    select e.tenant, e.stream, e.version, e.category, e.id, e.type, e.type_version, e.payload::json, e.metadata::json,
      to_timestamp(e.recorded / 1000)
    from unnest(e_tenant, e_stream, e_version, e_category, e_id, e_type, e_type_version, e_payload, e_metadata, e_recorded)
      as e(tenant, stream, version, category, id, type, type_version, payload, metadata, recorded);

  if cardinality(x_tenant) > 0 then
    for conflict in select * from unnest(x_tenant, x_stream) as x(tenant, stream) loop
      update dueline.service_calls set sealed = null where tenant_id = conflict.tenant and call_id = conflict.stream;
    end loop;
  end if;

  if cardinality(o_tenant) > 0 then
    insert into dueline.outbox (tenant_id, event_id, stream_id, topic, payload)
      select tenant, event, stream, topic, payload::json
      from unnest(o_tenant, o_event, o_stream, o_topic, o_payload) as o(tenant, event, stream, topic, payload);
  end if;

  if cardinality(k_tenant) > 0 then
    insert into dueline.receipts (tenant_id, key, fingerprint, command_type, stream_id, version, answer, expires_at)
      select tenant, key, fingerprint, command, stream, version, answer::json, expires
      from unnest(k_tenant, k_key, k_fingerprint, k_command, k_stream, k_version, k_answer, k_expires)
        as k(tenant, key, fingerprint, command, stream, version, answer, expires);
  end if;
end $$
;
