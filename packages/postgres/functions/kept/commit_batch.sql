-- kept for: 0.1.0

-- Rows without what a call waits for: due_at is the time of the last retry, as it was then.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.commit_batch(
  c_tenant uuid[], c_stream uuid[], c_version integer[],
  e_tenant uuid[], e_stream uuid[], e_version integer[], e_category text[], e_id uuid[], e_type text[], e_type_version integer[],
  e_payload text[], e_metadata text[], e_recorded float8[],
  r_tenant uuid[], r_call uuid[], r_version integer[], r_status text[], r_created float8[], r_updated float8[], r_due float8[],
  r_wake float8[], r_revision integer[], r_attempt integer[], r_epoch integer[], r_cancel boolean[], r_method text[], r_url text[],
  r_headers text[], r_bytes integer[], r_snippet text[], r_timeout integer[], r_retry text[], r_tags text[], r_last integer[],
  r_reason text[], r_ended float8[], r_worker text[], r_lease float8[], r_correlation text[], r_sealed text[],
  o_tenant uuid[], o_event uuid[], o_stream uuid[], o_topic text[], o_payload text[],
  k_tenant uuid[], k_key text[], k_fingerprint text[], k_command text[], k_stream uuid[], k_version integer[], k_answer text[],
  k_expires float8[],
  x_tenant uuid[], x_stream uuid[]
) returns void language plpgsql security definer {{stable plan}} as $$
begin
  perform dueline.commit_batch(
    c_tenant, c_stream, c_version, e_tenant, e_stream, e_version, e_category, e_id, e_type, e_type_version, e_payload,
    e_metadata, e_recorded, o_tenant, o_event, o_stream, o_topic, o_payload, k_tenant, k_key, k_fingerprint, k_command, k_stream,
    k_version, k_answer, k_expires, x_tenant, x_stream
  );
  if cardinality(r_tenant) > 0 then
    perform dueline.store_calls(
      r_tenant_id => r_tenant, r_call_id => r_call, r_version => r_version, r_status => r_status, r_created_at => r_created,
      r_updated_at => r_updated, r_due_at => r_due, r_not_before => array_fill(null::float8, array[cardinality(r_call)]),
      r_wait_reason => array_fill(null::text, array[cardinality(r_call)]), r_wake_at => r_wake, r_revision => r_revision, r_attempt => r_attempt,
      r_epoch => r_epoch, r_cancel_requested => r_cancel, r_method => r_method, r_url => r_url, r_headers => r_headers,
      r_body_bytes => r_bytes, r_body_snippet => r_snippet, r_timeout_ms => r_timeout, r_retry => r_retry, r_tags => r_tags,
      r_last_status => r_last, r_failure_reason => r_reason, r_ended_at => r_ended, r_worker => r_worker, r_lease_until => r_lease,
      r_correlation_id => r_correlation, r_sealed => r_sealed
    );
  end if;
end $$
;
