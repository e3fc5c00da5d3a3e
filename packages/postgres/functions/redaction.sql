-- What tenants want struck out of requests and answers, and whether requests of their failed calls are kept.

-- What a tenant says; null when it says nothing.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.redaction_rule(p_tenant uuid) returns json
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select json_build_object('patterns', r.patterns, 'failedRequests', case when r.keep_failed then 'keep' else 'drop' end,
      'at', r.set_at, 'by', r.set_by)
    from dueline.redaction_rules r where r.tenant_id = p_tenant and r.said
$$
;

-- What was set by transactions that had not ended at `next` of the look before: one that commits late is not missed, some are told twice.
--
-- callers: dueline_ingest, dueline_writer
-- owner: dueline_append
create or replace function dueline.redaction_rules_since(p_after text) returns json
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select json_build_object('next', pg_snapshot_xmin(pg_current_snapshot())::text, 'rules', coalesce((
    select json_agg(json_build_object('tenantId', r.tenant_id, 'patterns', r.patterns,
        'failedRequests', case when r.keep_failed then 'keep' else 'drop' end))
      from dueline.redaction_rules r where r.xact >= p_after::xid8), '[]'::json))
$$
;

-- p_said false takes it away. With an entry of the audit log in the same transaction, when something changes.
--
-- callers: dueline_writer
-- owner: dueline_append
create or replace function dueline.set_redaction_rule(
  p_tenant uuid, p_said boolean, p_patterns text[], p_keep_failed boolean, p_at bigint, p_by text, p_entry json
) returns void language plpgsql security definer {{stable plan}} as $$
declare
  v_changed integer;
begin
  if p_said or exists (select from dueline.redaction_rules r where r.tenant_id = p_tenant) then
    insert into dueline.redaction_rules as r (tenant_id, patterns, keep_failed, said, set_at, set_by)
      values (p_tenant, p_patterns, p_keep_failed, p_said, p_at, p_by)
      on conflict (tenant_id) do update set patterns = excluded.patterns, keep_failed = excluded.keep_failed, said = excluded.said,
          set_at = excluded.set_at, set_by = excluded.set_by, xact = pg_current_xact_id()
        where (r.patterns, r.keep_failed, r.said) is distinct from (excluded.patterns, excluded.keep_failed, excluded.said);
    get diagnostics v_changed = row_count;
    if v_changed > 0 then
      perform dueline.append_audit(json_build_array(p_entry));
    end if;
  end if;
end $$
;
