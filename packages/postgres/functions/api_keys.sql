-- API keys by their id, before a tenant is known, and when each was used.

-- Runs as dueline_append, since the tenant, by which policies go, is what is looked for. Null for one that is not there.
--
-- callers: dueline_edge, dueline_ingest
-- owner: dueline_append
create or replace function dueline.find_api_key(p_id uuid) returns json
    language plpgsql stable security definer {{stable plan}} as $$
    begin
      return (select r.row from dueline.api_key_rows r where r.id = p_id limit 1);
    end $$
;

-- Of one key the latest stays. In order of the keys, so that two processes that note the same ones do not wait for each other in a circle.
--
-- callers: dueline_writer, dueline_ingest
-- owner: dueline_append
create or replace function dueline.note_key_uses(p_tenants uuid[], p_ids uuid[], p_at float8[]) returns void
    language plpgsql security definer {{stable plan}} as $$
    begin
      insert into dueline.api_key_uses as k (tenant_id, id, used_at)
        select u.tenant_id, u.id, max(u.used_at)::bigint from unnest(p_tenants, p_ids, p_at) as u(tenant_id, id, used_at)
        where exists (select from dueline.api_key_rows r where r.tenant_id = u.tenant_id and r.id = u.id)
        group by u.tenant_id, u.id order by u.tenant_id, u.id
        on conflict (tenant_id, id) do update set used_at = excluded.used_at where k.used_at < excluded.used_at;
    end $$
;

-- callers: dueline_edge
create or replace function dueline.key_uses(p_tenant uuid, p_ids uuid[]) returns json language plpgsql {{stable plan}} as $$
begin
  perform set_config('app.current_tenant', p_tenant::text, true);
  return (
    select coalesce(json_agg(json_build_array(k.id, k.used_at)), '[]')
    from unnest(p_ids) i join dueline.api_key_uses k on k.tenant_id = p_tenant and k.id = i
  );
end $$
;
