-- Bulk jobs: which have something to do, and what becomes of their items.

-- Of each tenant one. Without contents.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.active_jobs(p_limit integer) returns table (tenant uuid, job uuid)
language plpgsql stable security definer {{stable plan}} as $$
begin
  return query
    select a.tenant_id, a.id from (
      select distinct on (r.tenant_id) r.tenant_id, r.id, r.created_at from dueline.bulk_job_rows r
        where r.status in ('Running', 'Aborting')
        order by r.tenant_id, r.status = 'Running', r.created_at, r.id
    ) a order by a.created_at, a.id limit p_limit;
end $$
;

-- A step's items are those of its first claim. One that another step of the job has is left out.
--
-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.claim_job_items(p_tenant uuid, p_job uuid, p_step integer, p_items json) returns json
language plpgsql security definer {{stable plan}} as $$
begin
  if not exists (select from dueline.bulk_job_items i where i.tenant_id = p_tenant and i.job_id = p_job and i.step = p_step) then
    insert into dueline.bulk_job_items (tenant_id, job_id, item_id, step, at, version)
      select p_tenant, p_job, c.id, p_step, c.at, c.version
        from json_to_recordset(p_items) as c(id uuid, at bigint, version integer)
      on conflict do nothing;
  end if;
  return (select coalesce(json_agg(json_build_object('id', i.item_id, 'at', i.at, 'version', i.version, 'step', i.step,
      'outcome', i.outcome, 'detail', i.detail) order by i.at desc, i.item_id desc), '[]')
    from dueline.bulk_job_items i where i.tenant_id = p_tenant and i.job_id = p_job and i.step = p_step);
end $$
;

-- callers: dueline_worker
-- owner: dueline_append
create or replace function dueline.settle_job_items(p_tenant uuid, p_job uuid, p_results json, p_at bigint) returns void
language plpgsql security definer {{stable plan}} as $$
begin
  update dueline.bulk_job_items i set outcome = r.outcome, detail = r.detail, settled_at = p_at
    from json_to_recordset(p_results) as r(id uuid, outcome text, detail text)
    where i.tenant_id = p_tenant and i.job_id = p_job and i.item_id = r.id and i.outcome is null;
end $$
;

-- In the order of steps. p_outcome 'pending': those without a result.
--
-- callers: dueline_edge
create or replace function dueline.list_job_items(p_tenant uuid, p_job uuid, p_outcome text, p_step integer, p_item uuid, p_limit integer)
returns json language plpgsql {{stable plan}} as $$
begin
  perform set_config('app.current_tenant', p_tenant::text, true);
  return (select coalesce(json_agg(json_build_object('id', f.item_id, 'at', f.at, 'version', f.version, 'step', f.step,
      'outcome', f.outcome, 'detail', f.detail) order by f.step, f.item_id), '[]')
    from (
      select i.item_id, i.at, i.version, i.step, i.outcome, i.detail from dueline.bulk_job_items i
        where i.tenant_id = p_tenant and i.job_id = p_job and (i.step, i.item_id) > (p_step, p_item)
          and (p_outcome is null or coalesce(i.outcome, 'pending') = p_outcome)
        order by i.step, i.item_id limit p_limit
    ) f);
end $$
;
