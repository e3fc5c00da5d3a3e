-- The write path of all aggregates.

-- Makes a whole batch durable, or none of it.
--
-- The version check covers streams that exist; a new one is guarded by the primary key of its first event. A transaction that builds on
-- another's events began after it was seen, so it has the higher id, and the global order never turns a stream's events around.
--
-- Columns come as arrays, which cost half of what a JSON document does. Contents come as JSON text: json keeps characters such as
-- U+0000 that text may not hold. '' as a sealed request means: keep what is there.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.commit_batch(
  c_tenant uuid[], c_stream uuid[], c_version integer[],
  e_tenant uuid[], e_stream uuid[], e_version integer[], e_category text[], e_id uuid[], e_type text[], e_type_version integer[],
  e_payload text[], e_metadata text[], e_recorded float8[],
  r_tenant uuid[], r_call uuid[], r_version integer[], r_status text[], r_created float8[], r_updated float8[], r_due float8[],
  r_not_before float8[], r_wait text[],
  r_wake float8[], r_revision integer[], r_attempt integer[], r_epoch integer[], r_cancel boolean[], r_method text[], r_url text[],
  r_headers text[], r_bytes integer[], r_snippet text[], r_timeout integer[], r_retry text[], r_tags text[], r_last integer[],
  r_reason text[], r_ended float8[], r_worker text[], r_lease float8[], r_correlation text[], r_sealed text[],
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

  if cardinality(r_tenant) > 0 then
    insert into dueline.service_calls as k
      (tenant_id, call_id, version, status, created_at, updated_at, due_at, not_before, wait_reason, wake_at, revision, attempt, epoch,
       cancel_requested, method, url, headers, body_bytes, body_snippet, timeout_ms, retry, tags, last_status, failure_reason, ended_at, worker,
       lease_until, correlation_id, mishap, sealed)
      select tenant, call, version, status, created, updated, due, not_before, wait, wake, revision, attempt, epoch, cancel,
        method, url, headers::json, bytes, snippet::json, timeout, retry::json, tags::text[], last, reason, ended, worker,
        lease, correlation, case when status in ('Failed', 'Cancelled') then status end, sealed
      from unnest(r_tenant, r_call, r_version, r_status, r_created, r_updated, r_due, r_not_before, r_wait, r_wake, r_revision, r_attempt, r_epoch, r_cancel,
        r_method, r_url, r_headers, r_bytes, r_snippet, r_timeout, r_retry, r_tags, r_last, r_reason, r_ended, r_worker, r_lease,
        r_correlation, r_sealed)
        as r(tenant, call, version, status, created, updated, due, not_before, wait, wake, revision, attempt, epoch, cancel, method, url, headers, bytes,
          snippet, timeout, retry, tags, last, reason, ended, worker, lease, correlation, sealed)
      on conflict (tenant_id, call_id) do update set
        version = excluded.version, status = excluded.status, created_at = excluded.created_at, updated_at = excluded.updated_at,
        due_at = excluded.due_at, not_before = excluded.not_before, wait_reason = excluded.wait_reason, wake_at = excluded.wake_at, revision = excluded.revision, attempt = excluded.attempt,
        epoch = excluded.epoch, cancel_requested = excluded.cancel_requested, method = excluded.method, url = excluded.url,
        headers = excluded.headers, body_bytes = excluded.body_bytes, body_snippet = excluded.body_snippet,
        timeout_ms = excluded.timeout_ms, retry = excluded.retry, tags = excluded.tags, last_status = excluded.last_status,
        failure_reason = excluded.failure_reason, ended_at = excluded.ended_at, worker = excluded.worker,
        lease_until = excluded.lease_until, correlation_id = excluded.correlation_id, mishap = excluded.mishap,
        sealed = case when excluded.sealed = '' then k.sealed else excluded.sealed end;
  end if;

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
